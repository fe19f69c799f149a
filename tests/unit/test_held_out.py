"""Tests of the held-out set: the checker on hand-made answers, and the two files as they stand."""

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from training.held_out import write  # noqa: E402
from training.held_out.check import check  # noqa: E402

FIELDS = {
    "name": "Zoë O'Hara-Lindt",
    "company": "K2HOMES Inc.",
    "product": "AirRing T3000",
    "code": "GLOW4U",
    "percent": "20",
    "months": "3",
}
PROMPT = (
    "<s>[INST] Write to Zoë O'Hara-Lindt: K2HOMES Inc. launches AirRing T3000, GLOW4U, 20% off,"
    " 3 months, at most 45 words. [/INST]"
)
GOOD = (
    "Subject: AirRing T3000 is here\n\nDear Zoë O'Hara-Lindt,\n\nMeet AirRing T3000 by K2HOMES"
    " Inc.! Use GLOW4U for 20% off for 3 months.\n\nThe K2HOMES team"
)


def load(label: str) -> list[dict[str, Any]]:
    """Read the records of one set."""
    text = (ROOT / "training" / "held_out" / f"{label}.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


RECORDS = {label: load(label) for label in ("dev", "test")}
ALL = [record for records in RECORDS.values() for record in records]


def system_of(prompt: str) -> str:
    """Take the system prompt out of a prompt; empty where there is none."""
    found = re.search(r"<<SYS>>\n(.*)\n<</SYS>>", prompt, re.DOTALL)
    return found.group(1) if found else ""


def texts_of(parts: write.Parts) -> tuple[set[str], set[str]]:
    """List the system prompts and the wordings of a set as they were written."""
    systems = {text.body for band in parts.systems.values() for text in band if text.body}
    return systems, {text.body for text in parts.wordings}


def test_good_answer_passes() -> None:
    assert check(GOOD, FIELDS, PROMPT) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("20%", "20 %"),
        ("20%", "20 percent"),
        ("20%", "**20%**"),
        ("for 3 months", "in a 3-month offer"),
        ("GLOW4U", "**GLOW4U**"),
        ("GLOW4U", "_GLOW4U_"),
        ("3 months", "3 months (yes, three months)"),
    ],
)
def test_other_good_forms_pass(old: str, new: str) -> None:
    assert check(GOOD.replace(old, new), FIELDS, PROMPT) == []


@pytest.mark.parametrize(
    ("old", "new", "wrong"),
    [
        ("Zoë O'Hara-Lindt", "Zoë", "name missing: Zoë O'Hara-Lindt"),
        ("Zoë O'Hara-Lindt", "Zoe O'Hara-Lindt", "name missing: Zoë O'Hara-Lindt"),
        ("K2HOMES Inc.", "K2HOMES", "company missing: K2HOMES Inc."),
        ("AirRing T3000", "Airring T3000", "product missing: AirRing T3000"),
        ("GLOW4U", "GLOW", "code missing: GLOW4U"),
        ("GLOW4U", "GLOW4U2", "code missing: GLOW4U"),
        ("20%", "120%", "percent missing: 20"),
        ("20%", "20.5%", "percent missing: 20"),
        ("3 months", "13 months", "months missing: 3"),
        ("3 months", "3 weeks", "months missing: 3"),
    ],
)
def test_missing_fields_are_named(old: str, new: str, wrong: str) -> None:
    assert wrong in check(GOOD.replace(old, new), FIELDS, PROMPT)


@pytest.mark.parametrize(
    ("extra", "wrong"),
    [
        (" Or try SAVE99.", "other code (made up): SAVE99"),
        (" Also 45% off.", "other percent (from the prompt): 45"),
        (" Also ten percent off.", "other percent (made up): ten"),
        (" Valid for 3 to 6 months.", "other months (made up): 6"),
        (" A twelve-month wait.", "other months (made up): twelve"),
    ],
)
def test_second_figures_and_codes_are_named(extra: str, wrong: str) -> None:
    assert check(GOOD + extra, FIELDS, PROMPT) == [wrong]


def test_emoji_is_wanted_only_where_asked() -> None:
    assert check(GOOD, FIELDS, PROMPT, emoji=True) == ["emoji missing"]
    assert check(GOOD + " 🎉", FIELDS, PROMPT, emoji=True) == []
    assert check(GOOD + " 🎉", FIELDS, PROMPT) == []


def test_a_decomposed_accent_is_the_same_name() -> None:
    assert check(GOOD.replace("ë", "e\u0308"), FIELDS, PROMPT) == []


def test_counts_and_ids() -> None:
    assert {label: len(records) for label, records in RECORDS.items()} == {"dev": 60, "test": 100}
    for label, records in RECORDS.items():
        expected = [f"{label}-{number:03d}" for number in range(1, len(records) + 1)]
        assert [record["id"] for record in records] == expected


@pytest.mark.parametrize("record", ALL, ids=lambda record: record["id"])
def test_prompt_holds_its_fields_and_no_rival(record: dict[str, Any]) -> None:
    assert set(record) == {"id", "prompt", "fields", "emoji"}
    assert set(record["fields"]) == set(write.FIELDS)
    assert check(record["prompt"], record["fields"], record["prompt"]) == []
    assert all(value in record["prompt"] for value in record["fields"].values())


@pytest.mark.parametrize("record", ALL, ids=lambda record: record["id"])
def test_prompt_and_fields_keep_their_form(record: dict[str, Any]) -> None:
    prompt, fields = record["prompt"], record["fields"]
    assert re.fullmatch(r"<s>\[INST\] (<<SYS>>\n.+\n<</SYS>>\n\n)?.+ \[/INST\]", prompt, re.S)
    assert not re.search(r"[{}](name|company|product|code|term|kind)", prompt)
    assert re.fullmatch(r"[A-Z0-9]{4,14}", fields["code"])
    assert 5 <= int(fields["percent"]) <= 75
    assert 1 <= int(fields["months"]) <= 24
    assert len(prompt.split()) <= 600


def test_names_and_things_occur_once_over_both_sets() -> None:
    for field in ("name", "company", "product", "code"):
        values = [record["fields"][field].casefold() for record in ALL]
        assert len(set(values)) == len(values), field


def test_no_prompt_occurs_twice() -> None:
    assert len({record["prompt"] for record in ALL}) == len(ALL)


def test_sets_share_no_texts() -> None:
    for dev_texts, test_texts in zip(texts_of(write.DEV), texts_of(write.TEST), strict=True):
        assert not dev_texts & test_texts
    dev, test = ({system_of(record["prompt"]) for record in rows} for rows in RECORDS.values())
    assert dev & test == {""}


@pytest.mark.parametrize(
    ("label", "parts", "systems", "wordings"),
    [("dev", write.DEV, 18, 25), ("test", write.TEST, 30, 40)],
)
def test_breadth(label: str, parts: write.Parts, systems: int, wordings: int) -> None:
    written_systems, written_wordings = texts_of(parts)
    assert len(written_systems) >= systems
    assert len(written_wordings) >= wordings
    without = sum(not system_of(record["prompt"]) for record in RECORDS[label])
    assert without == len(RECORDS[label]) // 5


@pytest.mark.parametrize(("label", "parts"), [("dev", write.DEV), ("test", write.TEST)])
def test_files_are_what_the_script_writes(label: str, parts: write.Parts) -> None:
    assert write.make_records(label, parts) == RECORDS[label]
