"""docs/tgi.md says what the code does: nothing is missing there, and nothing is there that does not exist."""

import re

from documents import ROOT
from fakes.containers import get, play, tgi
from firstbyte.containers.tgi import changes
from firstbyte.containers.tgi.requests import PARAMETER_FIELDS
from firstbyte.containers.versions import Version

PAGE = (ROOT / "docs" / "tgi.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def first_column(title: str) -> set[str]:
    rows = [line.split(" | ")[0] for line in section(title).splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def test_every_parameter_is_in_the_table() -> None:
    assert first_column("Parameters") == set(PARAMETER_FIELDS)


async def test_every_route_is_in_the_table() -> None:
    paths = (await play(tgi("3.3.6"), get("/api-doc/openapi.json"))).json["paths"]
    routes = {f"{method.upper()} {path}" for path, methods in paths.items() for method in methods}
    assert first_column("Routes") == routes | {"GET /docs", "GET /api-doc/openapi.json"}


def test_every_version_of_the_table_is_that_of_the_code() -> None:
    assert changes.__doc__ is not None
    rows = re.findall(r"^\| ([\d.]+) \| `(\w+)` \|", changes.__doc__, re.MULTILINE)
    known = {name: value for name, value in vars(changes).items() if isinstance(value, Version)}
    assert {name: Version.parse(version) for version, name in rows} == known
    table = "\n".join(line for line in changes.__doc__.splitlines() if line.startswith("|"))
    assert table in section("Versions")


async def test_every_metric_left_out_is_named() -> None:
    text = (await play(tgi("3.3.6"), get("/metrics"))).body.decode()
    for name in ("forward_duration", "decode_duration", "filter_duration", "concat_duration"):
        assert f"tgi_batch_{name}" not in text
