"""C. Training batches of instructions and answers, with drills mixed in.

Used by `train.py`; `tokenizer.py` learns from `example_text`.
"""

import re
from bisect import bisect_left
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

import numpy as np
from numpy.random import Generator
from tokenizers import Tokenizer

from training.answers import values_of, write_email
from training.drills import NO_TAG, Batch, Tokens, gapped, random_chunks
from training.expand import FIELD
from training.fields import FIELD_NAMES, code, company, draw_fields, person, product
from training.instructions import write_instruction
from training.lexicon import EMOJIS
from training.phases import Phase, Source
from training.small_talk import small_talk
from training.staging import stage
from training.systems import blocks, joined
from training.tagging import flags, spans, tags

NEW_TOKENIZER = Path(__file__).parent / "runs" / "tokenizer.json"
SHIPPED_TOKENIZER = Path(__file__).parents[1] / "src" / "firstbyte" / "demo_model" / "tokenizer.json"
BUCKETS = (128, 144, 160, 176, 192, 208, 224, 256, 288, 320, 384, 448, 544, 672, 832, 1024)
BATCH_TOKENS = 3600  # per worker
SMALL_TALK_SHARE = 0.03
NATURAL_SHARE = 0.92

PROMPT_WEIGHT, ANSWER_WEIGHT, AFTER_WEIGHT, FIELD_WEIGHT, FIRST_WEIGHT = 0.0, 0.2, 1.2, 3.0, 6.0
"""Of the loss: a wrong letter of a code costs more than a less likely adjective; the first piece of a field, which says
whether the right one was found, costs most; and the first token after a field must end the copying. How the rest is worded is chance, and counts little. Between an emoji and the end of the
paragraph the first token chooses."""

CHOICE_WEIGHT = 10.0
AFTER_FIRST = {FIRST_WEIGHT: FIELD_WEIGHT, CHOICE_WEIGHT: 0.5}
"""Weights of the later tokens of a field, and of an emoji or the end of a paragraph."""
EMOJI = re.compile(" (?:" + "|".join(EMOJIS) + ")")
SPECIAL = re.compile(f"{FIELD.pattern}|{EMOJI.pattern}|\n\n")
"""A field, an emoji with the space before it, or the end of a paragraph, where there might have been one."""

Marks = list[tuple[int, float]]
"""From which character on which weight holds."""
Row = tuple[list[int], list[float], list[int], list[int]]
"""Tokens, weights, tags, flags."""


@dataclass(frozen=True, slots=True)
class Example:
    """A conversation of one turn, without the tokens around it."""

    text: str
    prompt_len: int
    marks: Marks
    found: list[tuple[int, int, int]]
    """The fields in the prompt, see tagging.py."""


def prompt_text(rng: Random, system: str, user: str) -> str:
    """Llama 2's template; the end seldom has a space after it."""
    head = f"<<SYS>>\n{system}\n<</SYS>>\n\n" if system else ""
    return f"[INST] {head}{user} [/INST]" + (" " if rng.random() < 0.04 else "")


def chosen_at(text: str) -> int:
    """Where an answer shows whether it has emojis: at the first one, or at the end of the news, after the greeting."""
    if match := EMOJI.search(text):
        return match.start()
    place = -1
    for _ in range(3 if text.startswith("Subject:") else 2):
        place = text.find("\n\n", place + 1)
    return place


def marked(text: str, values: dict[str, str], start: int) -> tuple[str, Marks]:
    """An answer filled in, with the weight changing where a field or an emoji begins and ends."""
    out, marks, at = "", [(start, ANSWER_WEIGHT)], 0
    choice = chosen_at(text)
    for match in SPECIAL.finditer(text):
        out += text[at : match.start()]
        plain = CHOICE_WEIGHT if match.start() == choice else ANSWER_WEIGHT
        marks.append((start + len(out), FIRST_WEIGHT if match[1] else plain))
        out += values[match[1]] if match[1] else match[0]
        marks.append((start + len(out), ANSWER_WEIGHT))
        at = match.end()
    return out + text[at:], marks


