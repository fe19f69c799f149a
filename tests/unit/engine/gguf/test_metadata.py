"""Entries have the type they must have, or the sentence names key and value."""

from typing import Any

import numpy as np
import pytest

from firstbyte.engine.errors import CheckpointError
from firstbyte.engine.gguf.metadata import Metadata

METADATA = Metadata(
    "m.gguf", {"n": 3, "x": 0.5, "s": "a", "b": True, "zero": 0, "l": ["a"], "a": np.array([2, 2]), "nan": float("nan")}
)


def test_values_of_the_right_type() -> None:
    assert (METADATA.count("n"), METADATA.count("a"), METADATA.count("none", 5)) == (3, 2, 5)
    assert (METADATA.number("x"), METADATA.number("n"), METADATA.number("none", 1.0)) == (0.5, 3.0, 1.0)
    assert (METADATA.text("s"), METADATA.flag("b", False), METADATA.flag("none", True)) == ("a", True, True)
    assert (METADATA.index("zero", 3), METADATA.index("none", 3)) == (0, None)
    assert METADATA.texts("l") == ["a"]
    assert METADATA.numbers("a", 2).tolist() == [2, 2]


@pytest.mark.parametrize(
    ("method", "arguments", "words"),
    [
        ("count", ("b",), "m.gguf: b must be a whole number above 0, not True"),
        ("count", ("zero",), "zero must be a whole number above 0, not 0"),
        ("count", ("none",), "m.gguf has no none"),
        ("number", ("nan",), "nan must be a number above 0, not nan"),
        ("text", ("n",), "n must be a string, not 3"),
        ("flag", ("n", True), "n must be true or false, not 3"),
        ("index", ("n", 3), "n must be a whole number from 0 to 2, not 3"),
        ("texts", ("a",), "a must be a list of strings, not a list of 2"),
        ("numbers", ("a", 3), "a must be a list of 3 numbers, not a list of 2"),
    ],
)
def test_others(method: str, arguments: tuple[Any, ...], words: str) -> None:
    with pytest.raises(CheckpointError, match=words):
        getattr(METADATA, method)(*arguments)
