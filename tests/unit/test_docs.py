"""The documents say what is: links lead somewhere, recipes and commands exist, programs compile, names are real.

The programs and commands themselves are run against a live host in tests/scenarios/test_documents.py.
"""

import doctest
import importlib
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from documents import DOCUMENTS, ROOT, blocks
from firstbyte.cli.main import COMMANDS, load_command
from firstbyte.telemetry.minutes import KEPT_MINUTES, MAX_STATISTICS, UNITS

MAKEFILE = (ROOT / "Makefile").read_text()
COMMAND_LINES = [
    (document.name, line)
    for document in DOCUMENTS
    for block in blocks(document, "sh")
    for line in block.splitlines()
    if line.strip()
]


def ids(value: Any) -> str | None:
    return value.name if isinstance(value, Path) else None


def check_firstbyte(words: list[str]) -> None:
    """Parse a `firstbyte` command line without running it; raises what typer raises for a mistake."""
    assert words[0] in COMMANDS
    load_command(words[0]).make_context(words[0], words[1:])


@pytest.mark.parametrize(("document", "line"), COMMAND_LINES)
def test_every_line_for_a_shell_is_one_that_can_be_typed(document: str, line: str) -> None:
    evaluated = re.fullmatch(r'eval "\$\((?P<inner>.+)\)"', line)
    program, *words = shlex.split(evaluated["inner"] if evaluated else line)
    match program:
        case "make":
            for target in words:
                assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), f"make {target} is no recipe"
        case "firstbyte" | ".venv/bin/firstbyte":
            check_firstbyte(words)
        case _:
            pytest.fail(f"{document} has a line that nothing checks: {line}")


@pytest.mark.parametrize("document", DOCUMENTS, ids=ids)
def test_every_recipe_that_is_mentioned_exists(document: Path) -> None:
    for target in re.findall(r"`make ([a-z-]+)`", document.read_text()):
        assert re.search(rf"^{target}:", MAKEFILE, re.MULTILINE), f"make {target} is no recipe"


@pytest.mark.parametrize("document", DOCUMENTS, ids=ids)
def test_every_command_that_is_mentioned_exists(document: Path) -> None:
    for mention in re.findall(r"`firstbyte ([a-z]+)[^`]*`", document.read_text()):
        assert mention in COMMANDS


def test_every_option_that_is_mentioned_beside_a_command_exists() -> None:
    table = (ROOT / "README.md").read_text()
    for name, rest in re.findall(r"^\| `firstbyte ([a-z]+)[^`]*` \|(.*)\|$", table, re.MULTILINE):
        known = {
            option for parameter in load_command(name).params for option in (*parameter.opts, *parameter.secondary_opts)
        }
        for option in re.findall(r"`(--[a-z-]+)", rest):
            assert option in known, f"firstbyte {name} has no {option}"


def test_every_command_is_in_the_readme() -> None:
    table = re.findall(r"^\| `firstbyte ([a-z]+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert sorted(table) == sorted(COMMANDS)


@pytest.mark.parametrize("document", DOCUMENTS, ids=ids)
def test_every_link_within_the_repository_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?://)([^)#]+)", document.read_text()):
        assert (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=ids)
def test_every_program_compiles(document: Path) -> None:
    for program in blocks(document, "python"):
        compile(program, document.name, "exec")


def test_the_architecture_names_the_rooms_that_exist() -> None:
    described = set(
        re.findall(r"^\| `(\w+)`(?:, `(\w+)`)? \|", (ROOT / "docs/architecture.md").read_text(), re.MULTILINE)
    )
    named = {name for pair in described for name in pair if name}
    package = ROOT / "src/firstbyte"
    there = {path.stem for path in package.iterdir() if path.suffix in ("", ".py") and not path.stem.startswith("__")}
    assert there - {"demo_model", "py"} <= named


@pytest.mark.parametrize("module", ["line_iterator", "prompts"])
def test_examples_in_docstrings_hold(module: str) -> None:
    result = doctest.testmod(importlib.import_module(f"firstbyte.client.{module}"))
    assert result.attempted > 0
    assert result.failed == 0


def test_a_wrong_option_in_a_document_would_be_found() -> None:
    with pytest.raises(Exception, match="No such option") as caught:
        check_firstbyte(["deploy", "demo", "--nmae", "chat"])
    assert not isinstance(caught.value, typer.Exit)


def test_every_metric_is_in_its_page() -> None:
    page = (ROOT / "docs" / "metrics.md").read_text(encoding="utf-8")
    assert [name for name in UNITS if f"`{name}`" not in page] == []
    assert f"{KEPT_MINUTES // (24 * 60)} days" in page
    assert f"{MAX_STATISTICS:,}".replace(",", " ") in page
