"""System prompts from none to 250 words: personas, goals, lists of tips, tone rules, background.

Used by `instructions.py`.
"""

from random import Random

from training import lexicon
from training.expand import expand
from training.filler import phrase, salad, sentence, sentences
from training.wording import CLOSERS

PERSONAS = [
    "[You are|You're|Act as|Imagine you are|Pretend to be|Your role:|You play|Be|You work as|Think of yourself as] [a|an|the] [{adjective} |{adjective}, {adjective} |]{role}[.| who loves {noun}s.| for a {noun} {noun}.| with {number} years of experience.| of a {adjective} {noun} shop.| in {city}.| who {verb}s {noun}s.|, known for {adjective} {noun}s.]",
    "[You are|Your name is|You're|Act as|I am talking to|Meet] {person}[, a|, the|, our|, an|, senior] [{adjective} |]{role}[.| in {city}.| who likes {noun}s.| at our {noun} department.| of the {noun} team.]",
    "[You are|Your name is|We call you|They call you|You go by the name] {person}. [You are|You work as|People know you as|Your job is that of] [a|the|our] {adjective} {role}.",
    "[You are|This is|Welcome to] [a|an|the] [{adjective} |][assistant|AI assistant|chatbot|tool|service|writing tool|language model|e-mail generator|marketing engine|copywriting bot] [that|which] [writes|drafts|produces|composes|helps with|answers with] [e-mails|emails|marketing e-mails|product news|letters|messages][.| for {noun} shops.| for busy people.]",
    "[You are|Be] a helpful[, respectful and honest|, polite|, careful|] [assistant|AI assistant|marketing assistant|writer]. [Always answer as helpfully as possible.|Answer safely.|If you do not know something, say so.|Never share false information.|]",
    "[You write|You answer|You help|You create|You draft] [e-mails|marketing e-mails|texts|product announcements|newsletters|messages to customers][.| all day.| with care.| for small firms.| in a {adjective} voice.]",
    "{role}[, {adjective}|][, {adjective}|]. [E-mails only.|Short texts.|No small talk.|]",
]
GOALS = [
    "[Your goal is to|Your mission is to|Your aim:|Your task is to|You want to|The purpose is to|We expect you to|The plan:|What we need:|Your job is to] [{verb} the {noun}|make the reader curious|sell without pushing|announce new products|inform customers|win the trust of the reader|write mails people like to read|get people to click|{verb} {noun}s and {verb} {noun}s|spread good news|turn facts into a friendly e-mail][.| in a {adjective} way.| and to {verb} the {noun}.]",
    "[A good|The best|Every|A perfect] [e-mail|message|text|letter] [is {adjective}|has a {noun}|starts with the {noun}|respects the reader|{verb}s the {noun}|ends on a {adjective} note][ and {verb}s the {noun}|].",
    "[The reader|The customer|Our client|The audience] [is|feels|wants to be|should feel] {adjective}[, {adjective}|] and {adjective}.",
]
TIPS = [
    "[Use|Prefer|Choose|Take] [short|{adjective}|simple|{adjective} and {adjective}] [sentences|words|paragraphs|{noun}s].",
    "[Address|Greet|Call|Welcome] the [customer|reader|recipient|person] by [name|the name given|the full name].",
    "[Start|Begin|Open] with [a greeting|the news|a {noun}|something {adjective}|the benefit|a question].",
    "[End|Finish|Close] with [a call to action|a {adjective} line|the name of the company|thanks|a signature|an invitation].",
    "[Mention|Name|State|Repeat|Include] the [product|company|code|discount|coupon code|offer|terms|duration][ once| twice| clearly| and nothing else| in the second paragraph|].",
    "[Do not|Don't|Never|You must not] [{verb} the {noun}|use {adjective} {noun}s|invent facts|change the code|exaggerate|talk about {noun}s|mention competitors|repeat yourself|use jargon|write in capitals].",
    "[Keep it|Stay|Be|Remain|Sound] {adjective}[, {adjective}|] and {adjective}.",
    "[No more than|At most|Not over|Fewer than|Around|About] {number} words[.| in all.| per paragraph.| in the text.]",
    "[Write|Answer|Reply] in {language}[ only|][, unless asked otherwise|].",
    "[The tone is|Tone:|Voice:|Style:|The style is|Mood:] {adjective}, {adjective}[ and {adjective}|, {adjective}|, never {adjective}].",
    "[Think of|Remember|Imagine|Picture] [the|a] {noun}[ and the {noun}|][ before you {verb}|].",
    "[Facts|Names|Codes|Numbers|Figures|Benefits|Verbs] [first|matter|are copied as they are|come before {noun}s|are never changed|make the {noun}].",
    "[One|A single|One {adjective}] {noun} [is enough|per e-mail|will do|says more than {number} {noun}s].",
    "[Check|Verify|Read|Copy] the [code|names|spelling|numbers|facts|text] [twice|carefully|before you send it|letter by letter].",
    "[Avoid|Skip|Leave out|Forget] {noun}s, {noun}s and {noun}s.",
]
BACKGROUND = [
    "[Our company|The company|The shop|Our house|The firm] was [founded|started|set up] in {year} [in {city}|by {person}|with {small} people][ and now has {number} {noun}s|].",
    "[We|They] [sell|make|repair|design|rent out] {noun}s, {noun}s and {noun}s[ in {city}|].",
    "[Our customers|The readers|Our users|They] [are|live in|come from|love] [{adjective} people|{city} and {city}|{small} countries|{noun}s].",
    "[{person} leads the team|The boss is {person}|Ask {person} about {noun}s|{person} checks every mail|{person} founded the {noun} team].",
]
HEADINGS = "Rules|Tips|Guidelines|Please note|Style|What to do|Checklist|How we write|Our rules|Instructions|Three tips|Here are some tips|Keep in mind|What matters|Do and don't|House style|Requirements|Steps|Your toolbox|Limits|About us|Background|Format".split(
    "|"
)
BULLETS = [
    "- ",
    "* ",
    "• ",
    "{n}. ",
    "{n}) ",
    "({n}) ",
    "Rule {n}: ",
    "Tip {n}: ",
    "{n}: ",
    "-- ",
    "> ",
    "{n} - ",
    "TIP {n}. ",
    "+ ",
]


