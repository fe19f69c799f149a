"""Draws the six things an e-mail must carry: recipient, company, product, coupon code, percentage, months.

Called by `instructions.py`. Most names come from thousands written by hand, many of them bent; the rest from short lists,
from syllables or letters, so that a model cannot know them and has to copy.
"""

from dataclasses import dataclass
from random import Random

from training import handwritten, lexicon

CONSONANTS = "b c d f g h j k l m n p q r s t v w x z".split()
CLUSTERS = "bl br ch cr dr fl fr gl gr kh kl kn kr ll nd ng nk nn ph pl pr qu rr sch sh sk sl sm sn sp ss st str sw th tr tt tz wh zh".split()
VOWELS = "a a a e e e i i o o u y ai au ea ee ei eu ia ie io oa oo ou ue".split()
ACCENTED = (
    "á à â ä ã å é è ê ë í ï ó ò ô ö õ ø ú ü ý æ ă ı ê î û ù ì ò ő ű ą ę ě ů ā ē ī ō ū ư ơ ạ ả ế ệ ị ộ ờ ữ ỳ ċ".split()
)
ACCENTED_CONSONANTS = "ç ñ ß č ć ł ń ř š ś ž ż ş ğ đ ď ť ň ľ ț ț ķ ļ ħ þ ð ź ř".split()


WRITTEN, WRITTEN_CODES = 0.7, 0.4
"""Share of the names that come from those written by hand, and of the codes."""
LOOKALIKES = dict(zip("OIEASTBG", "01345789", strict=True))  # L0VE, SP4RK


@dataclass(frozen=True, slots=True)
class Fields:
    """What to copy; an empty text means that the instruction does not say."""

    name: str
    company: str
    product: str
    code: str
    percent: str
    months: str
    """As it stands in the instruction: digits, or a number word."""

    def present(self) -> list[str]:
        return [field for field in FIELD_NAMES if getattr(self, field)]


FIELD_NAMES = ("name", "company", "product", "code", "percent", "months")


def syllable(rng: Random, accents: float) -> str:
    """Consonant, vowel, perhaps a consonant; some accented."""
    onset = "" if rng.random() < 0.12 else rng.choice(CLUSTERS if rng.random() < 0.2 else CONSONANTS)
    vowel = rng.choice(ACCENTED) if rng.random() < accents else rng.choice(VOWELS)
    coda = ""
    if rng.random() < 0.4:
        coda = rng.choice(ACCENTED_CONSONANTS) if rng.random() < accents / 2 else rng.choice(CONSONANTS)
    return onset + vowel + coda


def invented(rng: Random, accents: float = 0.03) -> str:
    """A word of one to five syllables that no list has, capitalised."""
    count = rng.choices((1, 2, 3, 4), (1, 6, 5, 1))[0]
    word = "".join(syllable(rng, accents) for _ in range(count))
    if rng.random() < 0.03:
        word = "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(rng.randint(2, 10)))
    return word[:1].upper() + word[1:]


def mixed(rng: Random, words: list[str], accents: float = 0.03) -> str:
    """A word of the list, an invented word, or two halves of listed words, which looks familiar and is not."""
    draw = rng.random()
    if draw < 0.5:
        return rng.choice(words)
    if draw < 0.7:
        return invented(rng, accents)
    head, tail = rng.choice(words), rng.choice(words)
    return (
        head[: rng.randint(2, max(2, len(head) - 1))] + tail[rng.randint(1, max(1, len(tail) - 2)) :].lower()
    ).rstrip("-'")


def _joined(rng: Random, part: str, other: str) -> str:
    style = rng.random()
    if style < 0.55:
        return f"{part}-{other}"
    prefix = rng.choice(["O'", "D'", "Mc", "Mac", "L'", "De", "Fitz", "al-", "El-", "Ben-", "N'"])
    return prefix + other


def person(rng: Random) -> str:
    """A personal name of one to four parts, seldom with a title."""
    if rng.random() < WRITTEN:
        title = f"{rng.choice(lexicon.TITLES)} " if rng.random() < 0.06 else ""
        return title + handwritten.person(rng)
    accents = rng.choice((0.0, 0.0, 0.03, 0.15))
    first = mixed(rng, lexicon.FIRST_NAMES, accents)
    if rng.random() < 0.08:
        first = _joined(rng, first, mixed(rng, lexicon.FIRST_NAMES, accents))
    parts = [first]
    count = rng.choices((1, 2, 3, 4), (42, 49, 8, 1))[0]
    for _ in range(count - 1):
        last = mixed(rng, lexicon.SURNAMES, accents)
        if rng.random() < 0.1:
            last = _joined(rng, last, mixed(rng, lexicon.SURNAMES, accents))
        parts.append(last)
    if count > 2 and rng.random() < 0.5:
        parts[1] = rng.choice(
            ["van", "de", "de la", "von", "van der", "da", "dos", "bin", "al", "del", "di", "ter"]
        ) + (" " + parts[1] if rng.random() < 0.5 else "")
    if count == 2 and rng.random() < 0.05:
        parts.insert(1, rng.choice("ABCDEFGHJKLMNPRSTVW") + ".")
    if rng.random() < 0.1:
        parts.insert(0, rng.choice(lexicon.TITLES))
    name = " ".join(parts)
    if rng.random() < 0.015:
        name = name.upper()
    return name


