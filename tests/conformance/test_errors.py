"""The transcripts know every error: whatever status and type a dialect's code has words for occurs in one of them.

Errors are found in the code itself, not in a list: each call or tuple in the dialect's package that begins with a
status from 400 on, with the type or text that follows it. One that is added without a case fails here. Not looked for:
what a model's own code answers, whose words are its own. What is said before a model is loaded, and to clients that
poll, has the same types.
"""

import ast
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import firstbyte.containers
from conformance.cases import VERSIONS
from conformance.transcripts import path_of

PACKAGE = Path(firstbyte.containers.__file__).parent


def worded(dialect: str) -> Iterator[tuple[int, str]]:
    """Each status from 400 on that stands in the dialect's code, and the text beside it, if it is there."""
    for path in (PACKAGE / dialect).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            items = node.args if isinstance(node, ast.Call) else node.elts if isinstance(node, ast.Tuple) else []
            values = [item.value if isinstance(item, ast.Constant) else None for item in [*items, None, None]][:2]
            if isinstance(values[0], int) and 400 <= values[0] < 600:
                yield values[0], values[1] if isinstance(values[1], str) else ""


def said(dialect: str) -> Iterator[tuple[int, str]]:
    """Status and body of every answer of every version."""
    for version in VERSIONS[dialect]:
        for part in path_of(dialect, version).read_text(encoding="utf-8").split("## ")[1:]:
            lines = part.splitlines()
            status = next(int(line[2:]) for line in lines if line.startswith("< "))
            yield status, "".join(json.loads(line) for line in lines if line.startswith('"'))


@pytest.mark.parametrize("dialect", list(VERSIONS))
def test_every_error_that_is_worded_occurs(dialect: str) -> None:
    answers = list(said(dialect))
    errors = set(worded(dialect))
    assert len(errors) > 7, "the code is read"
    missing = {
        error for error in errors if not any(error[0] == status and error[1] in body for status, body in answers)
    }
    assert not missing


@pytest.mark.parametrize(
    ("dialect", "status"), [*(("tgi", code) for code in (424, 429, 503)), *(("lmi", code) for code in (400, 424, 503))]
)
def test_statuses_of_the_contract_occur(dialect: str, status: int) -> None:
    assert status in {code for code, _ in said(dialect)}


def test_every_error_type_of_tgi_occurs_in_a_stream_too() -> None:
    """Where the status is 200 by then; health is no stream."""
    streamed = "".join(body for status, body in said("tgi") if status == 200)
    for error_type in ("validation", "generation", "overloaded"):
        assert f'"error_type":"{error_type}"' in streamed
