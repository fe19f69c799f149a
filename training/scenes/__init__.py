"""Prompts written one by one, a module for each hand and sitting; templates as in `wording.py`. Read by `staging.py`.

Every module has some of these lists. REQUESTS say all six fields, REQUESTS_WITHOUT_COMPANY all but the company;
COMPANY_PROMPTS are system prompts that name the company, SYSTEM_PROMPTS those that do not; CAMPAIGNS are pairs of a system
prompt and a request, which say the six between them. None of these speaks of emojis: EMOJI_PROMPTS and EMOJI_COMPANY_PROMPTS are
system prompts that wish for them, PLAIN_PROMPTS such as forbid them.
"""

from importlib import import_module
from pkgutil import iter_modules

_HANDS = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]


def _all(kind: str) -> list[str]:
    return [template for hand in _HANDS for template in getattr(hand, kind, ())]


REQUESTS, REQUESTS_WITHOUT_COMPANY = _all("REQUESTS"), _all("REQUESTS_WITHOUT_COMPANY")
SYSTEM_PROMPTS, COMPANY_PROMPTS = _all("SYSTEM_PROMPTS"), _all("COMPANY_PROMPTS")
EMOJI_PROMPTS, EMOJI_COMPANY_PROMPTS, PLAIN_PROMPTS = map(
    _all, ("EMOJI_PROMPTS", "EMOJI_COMPANY_PROMPTS", "PLAIN_PROMPTS")
)
CAMPAIGNS: list[tuple[str, str]] = [pair for hand in _HANDS for pair in getattr(hand, "CAMPAIGNS", ())]
