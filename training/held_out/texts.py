"""The small types that the hand-written parts share: a marked text and an offer."""

import re
from typing import NamedTuple


class Text(NamedTuple):
    """A system prompt or a user wording, and what it says about emojis."""

    body: str
    asks_emoji: bool = False
    bans_emoji: bool = False


class Offer(NamedTuple):
    """One row of facts: the six fields of a record, and what kind of thing the product is."""

    name: str
    company: str
    product: str
    kind: str
    code: str
    percent: str
    months: str


def unwrap(body: str) -> str:
    """Join source lines that start with two spaces to the line before, so texts can be wrapped."""
    return re.sub(r"\n {2,}", " ", body.strip())


def plain(body: str) -> Text:
    """Make a text that says nothing that decides about emojis."""
    return Text(unwrap(body))


def asks(body: str) -> Text:
    """Make a text that asks for emojis in the e-mail."""
    return Text(unwrap(body), asks_emoji=True)


def bans(body: str) -> Text:
    """Make a text that forbids emojis, so that no wording that asks for them joins it."""
    return Text(unwrap(body), bans_emoji=True)


def read_offers(table: str) -> list[Offer]:
    """Read a table of offers, one a line, its columns parted by vertical bars."""
    rows = [line for line in table.strip().splitlines() if line.strip()]
    return [Offer(*(cell.strip() for cell in row.split("|"))) for row in rows]
