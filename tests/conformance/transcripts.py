"""Golden transcripts: `python -m tests.conformance.transcripts` writes them anew, and the diff is read against facts.

One file for each version: each case is a line with its name, what the container is configured with, the request, the
status and headers that mean something, and one JSON string for each HTTP chunk. That no error is missing is tested by
`test_errors`.
"""

import asyncio
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from conformance.cases import CASES, VERSIONS, Case
from fakes.containers import get, lmi, play_on, post, tgi
from firstbyte.containers.dialect import Dialect
from firstbyte.containers.lmi.dialect import LmiDialect
from firstbyte.containers.server import ContainerServer

HERE = Path(__file__).parent
HEADERS = ("content-type", "cache-control", "x-accel-buffering", "x-compute-characters", "x-generated-tokens")
MAKERS: dict[str, Callable[..., Dialect]] = {"tgi": tgi, "lmi": lmi}
TIMEOUT_S = 0.01
"""How long the containers wait for a first token that never comes."""


async def transcribe(dialect: str, version: str, case: Case) -> str:
    request = get(case.path) if case.body is None else post(case.path, case.body, content_type=case.media_type)
    server = ContainerServer(_impatient(MAKERS[dialect](version, **case.variables)), case.engine())
    if case.is_after_failure:
        await play_on(server, post("/invocations", {"inputs": "Who?"}))
    answer = await play_on(server, request)
    lines = [f"## {case.name}", *(f"$ {name}={value}" for name, value in case.variables.items())]
    lines += [f"> {request.method} {request.path} {request.body.decode()}", f"< {answer.status}"]
    lines += [f"< {name}: {answer.headers[name]}" for name in HEADERS if name in answer.headers]
    lines += [json.dumps(steady(chunk.decode()), ensure_ascii=False) for chunk in answer.chunks]
    return "\n".join(lines) + "\n"


def _impatient(dialect: Dialect) -> Dialect:
    if isinstance(dialect, LmiDialect):
        return replace(dialect, options=replace(dialect.options, predict_timeout_s=TIMEOUT_S))
    return dialect


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