def company(rng: Random) -> str:
    """AnyCompany, Foo & Bar GmbH, ACME, and so on."""
    if rng.random() < WRITTEN:
        return handwritten.firm(rng)[0]
    word = mixed(rng, lexicon.COMPANY_WORDS)
    draw = rng.random()
    if draw < 0.22:
        name = word
    elif draw < 0.50:
        name = f"{word} {rng.choice(lexicon.COMPANY_KINDS)}"
    elif draw < 0.60:
        name = word + rng.choice([mixed(rng, lexicon.COMPANY_WORDS), rng.choice(lexicon.COMPANY_KINDS)])
    elif draw < 0.70:
        name = f"{word} {rng.choice(['&', 'and', '+', '&'])} {mixed(rng, lexicon.SURNAMES)}"
    elif draw < 0.80:
        name = f"{word} {mixed(rng, lexicon.COMPANY_WORDS)} {rng.choice(lexicon.COMPANY_KINDS)}"
    elif draw < 0.86:
        name = f"{mixed(rng, lexicon.FIRST_NAMES)}'s {rng.choice(lexicon.COMPANY_KINDS)}"
    elif draw < 0.92:
        name = f"{word} {mixed(rng, lexicon.COMPANY_WORDS)}"
    elif draw < 0.95:
        name = "".join(rng.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(rng.randint(2, 5)))
    else:
        name = rng.choice(
            [
                word.lower() + rng.choice(["ly", "ify", ".io", ".com", "hub"]),
                word + rng.choice([".ai", "24", "360", "4U", "-Tec", "ify"]),
            ]
        )
    return _company_ending(rng, name)


def _company_ending(rng: Random, name: str) -> str:
    if rng.random() < 0.15:
        name = f"{name}{rng.choice([' ', ' ', ', '])}{rng.choice(lexicon.COMPANY_FORMS)}"
    if rng.random() < 0.05:
        name = f"The {name}"
    if rng.random() < 0.03:
        name = name.upper()
    return name


def _product_number(rng: Random) -> str:
    return rng.choice(
        [
            str(rng.randint(1, 12)),
            str(rng.randint(10, 99)),
            str(rng.randint(1, 40) * 100),
            f"{rng.choice('ABCDEFGHKLMNPQRSTVXZ')}{rng.randint(1, 999)}",
            f"{rng.randint(1, 9)}.{rng.randint(0, 9)}",
            f"v{rng.randint(2, 9)}",
            rng.choice(["II", "III", "IV", "X", "XL", "SE", "GT", "Pro", "Max", "Plus", "Mini", "Lite", "Air", "One"]),
        ]
    )


def product(rng: Random) -> str:
    """One to four words, with digits, hyphens and CamelCase here and there."""
    if rng.random() < WRITTEN:
        return handwritten.firm(rng)[1]
    words = [mixed(rng, lexicon.PRODUCT_WORDS)]
    draw = rng.random()
    if draw < 0.35:
        words.append(rng.choice(lexicon.PRODUCT_KINDS))
    elif draw < 0.50:
        words += [mixed(rng, lexicon.PRODUCT_WORDS), rng.choice(lexicon.PRODUCT_KINDS)]
    elif draw < 0.65:
        words = [words[0] + mixed(rng, rng.choice((lexicon.PRODUCT_WORDS, lexicon.PRODUCT_KINDS)))]
    elif draw < 0.72:
        words = [f"{words[0]}-{mixed(rng, lexicon.PRODUCT_WORDS)}"]
    elif draw < 0.78:
        noun = rng.choice(lexicon.NOUNS)
        words = [
            rng.choice(
                [f"{words[0]} {noun}", f"{rng.choice(lexicon.ADJECTIVES)} {noun}".title(), f"{words[0]} {noun.title()}"]
            )
        ]
    elif draw < 0.84:
        words.append(mixed(rng, lexicon.PRODUCT_WORDS))
    if rng.random() < 0.3:
        words.append(_product_number(rng))
    name = " ".join(words)
    if rng.random() < 0.04:
        name = name.replace(" ", "")
    return _odd_case(rng, name)


def _odd_case(rng: Random, name: str) -> str:
    draw = rng.random()
    if draw < 0.03:
        return name.upper()
    if draw < 0.05:
        return name.lower()
    if draw < 0.08:
        return rng.choice("eix") + name
    return name


