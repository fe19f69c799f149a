"""A GGUF file's entries, read with the type that each must have."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from firstbyte.engine.errors import CheckpointError


@dataclass(frozen=True, slots=True)
class Metadata:
    """Key -> value. Every method raises `CheckpointError` for an entry that is missing or of another type."""

    file_name: str
    entries: Mapping[str, Any]
    """Numbers, bools, strings, lists of strings, NumPy arrays of numbers."""

    def count(self, key: str, default: int | None = None) -> int:
        """A whole number above 0. One per layer is taken if all are equal."""
        value = self._get(key, default)
        if isinstance(value, np.ndarray) and len(value) and (value == value[0]).all():
            value = value[0].item()
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise self._objection(key, "a whole number above 0", value)
        return value

    def number(self, key: str, default: float | None = None) -> float:
        """A number above 0."""
        value = self._get(key, default)
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value < float("inf"):
            raise self._objection(key, "a number above 0", value)
        return float(value)

    def text(self, key: str, default: str | None = None) -> str:
        """A string."""
        value = self._get(key, default)
        if not isinstance(value, str):
            raise self._objection(key, "a string", value)
        return value

    def flag(self, key: str, default: bool) -> bool:
        """A bool."""
        value = self._get(key, default)
        if not isinstance(value, bool):
            raise self._objection(key, "true or false", value)
        return value

    def index(self, key: str, end: int) -> int | None:
        """A whole number from 0 to before `end`, or None where there is no entry."""
        value = self.entries.get(key)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < end):
            raise self._objection(key, f"a whole number from 0 to {end - 1}", value)
        return value

    def texts(self, key: str) -> list[str]:
        """A list of strings."""
        value = self._get(key, None)
        if not isinstance(value, list):
            raise self._objection(key, "a list of strings", value)
        return value

    def numbers(self, key: str, length: int) -> NDArray[Any]:
        """A list of that many finite numbers."""
        value = self._get(key, None)
        if not isinstance(value, np.ndarray) or len(value) != length or not np.isfinite(value).all():
            raise self._objection(key, f"a list of {length} numbers", value)
        return value

    def _get(self, key: str, default: Any) -> Any:
        value = self.entries.get(key, default)
        if value is None:
            raise CheckpointError(f"{self.file_name} has no {key}")
        return value

    def _objection(self, key: str, expected: str, value: Any) -> CheckpointError:
        found = f"a list of {len(value)}" if isinstance(value, list | np.ndarray) else repr(value)[:80]
        return CheckpointError(f"{self.file_name}: {key} must be {expected}, not {found}")
