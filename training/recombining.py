"""Recombines prompts written by hand: sentences without a field are left out, or come in from other prompts, and words are worn.

Called by `staging.py`, on templates whose choices are made and whose slots are not yet filled. A few thousand prompts seen
dozens of times are learnt by heart; what surrounds the facts must not matter.
"""

import re
from random import Random

from training.expand import FIELD, expand
from training.fields import FIELD_NAMES
from training.filler import WORDS

BORDER = re.compile(r"(\n+|(?<=[.!?)\"”])(?<!\d\.) +)")
"""Between sentences or lines; the number of a list's point belongs to the point."""
KEPT = frozenset(FIELD_NAMES) | {"month-adj", "othercompany", "otherproduct"}
"""Slots whose sentences stay where they are: the facts, and rivals, of whom only the sentences around them say what they are."""

Piece = tuple[str, str]
"""A sentence, and the space or line breaks after it."""


def pieces(text: str) -> list[Piece]:
    parts = [*BORDER.split(text), ""]
    return list(zip(parts[::2], parts[1::2], strict=True))


def is_loose(sentence: str) -> bool:
    """Whether a sentence says nothing that the answer depends on."""
    return "emoji" not in sentence.lower() and not KEPT & set(FIELD.findall(sentence))


def foreign(rng: Random, templates: list[str]) -> list[Piece]:
    """One to three neighbouring sentences of another prompt, if the ones drawn are loose."""
    found = pieces(expand(rng, rng.choice(templates)))
    start = rng.randrange(len(found))
    run = found[start : start + rng.choice((1, 1, 2, 3))]
    return run if all(is_loose(sentence) for sentence, _ in run) else []


def recombined(rng: Random, text: str, templates: list[str]) -> str:
    """The text with some of its loose sentences gone, and some of other templates between its own."""
    found = pieces(text)
    loss = rng.choice((0.0, 0.2, 0.5))
    kept = [piece for piece in found if not (is_loose(piece[0]) and rng.random() < loss)]
    for _ in range(rng.choices((0, 1, 2, 3), (25, 45, 20, 10))[0]):
        place = rng.randint(0, len(kept))
        gap = kept[place - 1][1] if place else ""
        run = [(sentence, after or rng.choice((" ", "\n"))) for sentence, after in foreign(rng, templates)]
        if place and not gap:
            kept[place - 1] = (kept[place - 1][0], rng.choice((" ", "\n", "\n\n")))
        kept[place:place] = run
    return "".join(sentence + gap for sentence, gap in kept).strip()


def _worn_word(rng: Random, word: str) -> str:
    match rng.randrange(6):
        case 0:
            return ""
        case 1 | 2:
            return rng.choice(WORDS)
        case 3:
            return word.upper() if rng.random() < 0.3 else word[:1].swapcase() + word[1:]
        case 4:
            return rng.choice(("“{}”", '"{}"', "*{}*", "({})")).format(word)
    place = rng.randrange(len(word))
    return word[:place] + word[place + 1 :] + word[place]


def worn(rng: Random, text: str) -> str:
    """The text with a few of its words gone, exchanged, misspelt or in quotes; seldom without capitals or full stops."""
    share, draw = rng.uniform(0.0, 0.06), rng.random()
    words = re.split(r"(\s+)", text)
    for index in range(0, len(words), 2):
        word = words[index]
        if word and "{" not in word and "}" not in word and "emoji" not in word.lower() and rng.random() < share:
            words[index] = _worn_word(rng, word)
    text = "".join(words).strip()
    if draw < 0.1:
        return text.lower()  # slots are in lower case anyway
    return re.sub(r"[.!,](?=\s|$)", "", text) if draw < 0.17 else text
