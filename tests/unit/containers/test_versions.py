import pytest

from firstbyte.containers.errors import StartupFailed
from firstbyte.containers.versions import Version


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("2.0.2", (2, 0, 2)),
        ("v3", (3, 0, 0)),
        ("0.28.0-lmi10.0.0", (0, 28, 0)),
        ("2.1", (2, 1, 0)),
        (" 1.4.0 ", (1, 4, 0)),
    ],
)
def test_reads_versions_as_images_write_them(text: str, version: tuple[int, int, int]) -> None:
    assert Version.parse(text) == version


def test_versions_are_ordered_as_numbers() -> None:
    assert Version.parse("0.9.0") < Version.parse("0.28.0") < Version.parse("2.0.2") < Version(2, 1)
    assert str(Version(2, 1)) == "2.1.0"


@pytest.mark.parametrize("text", ["", "latest", ".1", "v"])
def test_refuses_what_is_no_version(text: str) -> None:
    with pytest.raises(StartupFailed, match="not a version"):
        Version.parse(text)
