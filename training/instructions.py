"""Writes instructions that hold the fields, in many wordings, orders and layouts, with and without a system prompt.

Called by `emails.py`, once for every training example.
"""

import json
from dataclasses import dataclass
from random import Random

from training import systems
from training.expand import FIELD, expand, fill
from training.fields import FIELD_NAMES, Fields
from training.filler import Words, phrase, salad, sentence
from training.wording import (
    CLOSERS,
    COMPANY_PERSONAS,
    EMOJI_BANS,
    EMOJI_WISHES,
    LABELS,
    OFFER_LINES,
    REQUESTS,
    STATEMENTS,
)


@dataclass(frozen=True, slots=True)
class Instruction:
    """What the model is shown, and whether it was asked for emojis."""

    system: str
    user: str
    wants_emojis: bool


FIELD_SET = frozenset(FIELD_NAMES)


def slots(template: str) -> frozenset[str]:
    """The fields that a template may name, `{month-adj}` being another form of the months."""
    names = ("months" if name == "month-adj" else name for name in FIELD.findall(template))
    return frozenset(names) & FIELD_SET


REQUEST_SLOTS = [(template, slots(template)) for template in REQUESTS]
STATEMENT_SLOTS = [(template, slots(template)) for template in STATEMENTS]
OFFER_SLOTS = [(template, slots(template)) for template in OFFER_LINES]
OFFER_LABELS = "offer special deal coupon terms promotion voucher extra bonus gift code discount".split()


class Written(dict[str, str]):
    """The fields in the spelling of one instruction: quotes, bold, `20 percent`; other slots are filler."""

    def __init__(self, rng: Random, fields: Fields) -> None:
        words = Words(rng)
        mark = rng.choices(
            ("{}", '"{}"', "'{}'", "**{}**", "`{}`", "“{}”", "_{}_", "<{}>", "({})"), (80, 8, 3, 4, 1, 2, 1, 1, 1)
        )[0]
        self._missing = words
        sign = rng.choices(("{}%", "{} %", "{} percent", "{} per cent", "{} Percent"), (60, 12, 22, 3, 1))[0]
        unit = "month" if fields.months in ("1", "one") else "months"
        super().__init__(
            percent=sign.format(fields.percent),
            months=f"{fields.months} {unit}",
        )
        self["month-adj"] = f"{fields.months}-month"
        share = 1.0 if rng.random() < 0.5 else 0.4
        for field in ("name", "company", "product", "code"):
            self[field] = mark.format(getattr(fields, field)) if rng.random() < share else getattr(fields, field)
        if rng.random() < 0.1:
            self["code"] = rng.choice(('"{}"', "**{}**", "`{}`", "'{}'", "({})")).format(fields.code)

    def __missing__(self, slot: str) -> str:
        return self._missing[slot]


def say(rng: Random, template: str, values: Written) -> str:
    return fill(expand(rng, template), values)


def statements(rng: Random, values: Written, wanted: set[str]) -> list[str]:
    """Sentences that say each wanted field once, in random order."""
    said, left = [], set(wanted)
    while left:
        fitting = [(template, used) for template, used in STATEMENT_SLOTS if used <= left]
        template, _ = rng.choices(fitting, [len(used) ** 1.5 for _, used in fitting])[0]
        text = expand(rng, template)
        said.append(fill(text, values))
        left -= slots(text)
    rng.shuffle(said)
    return said


def prose(rng: Random, values: Written, wanted: set[str]) -> str:
    """A request, the facts it lacks, and filler between them."""
    fitting = [(template, used) for template, used in REQUEST_SLOTS if used <= wanted]
    template = rng.choices(fitting, [1 + len(used) for _, used in fitting])[0][0]
    text = expand(rng, template)
    request = fill(text, values)
    parts = statements(rng, values, wanted - slots(text))
    if wanted and rng.random() < 0.25:
        parts += statements(rng, values, set(rng.sample(sorted(wanted), min(len(wanted), rng.randint(1, 2)))))
        rng.shuffle(parts)
    parts.insert(0 if rng.random() < 0.7 else rng.randint(0, len(parts)), request)
    return _with_filler(rng, parts)


