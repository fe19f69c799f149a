"""Which backend is made."""

import sys
import types
from pathlib import Path

import pytest

from fakes.backend import FakeBackend
from fakes.checkpoints import write_checkpoint
from firstbyte.engine.backends.backend import Backend
from firstbyte.engine.backends.factory import create_backend
from firstbyte.engine.backends.reference import ReferenceBackend
from firstbyte.engine.checkpoint import Checkpoint
from firstbyte.engine.errors import OptionsError
from firstbyte.engine.options import EngineOptions

NATIVE = "firstbyte.engine.backends.native"


class NativeBackend(FakeBackend):
    @classmethod
    def load(cls, checkpoint: Checkpoint, options: EngineOptions) -> Backend:
        return cls(checkpoint.config.vocab_size)


@pytest.fixture
def checkpoint(tmp_path: Path) -> Checkpoint:
    return Checkpoint.open(write_checkpoint(tmp_path))


@pytest.fixture
def without_native(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, NATIVE, None)  # importing it fails


@pytest.fixture
def with_native(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType(NATIVE)
    module.NativeBackend = NativeBackend  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, NATIVE, module)


@pytest.mark.usefixtures("without_native")
def test_auto_takes_the_reference_where_nothing_is_built(checkpoint: Checkpoint) -> None:
    assert isinstance(create_backend(checkpoint, EngineOptions()), ReferenceBackend)


@pytest.mark.usefixtures("with_native")
def test_auto_takes_the_native_one_where_it_is_built(checkpoint: Checkpoint) -> None:
    assert isinstance(create_backend(checkpoint, EngineOptions()), NativeBackend)


@pytest.mark.usefixtures("with_native")
def test_the_reference_can_be_asked_for(checkpoint: Checkpoint) -> None:
    assert isinstance(create_backend(checkpoint, EngineOptions(backend="reference")), ReferenceBackend)


@pytest.mark.usefixtures("without_native")
def test_asking_for_what_is_not_built_is_an_error(checkpoint: Checkpoint) -> None:
    with pytest.raises(OptionsError, match="not built here"):
        create_backend(checkpoint, EngineOptions(backend="native"))
