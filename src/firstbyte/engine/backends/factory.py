"""Chooses the backend: the only file of the engine that names them all."""

import importlib
import logging
from typing import Any

from firstbyte.engine.backends.backend import Backend
from firstbyte.engine.backends.reference import ReferenceBackend
from firstbyte.engine.checkpoint import Checkpoint
from firstbyte.engine.errors import OptionsError
from firstbyte.engine.options import EngineOptions

_log = logging.getLogger(__name__)
_NATIVE = "firstbyte.engine.backends.native"


def create_backend(checkpoint: Checkpoint, options: EngineOptions) -> Backend:
    """Load `checkpoint` into the backend that the options name; `auto` prefers the native one where it is built.

    Raises `CheckpointError`, and `OptionsError` if the named backend is not there.
    """
    native = _import_native() if options.backend in ("auto", "native") else None
    if native is not None:
        backend: Backend = native.NativeBackend.load(checkpoint, options)
        return backend
    if options.backend == "native":
        raise OptionsError("the native backend is not built here: choose backend `auto` or `reference`")
    if options.quantize:
        _log.warning("quantize=%s is for the native backend; the reference computes in float32", options.quantize)
    return ReferenceBackend.load(checkpoint)


def _import_native() -> Any:
    """The optional module with class `NativeBackend`, or None where its extension cannot be imported."""
    try:
        return importlib.import_module(_NATIVE)
    except ImportError as error:
        _log.info("no native backend: %s", error)
        return None