def _with_filler(rng: Random, parts: list[str]) -> str:
    for _ in range(rng.choices((0, 1, 2, 4), (74, 16, 8, 2))[0]):
        parts.insert(rng.randint(0, len(parts)), sentence(rng))
    if rng.random() < 0.25:
        parts.append(phrase(rng, rng.choice(CLOSERS)))
    if rng.random() < 0.01:
        parts.insert(rng.randint(0, len(parts)), salad(rng, rng.randint(10, 60)))
    gap = rng.choices((" ", "\n", "\n\n"), (75, 15, 10))[0]
    text = gap.join(parts)
    if rng.random() < 0.08:
        text = text[:1].lower() + text[1:]
    return text


def pairs(rng: Random, values: Written, wanted: set[str]) -> list[tuple[str, str]]:
    """Label and value for each field, shuffled; months sometimes a bare number, the offer sometimes one entry."""
    found, single = [], set(wanted)
    if single >= {"code", "percent", "months"} and rng.random() < 0.25:
        text, used = rng.choice(OFFER_SLOTS)
        found.append((rng.choice(OFFER_LABELS), say(rng, text, values)))
        single -= used
    for field in sorted(single):
        key = "month-adj" if field == "months" and rng.random() < 0.04 else field
        text = values[key]
        if field in ("percent", "months") and rng.random() < 0.08:
            text = text.split()[0].rstrip("%") if field == "months" else text
        found.append((rng.choice(LABELS[field]), text))
    rng.shuffle(found)
    return found


def listed(rng: Random, values: Written, wanted: set[str]) -> str:
    """Labels and values, a line each or in a row, with a request before or after."""
    case = rng.choice((str.lower, str.capitalize, str.title, str.upper, str.capitalize))
    bullet = rng.choices(("", "- ", "* ", "• ", "{n}. ", "{n}) ", "-> ", "+ "), (40, 20, 10, 5, 8, 4, 2, 2))[0]
    colon = rng.choices(
        (": ", ":", " = ", " - ", " -> ", " is ", "\t", " ", "=", " : ", ":\n"), (60, 5, 8, 6, 3, 3, 1, 4, 3, 2, 1)
    )[0]
    lines = [
        bullet.replace("{n}", str(n + 1)) + case(label) + colon + text
        for n, (label, text) in enumerate(pairs(rng, values, wanted))
    ]
    gap = rng.choices(("\n", "; ", ", ", " | ", ". ", " / ", "\n\n", " "), (60, 10, 10, 5, 5, 3, 3, 2))[0]
    if gap == "\n" and rng.random() < 0.15:
        lines.insert(rng.randint(0, len(lines)), bullet.replace("{n}", "0") + sentence(rng))
    return _around(rng, gap.join(lines))


def bare(rng: Random, values: Written, wanted: set[str]) -> str:
    """The values alone, with hardly a word between them."""
    # Without labels only the order tells a product from a company, so it is mostly the same.
    order = [field for field in FIELD_NAMES if field in wanted]
    if rng.random() < 0.25:
        rng.shuffle(order)
    texts = [
        rng.choice(("code ", "coupon ", "")) + values[field] if field == "code" else values[field] for field in order
    ]
    texts = [text + rng.choice((" off", " off", "", " discount")) if "%" in text else text for text in texts]
    return _around(rng, rng.choice((", ", ", ", "; ", " / ", "\n", " - ", " | ")).join(texts) + rng.choice((".", "")))


