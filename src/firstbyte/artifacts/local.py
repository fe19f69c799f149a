"""Models in local folders, and the one that is shipped with the package."""

from pathlib import Path

from firstbyte.artifacts.errors import ModelNotFound

DEMO_MODEL_DIR = Path(__file__).parent.parent / "demo_model"
CONFIG_FILE = "config.json"
GGUF_PATTERN = "*.gguf"
"""A model in one file, configuration included."""
WEIGHT_PATTERNS = ("*.safetensors", "*.bin")


def has_model(folder: Path) -> bool:
    """True when `folder` holds a configuration and weights, be it in one file."""
    if next(folder.glob(GGUF_PATTERN), None) is not None:
        return True
    has_config = (folder / CONFIG_FILE).is_file()
    return has_config and any(next(folder.glob(pattern), None) for pattern in WEIGHT_PATTERNS)


def find_demo_model() -> Path:
    """The folder of the shipped demo model.

    Raises:
        ModelNotFound: this installation has none.
    """
    if not (DEMO_MODEL_DIR / CONFIG_FILE).is_file():
        raise ModelNotFound("the demo model is not part of this installation")
    return DEMO_MODEL_DIR


def find_local_model(text: str) -> Path:
    """The folder, or the GGUF file, at a path, `~` included.

    Raises:
        ModelNotFound: there is neither.
    """
    path = Path(text).expanduser()
    if not path.is_dir() and not (path.is_file() and path.match(GGUF_PATTERN)):
        raise ModelNotFound(f"no folder and no GGUF file at {text}")
    return path
