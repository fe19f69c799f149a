"""Text around the facts: sentences that mean little, other people, other numbers, and plain word salad.

Used by `instructions.py`; what stands before, between and after the fields must not matter to the model.
"""

from random import Random

from training import lexicon
from training.expand import expand, fill
from training.fields import company, invented, person, product

SENTENCES = [
    "[The|A|Our|Every|This|Your|Each|Their] {adjective} {noun} [{verb}s|can {verb}|will {verb}|must {verb}|may {verb}|should {verb}] [the|a|our|every|your|any] {noun}.",
    "[We|You|They|People|Readers|Customers|I] [{verb}|like to {verb}|never {verb}|often {verb}|want to {verb}|{adverb} {verb}] [{adjective} |]{noun}s[.| and {noun}s.| because of the {noun}.| in the {noun}.]",
    "[It is|It was|That is|This is|All of this is] {adverb} {adjective}[.| and {adjective}.|, as {adjective} as a {noun}.]",
    "[If|When|While|Because|Since|Before|After] [the|a|your|our] {noun} [is|was|gets|looks] {adjective}, {verb} [the|a|your|our] {noun}[.| {adverb}.]",
    "[In {city},|On {weekday},|In {month},|This {weekday}|Last {month}|Back in {year}] [we|they|the team|somebody|our {noun}] [{verb}ed|had to {verb}|wanted to {verb}|could {verb}] [the|a|{number}] {noun}s.",
    "[The|Our] {noun} of the {noun} is {adjective}[, the {noun} is {adjective}|][ and we {verb} it|].",
    "[By the way,|As you know,|Remember:|Note:|Also,|Between us,|Believe it or not,|Above all,|In short,|Honestly,|So far,|Of course,] [the|our|your] {noun} [and the|or the|with the] {noun} {verb} {adverb}.",
    "[{person} from the {noun} team|My colleague {person}|Our {role} {person}|The {role}, {person},|{person}, who {verb}s our {noun},|My boss {person}] [{verb}s {adverb}|will {verb} the {noun}|has asked me to {verb} this|wants to see it on {weekday}|likes it {adjective}|sits in {city}|reads everything twice|is on holiday until {weekday}].",
    "[Founded|Started|Born] in {year}, [the|our] {noun} [now has|counts|employs|serves] {number} [people|{noun}s|customers|shops] in {small} [countries|cities|towns].",
    "[Last year|In {year}|Last {month}|Recently] [sales|visits|returns|complaints|orders|{noun}s] [rose|fell|went up|grew|dropped] by [{number} pieces|{number}|a third|half|a quarter|a lot].",
    "[It is|It's] {number} [o'clock|degrees|in the morning] [and|but] [the|my] {noun} is [still |already |]{adjective}.",
    "[Ticket|Room|Order|Page|Case|Meeting|Call|Version] {number} [is|was] [about the {noun}|closed|moved to {weekday}|still open].",
    "[Unlike|Better than|Not like|Long after|Together with] [{othercompany}|our rival {othercompany}|the {noun} people], [we|they] {verb} [{adjective} |]{noun}s.",
    "[The old|Last year's|The earlier] {otherproduct} [was|is] {adjective} but [too |]{adjective}.",
    "[What a {noun}|What {adjective} weather|Such a {adjective} {noun}|Good morning|Hello again|Sorry for the late {noun}|The {noun} is {adjective}]!",
    "[I am|We are|The team is] {adjective} [today|this week|about it|as always][.|, and so is the {noun}.]",
]
PARTS = ("adjective", "noun", "verb", "adverb")
LISTS = {
    "adjective": lexicon.ADJECTIVES, "noun": lexicon.NOUNS, "verb": lexicon.VERBS, "adverb": lexicon.ADVERBS,
    "city": lexicon.CITIES, "weekday": lexicon.WEEKDAYS, "month": lexicon.MONTH_NAMES, "role": lexicon.ROLES,
    "language": lexicon.LANGUAGES,
}  # fmt: skip
WORDS = lexicon.NOUNS + lexicon.VERBS + lexicon.ADJECTIVES + lexicon.ADVERBS + lexicon.FUNCTION_WORDS * 3


class Words(dict[str, str]):
    """Draws a value whenever a template asks for one, so the same slot may differ within a sentence."""

    def __init__(self, rng: Random) -> None:
        super().__init__()
        self.rng = rng

    def __missing__(self, slot: str) -> str:
        rng = self.rng
        if slot in LISTS:
            return pseudo(rng) if slot in PARTS and rng.random() < 0.02 else rng.choice(LISTS[slot])
        match slot:
            case "number":
                return str(
                    rng.choice(
                        (rng.randint(2, 20), rng.randint(20, 200), rng.randint(2, 40) * 10, rng.randint(200, 9999))
                    )
                )
            case "small":
                return rng.choice((str(rng.randint(2, 9)), rng.choice(list(lexicon.NUMBER_WORDS.values())[1:10])))
            case "year":
                return str(rng.randint(1890, 2030))
            case "person":
                return person(rng)
            case "othercompany":
                return company(rng)
            case "otherproduct":
                return product(rng)
        raise KeyError(slot)


def pseudo(rng: Random) -> str:
    """A lower-case word that no language has."""
    return invented(rng, 0.02).lower()


def phrase(rng: Random, template: str) -> str:
    """A template expanded and filled from the word lists."""
    return fill(expand(rng, template), Words(rng))


def salad(rng: Random, count: int) -> str:
    """Random words with random punctuation, as a paragraph."""
    words = [pseudo(rng) if rng.random() < 0.08 else rng.choice(WORDS) for _ in range(count)]
    out, start = [], True
    for word in words:
        text = word[:1].upper() + word[1:] if start or rng.random() < 0.04 else word
        start = rng.random() < 0.1
        out.append(text + (rng.choice(".!?.:") if start else "," if rng.random() < 0.06 else ""))
    return " ".join(out).rstrip(",") + "."


def sentence(rng: Random) -> str:
    """One filler sentence, grammatical or not."""
    if rng.random() < 0.03:
        return salad(rng, rng.randint(3, 16))
    text = phrase(rng, rng.choice(SENTENCES))
    return text[:1].upper() + text[1:]


def sentences(rng: Random, count: int) -> str:
    return " ".join(sentence(rng) for _ in range(count))
