"""Say what is wrong with an answer to a held-out prompt.

The checks are about facts only: the six fields stand in the answer as they are, and there is no
second code, percentage or number of months. Style and grammar are not judged.
"""

import re
import unicodedata

WORD_NUMBERS = {
    word: str(number)
    for number, word in enumerate(
        "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen"
        " sixteen seventeen eighteen nineteen twenty".split(),
        start=1,
    )
} | {"twenty-four": "24", "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60"}
NUMBER = r"(?<![\w.,])(\d+(?:[.,]\d+)?|" + "|".join(sorted(WORD_NUMBERS, key=len, reverse=True)) + ")"
PERCENT = re.compile(NUMBER + r"(?:\s*%|[\s\u2010\u2011-]*per\s?cent\b)", re.IGNORECASE)
MONTHS = re.compile(NUMBER + r"[\s\u2010\u2011-]*months?\b", re.IGNORECASE)
CODE_LIKE = re.compile(r"(?<![^\W_])(?=[A-Z0-9]*[A-Z])(?=[A-Z0-9]*[0-9])[A-Z0-9]{4,14}(?![^\W_])")
EMOJI = re.compile(
    "[\U0001f1e6-\U0001f1ff\U0001f300-\U0001faff\u2600-\u26ff\u2705\u2708-\u270d\u2714\u2716"
    "\u2728\u2733\u2734\u2744\u2747\u274c\u274e\u2753-\u2755\u2757\u2763\u2764\u2795-\u2797"
    "\u27a1\u2b05-\u2b07\u2b1b\u2b1c\u2b50\u2b55\u231a\u231b\u23e9-\u23f3]"
)
EXACT = ("name", "company", "product", "code")
NOT_AFTER = r"(?<![^\W_])(?<![^\W_]-)"
NOT_BEFORE = r"(?![^\W_]|-[A-Z0-9])"


def stands_in(value: str, text: str) -> bool:
    """Tell whether a value stands in a text as a whole, not as part of a longer word."""
    return re.search(NOT_AFTER + re.escape(value) + NOT_BEFORE, text) is not None


def missing_fields(answer: str, fields: dict[str, str]) -> list[str]:
    """List the fields that the answer lacks or has in another spelling."""
    wrong = [f"{field} missing: {fields[field]}" for field in EXACT if not stands_in(fields[field], answer)]
    percent, months = re.escape(fields["percent"]), re.escape(fields["months"])
    if not re.search(rf"(?<![\w.,]){percent}(?:\s?%|\s?percent\b)", answer):
        wrong.append(f"percent missing: {fields['percent']}")
    if not re.search(rf"(?<![\w.,]){months}[\s\u2011-]months?\b", answer):
        wrong.append(f"months missing: {fields['months']}")
    return wrong


def other_figures(answer: str, field: str, wanted: str) -> list[str]:
    """List the percentages or month counts, in digits or words, that are not the wanted one."""
    pattern = PERCENT if field == "percent" else MONTHS
    found = [match.lower() for match in pattern.findall(answer)]
    return [number for number in found if WORD_NUMBERS.get(number, number) != wanted]


def other_codes(answer: str, fields: dict[str, str]) -> list[str]:
    """List the tokens that look like a code and belong to none of the named things."""
    known = {token for field in EXACT for token in CODE_LIKE.findall(fields[field])}
    return [token for token in CODE_LIKE.findall(answer) if token not in known]


def with_origin(kind: str, values: list[str], prompt: str) -> list[str]:
    """Word each wrong value, and say whether it was taken from the prompt or made up."""
    return [
        f"other {kind} ({'from the prompt' if stands_in(value, prompt) else 'made up'}): {value}"
        for value in dict.fromkeys(values)
    ]


def check(answer: str, fields: dict[str, str], prompt: str, emoji: bool = False) -> list[str]:
    """List what is wrong with an answer; an empty list means that it is right.

    `emoji` is the record's mark: true wants at least one emoji in the answer, false wants nothing.
    """
    answer, prompt = (unicodedata.normalize("NFC", text) for text in (answer, prompt))
    fields = {field: unicodedata.normalize("NFC", value) for field, value in fields.items()}
    wrong = missing_fields(answer, fields)
    wrong += with_origin("code", other_codes(answer, fields), prompt)
    for field in ("percent", "months"):
        wrong += with_origin(field, other_figures(answer, field, fields[field]), prompt)
    if emoji and not EMOJI.search(answer):
        wrong.append("emoji missing")
    return wrong