def tip(rng: Random) -> str:
    text = phrase(rng, rng.choice(TIPS + CLOSERS)) if rng.random() < 0.8 else sentence(rng)
    if rng.random() < 0.25:
        text += " " + sentence(rng)
    return text


def tips(rng: Random, count: int) -> str:
    """A list with a heading, bulleted or numbered."""
    bullet = rng.choice(BULLETS)
    lines = [bullet.replace("{n}", str(n + 1)) + tip(rng) for n in range(count)]
    heading = rng.choice(HEADINGS)
    if rng.random() < 0.15:
        heading = heading.upper()
    if rng.random() < 0.15:
        return " ".join(lines)
    if rng.random() < 0.2:
        return "\n".join(lines)
    return heading + rng.choice((":", ":", "", ".", ":\n", "\n")) + "\n" + "\n".join(lines)


def persona(rng: Random) -> str:
    return phrase(rng, rng.choice(PERSONAS))


def paragraph(rng: Random) -> str:
    """One block of a longer prompt."""
    draw = rng.random()
    if draw < 0.25:
        return " ".join(phrase(rng, rng.choice(GOALS)) for _ in range(rng.randint(1, 3)))
    if draw < 0.45:
        return " ".join(phrase(rng, rng.choice(BACKGROUND)) for _ in range(rng.randint(1, 3)))
    if draw < 0.65:
        return " ".join(tip(rng) for _ in range(rng.randint(1, 4)))
    if draw < 0.87:
        return tips(rng, rng.randint(2, 8))
    if draw < 0.98:
        return sentences(rng, rng.randint(1, 5))
    return salad(rng, rng.randint(5, 60))


def blocks(rng: Random) -> list[str]:
    """The prompt in blocks; none, one line, a few sentences, or many paragraphs."""
    draw = rng.random()
    if draw < 0.42:
        return []
    if draw < 0.72:
        return [persona(rng) if rng.random() < 0.6 else tip(rng)]
    start = [persona(rng)] if rng.random() < 0.85 else []
    if draw < 0.90:
        return start + [paragraph(rng) for _ in range(rng.randint(1, 2))]
    return start + [paragraph(rng) for _ in range(rng.randint(2, 5))]


def rule(rng: Random, choices: list[str]) -> str:
    return phrase(rng, expand(rng, rng.choice(choices)))


def joined(rng: Random, parts: list[str]) -> str:
    """Blocks with blank lines, line breaks or spaces between them."""
    gap = rng.choice(("\n\n", "\n\n", "\n", " "))
    text = gap.join(parts)
    if rng.random() < 0.03:
        text = text.replace(rng.choice(lexicon.NOUNS), rng.choice(lexicon.NOUNS).upper())
    return text
