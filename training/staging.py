"""Draws a whole natural prompt from `scenes`: a system prompt or none, and a request that says what the system prompt does not.

Called by `emails.py`; the rest of the instructions comes from `instructions.py`, which joins random sentences.
"""

from random import Random

from training import scenes
from training.expand import expand, fill
from training.fields import Fields
from training.instructions import Instruction, Written, user_message
from training.recombining import recombined, worn
from training.systems import rule
from training.wording import EMOJI_BANS, EMOJI_WISHES

WISHED, BANNED = 0.22, 0.1
"""Shares of the prompts that ask for emojis, and that forbid them."""
RECOMBINED, WORN, CAMPAIGN = 0.4, 0.2, 0.08
"""Shares of the parts that hold sentences of other prompts, of those with worn words, of the prompts drawn as pairs."""


def told(rng: Random, template: str, values: Written, others: list[str]) -> str:
    """A template filled in, often with sentences of others among its own, now and then with worn words."""
    text = expand(rng, template)
    if rng.random() < RECOMBINED:
        text = recombined(rng, text, others)
    return fill(worn(rng, text) if rng.random() < WORN else text, values)


def told_system(rng: Random, templates: list[str], values: Written) -> str:
    others = scenes.SYSTEM_PROMPTS if rng.random() < 0.6 else scenes.COMPANY_PROMPTS
    return told(rng, rng.choice(templates), values, others)


def told_request(rng: Random, templates: list[str], values: Written) -> str:
    return told(rng, rng.choice(templates), values, scenes.REQUESTS)


def system_prompt(rng: Random, values: Written) -> tuple[str, bool]:
    """A system prompt that is silent on emojis, often none, and whether it names the company."""
    draw = rng.random()
    if draw < 0.35:
        return "", False
    if draw < 0.65:
        return told_system(rng, scenes.COMPANY_PROMPTS, values), True
    return told_system(rng, scenes.SYSTEM_PROMPTS, values), False


def emoji_prompt(rng: Random, values: Written, wished: bool) -> tuple[str, bool]:
    """A system prompt that asks for emojis or forbids them, and whether it names the company."""
    if not wished:
        return told_system(rng, scenes.PLAIN_PROMPTS, values), False
    with_company, without = scenes.EMOJI_COMPANY_PROMPTS, scenes.EMOJI_PROMPTS
    names_it = rng.randrange(len(with_company) + len(without)) < len(with_company)
    return told_system(rng, with_company if names_it else without, values), names_it


def request(rng: Random, values: Written, fields: Fields, company_told: bool) -> str:
    """What the user says; without the company where the system prompt has it, or once more with it."""
    if company_told and rng.random() < 0.6:
        return told_request(rng, scenes.REQUESTS_WITHOUT_COMPANY, values)
    if rng.random() < 0.05:
        return user_message(rng, values, set(fields.present()))
    return told_request(rng, scenes.REQUESTS, values)


def campaign(rng: Random, values: Written) -> tuple[str, str]:
    """A system prompt and a request that share the facts."""
    system, user = rng.choice(scenes.CAMPAIGNS)
    return told_system(rng, [system], values), told_request(rng, [user], values)


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
        system, company_told = emoji_prompt(rng, values, wished)
        return Instruction(system, request(rng, values, fields, company_told), wished)
    if rng.random() < CAMPAIGN:
        system, user = campaign(rng, values)
    else:
        system, company_told = system_prompt(rng, values)
        user = request(rng, values, fields, company_told)
    if draw < WISHED + BANNED:
        system, user = with_line(rng, rule(rng, EMOJI_WISHES if wished else EMOJI_BANS), system, user)
    return Instruction(system, user, wished)
