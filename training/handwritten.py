"""Names written by four hands: firms with what they sell, people by culture, coupon codes (the files of `names/`).

Called by `fields.py`. Names from short word lists taught the model to know the lists' words for products or companies, and
names by other hands then misled it: on wordings of its own about nine of ten answers were right with names from the
lists, and 75 of 120 with those of the development set.
"""

import re
from pathlib import Path
from random import Random

NAMES = Path(__file__).parent / "names"


def _lines(name: str) -> list[str]:
    return (NAMES / name).read_text(encoding="utf-8").splitlines()


def _firm(line: str) -> tuple[str, list[str]]:
    company, products = line.split(": ", 1)
    return company, products.split("; ")


def _people(line: str) -> tuple[list[str], list[str]]:
    """Given names and surnames of a culture; `_` is a space within a name."""
    given, surnames = ([name.replace("_", " ") for name in part.split()] for part in line.split("|"))
    return given, surnames


FIRMS = [_firm(line) for line in _lines("firms.txt")]
PEOPLE = [_people(line) for line in _lines("people.txt")]
CODES = " ".join(_lines("codes.txt")).split()
PART = re.compile(r"[A-ZÀ-ÖØ-ÞĀ-Ž]?[a-zß-öø-ÿā-ž]+|[A-ZÀ-ÖØ-Þ]{2,}(?![a-z])")
"""A word, or one half of a CamelCase name."""
WORDS: list[str] = sorted(
    {
        word
        for company, products in FIRMS
        for name in (company, *products)
        for word in PART.findall(name)
        if len(word) > 2
    }
)


def bent(rng: Random, name: str) -> str:
    """The name with one of its words, or halves, exchanged for another's, so that the name's words say little of its kind."""
    parts = list(PART.finditer(name))
    if not parts:
        return name
    part, word = rng.choice(parts), rng.choice(WORDS)
    if len(part[0]) > 1 and part[0].isupper():
        word = word.upper()
    elif part[0][0].isupper():
        word = word[0].upper() + word[1:]
    return name[: part.start()] + word + name[part.end() :]


def firm(rng: Random) -> tuple[str, str]:
    """A company and a product of it, or of another one."""
    company, products = rng.choice(FIRMS)
    if rng.random() < 0.25:
        products = rng.choice(FIRMS)[1]
    product = rng.choice(products)
    if rng.random() < 0.3:
        company = bent(rng, company)
    if rng.random() < 0.3:
        product = bent(rng, product)
    return company, product


def person(rng: Random) -> str:
    """A given name, mostly with one or two surnames of the same culture."""
    given, surnames = rng.choice(PEOPLE)
    first = rng.choice(given)
    if rng.random() < 0.05:
        first += rng.choice("- ") + rng.choice(given)
    draw = rng.random()
    if draw < 0.42:
        return first
    last = rng.choice(surnames if rng.random() < 0.9 else rng.choice(PEOPLE)[1])
    if draw > 0.88:
        last += rng.choice("- ") + rng.choice(surnames)
    return f"{first} {last}"


def code(rng: Random) -> str:
    """A code of the list, often with its digits drawn anew."""
    text = rng.choice(CODES)
    if rng.random() < 0.5:
        text = "".join(rng.choice("0123456789") if char.isdigit() else char for char in text)
    if rng.random() < 0.3:
        text = rng.choice(CODES)[: rng.randint(2, 6)] + text[rng.randint(0, 4) :]
    return text if 4 <= len(text) <= 14 else rng.choice(CODES)
