"""Golden transcripts: `python -m tests.conformance.transcripts` writes them anew, and the diff is read against facts.

One file for each version: each case is a line with its name, the request, the status and headers that mean something,
and one JSON string for each HTTP chunk.
"""

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path

from conformance.cases import CASES, VERSIONS, Case
from fakes.containers import get, lmi, play, post, tgi
from firstbyte.containers.dialect import Dialect

HERE = Path(__file__).parent
HEADERS = ("content-type", "cache-control", "x-accel-buffering", "x-compute-characters", "x-generated-tokens")
MAKERS: dict[str, Callable[[str], Dialect]] = {"tgi": tgi, "lmi": lmi}


async def transcribe(dialect: str, version: str, case: Case) -> str:
    request = get(case.path) if case.body is None else post(case.path, case.body, content_type=case.media_type)
    answer = await play(MAKERS[dialect](version), request, case.engine())
    lines = [f"## {case.name}", f"> {request.method} {request.path} {request.body.decode()}", f"< {answer.status}"]
    lines += [f"< {name}: {answer.headers[name]}" for name in HEADERS if name in answer.headers]
    lines += [json.dumps(steady(chunk.decode()), ensure_ascii=False) for chunk in answer.chunks]
    return "\n".join(lines) + "\n"


def steady(text: str) -> str:
    """Without what differs between two runs: the time, and the version of this package."""
    text = re.sub(r'("created": ?)\d+', r"\g<1>0", text)
    return re.sub(r"firstbyte-[\w.+-]+", "firstbyte-0", text)


def path_of(dialect: str, version: str) -> Path:
    return HERE / dialect / f"{version}.txt"


async def main() -> None:
    for dialect, versions in VERSIONS.items():
        for version in versions:
            parts = [await transcribe(dialect, version, case) for case in CASES[dialect]]
            path_of(dialect, version).write_text("\n".join(parts), encoding="utf-8")


if __name__ == "__main__":
    asyncio.run(main())
