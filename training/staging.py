"""Draws a whole natural prompt from the modules called `scenes`: a system prompt or none, and a request that says what the system prompt does not.

Called by `emails.py`; the rest of the instructions comes from `instructions.py`, which joins random sentences.
"""

from random import Random

from training import (
    scenes,
    scenes_agency,
    scenes_harbour,
    scenes_letters,
    scenes_meadow,
    scenes_office,
    scenes_papers,
    scenes_people,
    scenes_records,
    scenes_shops,
    scenes_software,
    scenes_tower,
    scenes_trades,
)
from training.fields import Fields
from training.instructions import Instruction, Written, say, user_message
from training.systems import rule
from training.wording import EMOJI_BANS, EMOJI_WISHES

SCENES = (
    scenes, scenes_agency, scenes_letters, scenes_office, scenes_papers,
    scenes_people, scenes_records, scenes_shops, scenes_software, scenes_trades,
    scenes_harbour, scenes_meadow, scenes_tower,
)  # fmt: skip
SYSTEM_PROMPTS = [prompt for scene in SCENES for prompt in scene.SYSTEM_PROMPTS]
COMPANY_PROMPTS = [prompt for scene in SCENES for prompt in scene.COMPANY_PROMPTS]
REQUESTS = [request for scene in SCENES for request in scene.REQUESTS]
REQUESTS_WITHOUT_COMPANY = [request for scene in SCENES for request in scene.REQUESTS_WITHOUT_COMPANY]

WISHED, BANNED = 0.22, 0.1
"""Shares of the prompts that ask for emojis, and that forbid them."""


def system_prompt(rng: Random, values: Written) -> tuple[str, bool]:
    """A system prompt that is silent on emojis, often none, and whether it names the company."""
    draw = rng.random()
    if draw < 0.4:
        return "", False
    if draw < 0.65:
        return say(rng, rng.choice(COMPANY_PROMPTS), values), True
    return say(rng, rng.choice(SYSTEM_PROMPTS), values), False


def request(rng: Random, values: Written, fields: Fields, company_told: bool) -> str:
    """What the user says; without the company where the system prompt has it, or once more with it."""
    if company_told and rng.random() < 0.5:
        return say(rng, rng.choice(REQUESTS_WITHOUT_COMPANY), values)
    if rng.random() < 0.1:
        return user_message(rng, values, set(fields.present()))
    return say(rng, rng.choice(REQUESTS), values)


def with_line(rng: Random, line: str, system: str, user: str) -> tuple[str, str]:
    """A rule put at the end of one of the two parts, or alone in the system prompt."""
    if system and rng.random() < 0.6:
        return system + rng.choice(("\n", " ", "\n\n")) + line, user
    if not system and rng.random() < 0.4:
        return line, user
    return system, f"{user}{rng.choice((' ', chr(10)))}{line}"


def stage(rng: Random, fields: Fields) -> Instruction:
    """A natural instruction for fields of which none is missing."""
    values, draw = Written(rng, fields), rng.random()
    wished = draw < WISHED
    if draw < WISHED + BANNED and rng.random() < 0.5:
        prompts = scenes.EMOJI_PROMPTS if wished else scenes.PLAIN_PROMPTS
        return Instruction(say(rng, rng.choice(prompts), values), request(rng, values, fields, False), wished)
    system, company_told = system_prompt(rng, values)
    user = request(rng, values, fields, company_told)
    if draw < WISHED + BANNED:
        system, user = with_line(rng, rule(rng, EMOJI_WISHES if wished else EMOJI_BANS), system, user)
    return Instruction(system, user, wished)
