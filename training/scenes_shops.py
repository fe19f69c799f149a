"""Natural prompts of shops, hosts and clubs: cafés, hotels, schools, museums, sports, charities, events, sellers of things one can touch.

Templates as in `wording.py`, like those of `scenes.py`; every request says all of its fields."""

# fmt: off
COMPANY_PROMPTS: list[str] = [
]

SYSTEM_PROMPTS: list[str] = [
]

REQUESTS: list[str] = [
]

REQUESTS_WITHOUT_COMPANY: list[str] = [
]
# fmt: on