def code(rng: Random) -> str:
    """A coupon code of 4 to 14 letters and digits, seldom in lower or mixed case."""
    if rng.random() < WRITTEN_CODES:
        return handwritten.code(rng)
    length = rng.randint(4, 14)
    letters, digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
    draw = rng.random()
    if draw < 0.30:
        text = "".join(rng.choice(letters + digits) for _ in range(length))
    elif draw < 0.65:
        text = rng.choice(lexicon.CODE_WORDS) + str(rng.randint(1, rng.choice((9, 99, 999, 9999))))
    elif draw < 0.75:
        text = (
            rng.choice(lexicon.CODE_WORDS) + rng.choice(lexicon.CODE_WORDS) + rng.choice(["", str(rng.randint(1, 99))])
        )
    elif draw < 0.80:
        text = invented(rng, 0).upper() + rng.choice(["", str(rng.randint(1, 999))])
    elif draw < 0.93:
        cut = rng.randint(1, length - 1)
        text = "".join(rng.choice(letters) for _ in range(cut)) + "".join(
            rng.choice(digits) for _ in range(length - cut)
        )
    else:
        text = str(rng.randint(1, 99)) + rng.choice(lexicon.CODE_WORDS)
    if rng.random() < 0.03:
        few = rng.sample(letters + digits, rng.randint(2, 4))  # the next letter then depends on more than the last
        text = "".join(rng.choice(few) for _ in range(length))
    if rng.random() < 0.12:
        text = "".join(LOOKALIKES.get(char, char) if rng.random() < 0.6 else char for char in text)
    while len(text) < 4:
        text += rng.choice(letters + digits)
    text = text[:14]
    draw = rng.random()
    if draw < 0.01:
        return text.lower()
    if draw < 0.02:
        return "".join(c.lower() if rng.random() < 0.5 else c for c in text)
    return text


def percent(rng: Random) -> str:
    draw = rng.random()
    if draw < 0.55:
        return str(rng.randint(1, 19) * 5)
    if draw < 0.97:
        return str(rng.randint(1, 99))
    return rng.choice(["100", "12.5", "7.5", "2.5", "33.3", "17.5"])


def months(rng: Random) -> str:
    draw = rng.random()
    if draw < 0.12:
        return rng.choice(list(lexicon.NUMBER_WORDS.values()))
    if draw < 0.75:
        return str(rng.randint(1, 12))
    return str(rng.randint(1, 60))


def related(rng: Random, name: str, company: str, product: str) -> tuple[str, str, str]:
    """Names with a word in common, as firms have them: Iwa Knives and Iwa Petty, Fox & Ferry and FerryTrunk."""
    stem = rng.choice(company.split()).strip(",.'&+").removesuffix("'s")
    stem = stem[: rng.randint(4, max(4, len(stem)))] if rng.random() < 0.3 else stem
    if len(stem) < 2 or stem in ("and", "The"):
        return name, company, product
    draw = rng.random()
    if draw < 0.35:
        product = f"{stem} {product}" if rng.random() < 0.4 else f"{stem} {rng.choice(lexicon.PRODUCT_KINDS)}"
    elif draw < 0.7:
        product = stem + mixed(rng, rng.choice((lexicon.PRODUCT_WORDS, lexicon.PRODUCT_KINDS)))
    elif draw < 0.8:
        product = mixed(rng, lexicon.PRODUCT_WORDS) + stem
    elif draw < 0.9:
        name = f"{name.split()[0]} {stem}"
    else:
        company = f"{name.split()[-1]} {rng.choice(lexicon.COMPANY_KINDS)}"
    return name, company, product


def draw_names(rng: Random) -> tuple[str, str, str]:
    """Recipient, company and product; seldom with their kinds exchanged, so that the context decides and not the look."""
    draw = rng.random()
    if draw < 0.6:
        names = (person(rng), *handwritten.firm(rng))
    else:
        names = person(rng), company(rng), product(rng)
        names = related(rng, *names) if draw < 0.8 else names
    name, firm, item = names
    if rng.random() < 0.08:
        firm, item = item, firm
    elif rng.random() < 0.03:
        firm = person(rng)
    return name, firm, item


def draw_fields(rng: Random) -> Fields:
    """All six, save that one instruction in twenty leaves one or two out."""
    name, firm, item = draw_names(rng)
    values = {
        "name": name, "company": firm, "product": item,
        "code": code(rng), "percent": percent(rng), "months": months(rng),
    }  # fmt: skip
    if rng.random() < 0.05:
        for field in rng.sample(["name", "company", "code", "percent", "months", "months"], rng.choice((1, 1, 2))):
            values[field] = ""
    if not values["percent"]:
        values["months"] = ""
    return Fields(**values)
