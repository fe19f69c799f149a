"""The prompts written by hand: every reading of a template says what its list promises, and no more."""

import sys
from pathlib import Path
from random import Random

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from training import scenes  # noqa: E402
from training.expand import expand  # noqa: E402
from training.fields import FIELD_NAMES, draw_fields  # noqa: E402
from training.instructions import Written, say, slots  # noqa: E402

ALL = frozenset(FIELD_NAMES)
READINGS = 4


def readings(template: str) -> list[str]:
    rng = Random(template)
    return [expand(rng, template) for _ in range(READINGS)]


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
    wrong = [text for template in templates for text in readings(template) if slots(text) != fields]
    assert not wrong, wrong[:5]


@pytest.mark.parametrize("kind", ["EMOJI_PROMPTS", "EMOJI_COMPANY_PROMPTS", "PLAIN_PROMPTS"])
def test_every_reading_about_emojis_names_them(kind: str) -> None:
    wrong = [text for template in getattr(scenes, kind) for text in readings(template) if "emoji" not in text.lower()]
    assert not wrong, wrong[:5]


@pytest.mark.parametrize("kind", ["REQUESTS", "REQUESTS_WITHOUT_COMPANY", "SYSTEM_PROMPTS", "COMPANY_PROMPTS"])
def test_other_prompts_are_silent_on_emojis(kind: str) -> None:
    wrong = [template for template in getattr(scenes, kind) if "emoji" in template.lower()]
    assert not wrong, wrong[:5]


def test_every_slot_can_be_filled() -> None:
    rng = Random(0)
    values = Written(rng, draw_fields(rng))
    systems = scenes.SYSTEM_PROMPTS + scenes.COMPANY_PROMPTS + scenes.PLAIN_PROMPTS
    wishes = scenes.EMOJI_PROMPTS + scenes.EMOJI_COMPANY_PROMPTS
    requests = scenes.REQUESTS + scenes.REQUESTS_WITHOUT_COMPANY
    campaigns = [part for pair in scenes.CAMPAIGNS for part in pair]
    for template in (*systems, *wishes, *requests, *campaigns):
        assert not slots(say(rng, template, values))
