"""Models in local folders, and the one that is shipped with the package."""

from pathlib import Path

from firstbyte.artifacts.errors import ModelNotFound

DEMO_MODEL_DIR = Path(__file__).parent.parent / "demo_model"
CONFIG_FILE = "config.json"
WEIGHT_PATTERNS = ("*.safetensors", "*.gguf", "*.bin")


def has_model(folder: Path) -> bool:
    """True when `folder` holds a configuration and weights."""
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
    """The folder at a path, `~` included.

    Raises:
        ModelNotFound: there is no folder.
    """
    folder = Path(text).expanduser()
    if not folder.is_dir():
        raise ModelNotFound(f"no folder at {text}")
    return folder
