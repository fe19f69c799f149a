"""The names that training draws from: well formed, and none of them a field of the held-out sets."""

import json
import sys
from pathlib import Path
from random import Random

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from training import handwritten, lexicon  # noqa: E402

HELD_OUT = [
    json.loads(line)["fields"]
    for label in ("dev", "test")
    for line in (ROOT / "training" / "held_out" / f"{label}.jsonl").read_text(encoding="utf-8").splitlines()
]


def held_out(field: str) -> set[str]:
    return {fields[field].casefold() for fields in HELD_OUT}


def test_no_firm_or_product_is_held_out() -> None:
    companies = {company.casefold() for company, _ in handwritten.FIRMS}
    products = {product.casefold() for _, products in handwritten.FIRMS for product in products}
    assert not (companies | products) & (held_out("company") | held_out("product"))


def test_no_given_name_is_a_held_out_recipient() -> None:
    given = {name.casefold() for names, _ in handwritten.PEOPLE for name in names}
    assert not (given | {name.casefold() for name in lexicon.FIRST_NAMES}) & held_out("name")


def test_no_code_is_held_out() -> None:
    assert not {code.casefold() for code in handwritten.CODES} & held_out("code")


def test_no_company_is_listed_twice() -> None:
    companies = [company for company, _ in handwritten.FIRMS]
    assert len(companies) == len(set(companies))


def test_drawn_codes_have_4_to_14_letters_and_digits() -> None:
    rng = Random(0)
    for _ in range(500):
        code = handwritten.code(rng)
        assert 4 <= len(code) <= 14
        assert code.isalnum()


def test_bent_name_keeps_what_is_around_the_word_exchanged() -> None:
    rng = Random(0)
    for _ in range(100):
        assert handwritten.bent(rng, "& 24 Fox GmbH-7").startswith("& 24 ")


def test_name_without_a_word_stays_as_it_is() -> None:
    assert handwritten.bent(Random(0), "24 & 7") == "24 & 7"