def structured(rng: Random, values: Written, wanted: set[str]) -> str:
    """JSON, tags, variables or a table."""
    items = [(label.replace(" ", rng.choice(("_", "_", "-", " "))), text) for label, text in pairs(rng, values, wanted)]
    match rng.randrange(5):
        case 0:
            body = json.dumps(dict(items), ensure_ascii=False, indent=rng.choice((None, 2, 1)))
        case 1:
            gap = rng.choice(("", "\n"))
            body = gap.join(f"<{label}>{text}</{label}>" for label, text in items)
        case 2:
            mark = rng.choice(("{}={}", "${} = {}", '{}="{}"', "{{{{{}}}}} = {}", "@{} {}", "#{}: {}", "[{}] {}"))
            body = "\n".join(mark.format(label, text) for label, text in items)
        case 3:
            body = "\n".join(f"| {label} | {text} |" for label, text in items)
        case _:
            joint = rng.choice((", ", ",", "; "))
            body = rng.choice(("({})", "{{{}}}", "[{}]", "{}")).format(
                joint.join(f"{label}: {text}" for label, text in items)
            )
    return _around(rng, body)


def _around(rng: Random, body: str) -> str:
    """A body of facts with a request before it, after it, or both."""
    plain = [template for template, used in REQUEST_SLOTS if not used]
    request = phrase(rng, rng.choice(plain))
    draw = rng.random()
    gap = rng.choice(("\n", "\n\n", " ", "\n"))
    parts = [request, body] if draw < 0.65 else [body, request] if draw < 0.92 else [body]
    if rng.random() < 0.15:
        parts.insert(rng.randint(0, len(parts)), sentence(rng))
    if rng.random() < 0.25:
        parts.append(phrase(rng, rng.choice(CLOSERS)))
    return gap.join(parts)


LAYOUTS = ((prose, 66), (listed, 20), (structured, 9), (bare, 4))


def user_message(rng: Random, values: Written, wanted: set[str]) -> str:
    layout = rng.choices([kind for kind, _ in LAYOUTS], [weight for _, weight in LAYOUTS])[0]
    return layout(rng, values, wanted)


def system_facts(rng: Random, values: Written, wanted: set[str]) -> tuple[list[str], set[str]]:
    """Some fields that the system prompt says instead of the user: usually the company, now and then the offer."""
    draw = rng.random()
    pools: tuple[set[str], ...] = (
        {"company"},
        {"company"},
        {"company"},
        {"company"},
        {"company", "product"},
        {"code", "percent", "months"},
        {"product"},
        {"company", "code", "percent", "months"},
        {"company", "product", "code", "percent", "months"},
    )
    if draw > 0.35:
        return [], set()
    chosen = rng.choice(pools) & wanted
    if chosen == {"company"} and rng.random() < 0.7:
        return [phrase_company(rng, values)], chosen
    return (statements(rng, values, chosen), chosen) if chosen else ([], set())


def phrase_company(rng: Random, values: Written) -> str:
    return say(rng, rng.choice(COMPANY_PERSONAS), values)


def write_instruction(rng: Random, fields: Fields) -> Instruction:
    """The two parts of the prompt, which together say every field that is present, some more than once."""
    values, wanted = Written(rng, fields), set(fields.present())
    parts = systems.blocks(rng)
    if parts or rng.random() < 0.3:
        facts, told = system_facts(rng, values, wanted)
        wanted -= told if rng.random() < 0.6 else set()
        for fact in facts:
            parts.insert(0 if rng.random() < 0.5 else rng.randint(0, len(parts)), fact)
    wish = rng.random()
    wants_emojis = wish < 0.25
    if wish < 0.33:
        line = systems.rule(rng, EMOJI_WISHES if wants_emojis else EMOJI_BANS)
    else:
        line = ""
    user = user_message(rng, values, wanted)
    if line and (parts or rng.random() < 0.6):
        parts.insert(rng.randint(min(1, len(parts)), len(parts)), line)
    elif line:
        user = user + " " + line if rng.random() < 0.7 else line + " " + user
    return Instruction(systems.joined(rng, parts), user, wants_emojis)
