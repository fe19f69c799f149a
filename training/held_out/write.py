"""Write dev.jsonl and test.jsonl from the hand-written parts; the same parts give the same files.

Run from the repository's root: python -m training.held_out.write
"""

import json
import re
from collections import Counter
from pathlib import Path
from string import Formatter
from typing import NamedTuple

from training.held_out import (
    parts_dev_long_systems,
    parts_dev_offers,
    parts_dev_systems,
    parts_dev_wordings,
    parts_test_long_systems,
    parts_test_offers,
    parts_test_systems,
    parts_test_wordings,
)
from training.held_out.texts import Offer, Text

HERE = Path(__file__).resolve().parent
BANDS = "N S M L M S L N M S L M S N L M S L N M".split()
FIELDS = ("name", "company", "product", "code", "percent", "months")
NO_SYSTEM = Text("")


class Parts(NamedTuple):
    """All that one set is made of: its offers, its system prompts by length, its wordings."""

    offers: list[Offer]
    systems: dict[str, list[Text]]
    wordings: list[Text]


DEV = Parts(
    parts_dev_offers.OFFERS,
    {
        "N": [NO_SYSTEM],
        "S": parts_dev_systems.SHORT,
        "M": parts_dev_systems.MEDIUM,
        "L": parts_dev_long_systems.LONG,
    },
    parts_dev_wordings.WORDINGS,
)
TEST = Parts(
    parts_test_offers.OFFERS,
    {
        "N": [NO_SYSTEM],
        "S": parts_test_systems.SHORT,
        "M": parts_test_systems.MEDIUM,
        "L": parts_test_long_systems.LONG,
    },
    parts_test_wordings.WORDINGS,
)


def slots(text: Text) -> set[str]:
    """Name the fields that a text gives, so that we know whether a prompt would lack one."""
    found = {slot for _, slot, _, _ in Formatter().parse(text.body) if slot}
    return {"months" if slot == "term" else slot for slot in found}


def fits(system: Text, wording: Text) -> bool:
    """Tell whether the two give all six fields together and agree about emojis."""
    complete = set(FIELDS) <= slots(system) | slots(wording)
    return complete and not (system.bans_emoji and wording.asks_emoji)


def pick_wording(system: Text, parts: Parts, uses: Counter[str]) -> Text:
    """Take the least used wording that fits, those that leave most to the system prompt first."""
    fitting = [wording for wording in parts.wordings if fits(system, wording)]
    return min(fitting, key=lambda wording: (uses[wording.body], len(slots(wording))))


def fill(text: Text, offer: Offer) -> str:
    """Put the facts of an offer into a text, without a doubled full stop after "Inc."."""
    term = f"{offer.months} month" + ("" if offer.months == "1" else "s")
    return re.sub(r"(?<!\.)\.\.(?!\.)", ".", text.body.format(term=term, **offer._asdict()))


def make_prompt(system: Text, wording: Text, offer: Offer) -> str:
    """Lay the two texts out as a Llama-2 chat prompt."""
    user = fill(wording, offer)
    if not system.body:
        return f"<s>[INST] {user} [/INST]"
    return f"<s>[INST] <<SYS>>\n{fill(system, offer)}\n<</SYS>>\n\n{user} [/INST]"


def make_records(label: str, parts: Parts) -> list[dict[str, object]]:
    """Join each offer to the next system prompt of its band and to a wording that fits."""
    uses: Counter[str] = Counter()
    turns: Counter[str] = Counter()
    records: list[dict[str, object]] = []
    for number, offer in enumerate(parts.offers):
        band = BANDS[number % len(BANDS)]
        system = parts.systems[band][turns[band] % len(parts.systems[band])]
        wording = pick_wording(system, parts, uses)
        turns[band] += 1
        uses[wording.body] += 1
        records.append(
            {
                "id": f"{label}-{number + 1:03d}",
                "prompt": make_prompt(system, wording, offer),
                "fields": {field: getattr(offer, field) for field in FIELDS},
                "emoji": system.asks_emoji or wording.asks_emoji,
            }
        )
    return records


def main() -> None:
    """Write both sets beside this file, one record a line."""
    for label, parts in (("dev", DEV), ("test", TEST)):
        lines = [json.dumps(record, ensure_ascii=False) for record in make_records(label, parts)]
        (HERE / f"{label}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
