"""Versions of a dialect: TGI 2.0.2, LMI 0.28.0. Their behaviour changes by release, so renderers compare them."""

from typing import NamedTuple, Self

from firstbyte.containers.errors import StartupFailed


class Version(NamedTuple):
    """A release, ordered; missing parts are 0."""

    major: int
    minor: int = 0
    patch: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `2.0.2`, `v2.0` or `0.28.0-lmi10.0.0` (what follows the numbers is ignored).

        Raises:
            StartupFailed: the text does not begin with a number.
        """
        numbers = text.strip().removeprefix("v").replace("-", ".").replace("+", ".").split(".")[:3]
        parts = [int(number) for number in numbers if number.isascii() and number.isdigit()]
        if not parts or not numbers[0].isdigit():
            raise StartupFailed(f"not a version: {text!r}")
        return cls(*parts)

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"
