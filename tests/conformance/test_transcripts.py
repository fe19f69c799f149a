"""Every version says what its transcript says, byte for byte."""

import json

import pytest

from conformance.cases import CASES, VERSIONS, Case
from conformance.transcripts import path_of, transcribe

ALL = [
    pytest.param(dialect, version, case, id=f"{dialect} {version}: {case.name}")
    for dialect, versions in VERSIONS.items()
    for version in versions
    for case in CASES[dialect]
]


def kept(dialect: str, version: str) -> dict[str, str]:
    text = path_of(dialect, version).read_text(encoding="utf-8")
    return {part.partition("\n")[0]: part.rstrip("\n") + "\n" for part in text.split("## ")[1:]}


@pytest.mark.parametrize(("dialect", "version", "case"), ALL)
async def test_transcript(dialect: str, version: str, case: Case) -> None:
    said = await transcribe(dialect, version, case)
    assert said.removeprefix("## ") == kept(dialect, version)[case.name]


@pytest.mark.parametrize(("dialect", "version"), [(d, v) for d, versions in VERSIONS.items() for v in versions])
def test_no_chunk_holds_two_events_or_a_part_of_one(dialect: str, version: str) -> None:
    """What clients of one PayloadPart rely on."""
    for part in kept(dialect, version).values():
        chunks = [json.loads(line) for line in part.splitlines() if line.startswith('"')]
        for chunk in chunks:
            if "text/event-stream" in part:
                assert chunk.startswith("data:")
                assert chunk.endswith("\n\n")
                assert chunk.count("\n\n") == 1
            elif "application/jsonlines" in part:
                assert chunk.endswith("\n")
                assert chunk.count("\n") == 1