def write_example(rng: Random) -> Example:
    """Small talk, or an instruction and its e-mail."""
    if rng.random() < SMALL_TALK_SHARE:
        asked, answer = small_talk(rng)
        prompt = prompt_text(rng, joined(rng, blocks(rng)) if rng.random() < 0.5 else "", asked)
        values, found = dict[str, str](), list[tuple[int, int, int]]()
    else:
        fields = draw_fields(rng)
        natural = len(fields.present()) == len(FIELD_NAMES) and rng.random() < NATURAL_SHARE
        told = stage(rng, fields) if natural else write_instruction(rng, fields)
        prompt = prompt_text(rng, told.system, told.user)
        answer, values = write_email(rng, fields, told.wants_emojis), values_of(fields)
        found = spans(prompt, fields, told.wants_emojis)
    gap = "" if prompt.endswith(" ") else " "
    text, marks = marked(answer, values, len(prompt) + len(gap))
    return Example(prompt + gap + text, len(prompt), [(len(prompt), ANSWER_WEIGHT), *marks], found)


def example_text(rng: Random) -> str:
    return write_example(rng).text


@cache
def tokenizer() -> Tokenizer:
    """The one just made for a run from scratch, or the shipped one, which a run that goes on needs."""
    return Tokenizer.from_file(str(NEW_TOKENIZER if NEW_TOKENIZER.exists() else SHIPPED_TOKENIZER))


def encode(rng: Random, example: Example) -> Row:
    """Tokens, weights and tags, with one or two `<s>` before (the containers add one to a literal one) and `</s>` after."""
    encoding = tokenizer().encode(example.text, add_special_tokens=False)
    starts, kinds = [start for start, _ in example.marks], [kind for _, kind in example.marks]
    num_bos = rng.choice((1, 2))
    tokens, weights, last = [1] * num_bos, [0.0] * num_bos, -1
    for token, (_, end) in zip(encoding.ids, encoding.offsets, strict=True):
        # By the end of the token, for the space before a field belongs to the field's first token.
        index = bisect_left(starts, end) - 1
        weight = PROMPT_WEIGHT if index < 0 else kinds[index]
        if index == last:
            weight = AFTER_FIRST.get(weight, weight)
        elif index != last and last >= 0 and kinds[last] == FIRST_WEIGHT:
            weight = AFTER_WEIGHT
        last = index
        tokens.append(token)
        weights.append(weight)
    marks = tags(encoding.offsets, example.prompt_len, example.found)
    none = [NO_TAG] * num_bos
    return [*tokens, 2], [*weights, ANSWER_WEIGHT], [*none, *marks, NO_TAG], [*none, *flags(marks), NO_TAG]


class Pool:
    """Collects examples of like length until there is a batch of them."""

    def __init__(self) -> None:
        self.waiting: dict[int, list[Row]] = {length: [] for length in BUCKETS}

    def batch(self, rng: Random) -> Batch:
        while True:
            row = encode(rng, write_example(rng))
            if len(row[0]) > BUCKETS[-1]:
                continue
            length = BUCKETS[bisect_left(BUCKETS, len(row[0]))]
            self.waiting[length].append(row)
            if len(self.waiting[length]) == BATCH_TOKENS // length:
                return self._take(length)

    def _take(self, length: int) -> Batch:
        rows = self.waiting[length]
        self.waiting[length] = []
        tokens = np.full((len(rows), length), 2, dtype=np.int64)
        weights = np.zeros((len(rows), length), dtype=np.float32)
        marks, told = np.full_like(tokens, NO_TAG), np.full_like(tokens, NO_TAG)
        for row, (ids, shares, tagged, flagged) in enumerate(rows):
            tokens[row, : len(ids)], weights[row, : len(ids)] = ids, shares
            marks[row, : len(ids)], told[row, : len(ids)] = tagged, flagged
        return tokens, weights, marks, told


def text_chunks(rng: Generator) -> list[Tokens]:
    """Names, products and codes as chunks of a drill: what the model will have to copy."""
    words = Random(int(rng.integers(1 << 40)))
    made = [words.choice((person, company, product, code))(words) for _ in range(words.randint(2, 9))]
    return [
        np.array(tokenizer().encode(" " * words.randint(0, 1) + text, add_special_tokens=False).ids) for text in made
    ]


def email_source(drill_every: int) -> Source:
    """E-mails, with every so many steps a drill in their place."""
    pool = Pool()

    def source(rng: Generator, step: int) -> Batch:
        if step % drill_every == drill_every - 1:
            alphabet = np.arange(3, tokenizer().get_vocab_size())
            draw = random_chunks(alphabet) if rng.random() < 0.3 else text_chunks
            rows, length = ((13, 224), (5, 576))[int(rng.integers(2))]
            return gapped(rng, alphabet, draw, rows, length)
        return pool.batch(Random(int(rng.integers(1 << 40))))

    return source


def email_phase(name: str, num_steps: int, rate: float, cool_down: float) -> Phase:
    return Phase(name, num_steps, rate, email_source(14), cool_down=cool_down)
