"""The prompts written by hand: every reading of a template says what its list promises, and no more."""

import sys
from pathlib import Path
from random import Random

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from training import scenes  # noqa: E402
from training.expand import FIELD, expand  # noqa: E402
from training.fields import FIELD_NAMES  # noqa: E402
from training.filler import LISTS  # noqa: E402

ALL = frozenset(FIELD_NAMES)
FILLERS = {*LISTS, "number", "small", "year", "person", "othercompany", "otherproduct", "month-adj"}
READINGS = 4


def readings(template: str) -> list[str]:
    rng = Random(template)
    return [expand(rng, template) for _ in range(READINGS)]


def said(text: str) -> frozenset[str]:
    """The fields that a text names, `{month-adj}` being another form of the months."""
    found = {"months" if slot == "month-adj" else slot for slot in FIELD.findall(text)}
    return ALL & found


@pytest.mark.parametrize(
    ("templates", "fields"),
    [
        (scenes.REQUESTS, ALL),
        (scenes.REQUESTS_WITHOUT_COMPANY, ALL - {"company"}),
        ([f"{system}\n{user}" for system, user in scenes.CAMPAIGNS], ALL),
        (scenes.COMPANY_PROMPTS, {"company"}),
        (scenes.EMOJI_COMPANY_PROMPTS, {"company"}),
        (scenes.SYSTEM_PROMPTS, frozenset()),
        (scenes.EMOJI_PROMPTS, frozenset()),
        (scenes.PLAIN_PROMPTS, frozenset()),
    ],
    ids=["requests", "without company", "campaigns", "company", "emoji company", "system", "emoji", "plain"],
)
def test_every_reading_says_just_the_fields_of_its_list(templates: list[str], fields: frozenset[str]) -> None:
    assert templates
    wrong = [text for template in templates for text in readings(template) if said(text) != fields]
    assert not wrong, wrong[:5]


@pytest.mark.parametrize("kind", ["EMOJI_PROMPTS", "EMOJI_COMPANY_PROMPTS", "PLAIN_PROMPTS"])
def test_every_reading_about_emojis_names_them(kind: str) -> None:
    wrong = [text for template in getattr(scenes, kind) for text in readings(template) if "emoji" not in text.lower()]
    assert not wrong, wrong[:5]


@pytest.mark.parametrize("kind", ["REQUESTS", "REQUESTS_WITHOUT_COMPANY", "SYSTEM_PROMPTS", "COMPANY_PROMPTS"])
def test_other_prompts_are_silent_on_emojis(kind: str) -> None:
    wrong = [template for template in getattr(scenes, kind) if "emoji" in template.lower()]
    assert not wrong, wrong[:5]


def test_every_slot_is_known() -> None:
    requests = scenes.REQUESTS + scenes.REQUESTS_WITHOUT_COMPANY
    systems = scenes.SYSTEM_PROMPTS + scenes.COMPANY_PROMPTS + scenes.EMOJI_PROMPTS + scenes.PLAIN_PROMPTS
    templates = [*requests, *systems, *(part for pair in scenes.CAMPAIGNS for part in pair)]
    unknown = {slot for template in templates for slot in FIELD.findall(template)} - ALL - FILLERS
    assert not unknown
