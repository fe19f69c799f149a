"""Which file of a model's own code is to be run, if any: `option.entryPoint`, `model.py`, or LMI's own handlers."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from firstbyte.containers.errors import StartupFailed

DEFAULT_FILE = "model.py"
REQUIREMENTS_FILE = "requirements.txt"
BUILT_IN = frozenset(
    (
        "djl_python.huggingface", "djl_python.deepspeed", "djl_python.fastertransformer", "djl_python.tensorrt_llm",
        "djl_python.transformers_neuronx", "djl_python.lmi_vllm.vllm_async_service",
        "djl_python.lmi_trtllm.trtllm_async_service",
    )
)  # fmt: skip
"""LMI's handlers for text generation; the engine stands for all of them."""


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """A file to run and the names in it."""

    file: Path
    handler: str = "handle"
    output_formatter: str | None = None
    """A function that `option.output_formatter` names; the mark `@output_formatter` needs no name."""

    @property
    def label(self) -> str:
        """How messages call it."""
        return f"{self.file.parent.name}/{self.file.name}"

    @property
    def notes(self) -> tuple[str, ...]:
        """What to tell in the log before it is run."""
        requirements = self.file.parent / REQUIREMENTS_FILE
        if not requirements.is_file():
            return ()
        names = [line.strip() for line in requirements.read_text(errors="replace").splitlines()]
        wanted = ", ".join(name for name in names if name and not name.startswith("#"))
        return (f"{REQUIREMENTS_FILE} is not installed; {self.label} runs with what this host's Python has: {wanted}",)


def find_entry_point(folder: Path, properties: Mapping[str, str], output_formatter: str | None) -> EntryPoint | None:
    """The code that is to be run in the model's folder; None where there is none. Properties come without `option.`.

    Code named `model.py` is looked at even where the entry point is one of LMI's, since it may hold formatters.
    Raises:
        StartupFailed: the entry point is not there, or is one of LMI's that is not served.
    """
    name = properties.get("entryPoint", DEFAULT_FILE)
    handler = properties.get("handler", "handle")
    if name.startswith("djl_python."):
        if name not in BUILT_IN:
            names = ", ".join(sorted(BUILT_IN))
            raise StartupFailed(f"option.entryPoint={name} is not served here: choose a file, or one of {names}")
        name = DEFAULT_FILE
    file = folder / (name if name.endswith(".py") else f"{name.replace('.', '/')}.py")
    if file.is_file():
        return EntryPoint(file.resolve(), handler, output_formatter)
    if name != DEFAULT_FILE:
        raise StartupFailed(f"entry-point file not found {file}.")
    return None
