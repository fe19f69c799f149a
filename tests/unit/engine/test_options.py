"""Options are checked when they are made."""

import pytest

from firstbyte.engine.errors import OptionsError
from firstbyte.engine.options import EngineOptions


def test_defaults_are_valid() -> None:
    assert EngineOptions().backend == "auto"


@pytest.mark.parametrize("name", ["max_batch_size", "block_len", "num_blocks", "max_queue", "num_threads"])
@pytest.mark.parametrize("value", [0, -1])
def test_numbers_are_at_least_one(name: str, value: int) -> None:
    with pytest.raises(OptionsError, match=f"{name} must be at least 1, not {value}"):
        EngineOptions(**{name: value})  # type: ignore[arg-type]


def test_an_unknown_backend_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(OptionsError, match=r"'natve'.*did you mean 'native'"):
        EngineOptions(backend="natve")  # type: ignore[arg-type]
