"""LMI's secure mode: what SAGEMAKER_SECURITY_CONTROLS disallows in a model is a failed start (plugins/secure-mode)."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from firstbyte.containers.errors import StartupFailed
from firstbyte.containers.lmi.handlers.entry_point import DEFAULT_FILE, REQUIREMENTS_FILE

PICKLES = (".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".mar")
TEMPLATE_FILES = ("chat_template.jinja", "chat_template.json")


def check_security(environment: Mapping[str, str], folders: tuple[Path, ...], properties: Mapping[str, str]) -> None:
    """Raise StartupFailed for a model that holds what the controls disallow; `properties` come without `option.`.

    Nothing is checked unless SAGEMAKER_SECURE_MODE is true.
    """
    if environment.get("SAGEMAKER_SECURE_MODE", "").lower() != "true":
        return
    names = [name.strip() for name in environment.get("SAGEMAKER_SECURITY_CONTROLS", "").split(",")]
    for name in filter(None, names):
        if name not in CONTROLS:
            raise StartupFailed(f"SAGEMAKER_SECURITY_CONTROLS: {name} is none of {', '.join(CONTROLS)}")
        for folder in folders:
            if found := CONTROLS[name](folder, properties):
                raise StartupFailed(f"{name}: {found} is not allowed in secure mode")


def _scripts(folder: Path, properties: Mapping[str, str]) -> str | None:
    entry_point = properties.get("entryPoint", "")
    if entry_point and not entry_point.startswith("djl_python."):
        return f"option.entryPoint={entry_point}"
    return DEFAULT_FILE if (folder / DEFAULT_FILE).is_file() else None


def _remote_code(folder: Path, properties: Mapping[str, str]) -> str | None:
    del folder
    value = properties.get("trust_remote_code", "false")
    return f"option.trust_remote_code={value}" if value.lower() == "true" else None


def _pickles(folder: Path, properties: Mapping[str, str]) -> str | None:
    del properties
    files = sorted(path for path in folder.rglob("*") if path.suffix in PICKLES) if folder.is_dir() else []
    return files[0].relative_to(folder).as_posix() if files else None


def _chat_template(folder: Path, properties: Mapping[str, str]) -> str | None:
    del properties
    for name in TEMPLATE_FILES:
        if (folder / name).is_file():
            return name
    try:
        config = json.loads((folder / "tokenizer_config.json").read_bytes())
    except (OSError, ValueError):
        return None
    has_template = isinstance(config, dict) and config.get("chat_template")
    return "the chat_template of tokenizer_config.json" if has_template else None


def _requirements(folder: Path, properties: Mapping[str, str]) -> str | None:
    del properties
    return REQUIREMENTS_FILE if (folder / REQUIREMENTS_FILE).is_file() else None


CONTROLS: Mapping[str, Callable[[Path, Mapping[str, str]], str | None]] = {
    "DISALLOW_CUSTOM_INFERENCE_SCRIPTS": _scripts,
    "DISALLOW_TRUST_REMOTE_CODE": _remote_code,
    "DISALLOW_PICKLE_FILES": _pickles,
    "DISALLOW_CHAT_TEMPLATE": _chat_template,
    "DISALLOW_REQUIREMENTS_TXT": _requirements,
}
"""Control -> what names the thing in a model's folder, or its options, that it disallows."""
