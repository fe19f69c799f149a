"""Grammars over a vocabulary of single bytes, and what they do to a generation."""

import json
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

from fakes.vocabularies import byte_tokenizer_json
from firstbyte.engine.errors import InvalidRequest
from firstbyte.engine.grammar import GrammarCompiler, TokenMask, num_words
from firstbyte.engine.requests import Grammar

VOCAB_SIZE, EOS = 257, 256
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "integer"}},
    "required": ["a"],
    "additionalProperties": False,
}


@pytest.fixture(scope="module")
def compiler() -> GrammarCompiler:
    return GrammarCompiler(byte_tokenizer_json, VOCAB_SIZE, frozenset({EOS}))


def allowed(mask: TokenMask) -> set[int]:
    row = np.zeros(num_words(VOCAB_SIZE), np.int32)
    mask.fill(row)
    return set(np.flatnonzero(np.unpackbits(row.view(np.uint8), bitorder="little")).tolist())


def follow(mask: TokenMask, text: str) -> set[int]:
    for byte in text.encode():
        assert byte in allowed(mask), f"{chr(byte)} of {text!r}"
        mask.consume(byte)
    return allowed(mask)


def test_regex_allows_what_may_come_next_and_then_the_end(compiler: GrammarCompiler) -> None:
    mask = compiler.compile(Grammar("regex", "a[bc]d?"))
    assert allowed(mask) == {ord("a")}
    assert follow(mask, "a") == {ord("b"), ord("c")}
    assert follow(mask, "c") == {ord("d"), EOS}
    assert follow(mask, "d") == {EOS}
    mask.consume(EOS)
    mask.consume(EOS)  # with `ignore_eos` the generation goes on; nothing is left to follow


def test_schema_allows_json_without_needless_blanks(compiler: GrammarCompiler) -> None:
    mask = compiler.compile(Grammar("json_schema", json.dumps(SCHEMA)))
    assert follow(mask, '{"a": -12') >= {ord("3"), ord("}")}
    assert ord(" ") not in allowed(mask)
    assert follow(mask, "}") == {EOS}


@pytest.mark.parametrize(
    "grammar",
    [
        Grammar("regex", "((("),
        Grammar("json_schema", '{"type": "object", "properties": {}, "allOf": [false]}'),
        Grammar("json_schema", '{"type": "nothing", "properties": {}}'),
        Grammar("json_schema", '{"properties": {"a": {"$ref": "#/nowhere"}}, "required": ["a"], "type": "object"}'),
        Grammar("json_schema", "{"),
        Grammar("regex", "[^\\x00-\\U0010FFFF]"),
    ],
)
def test_impossible_grammars_are_refused(compiler: GrammarCompiler, grammar: Grammar) -> None:
    with pytest.raises(InvalidRequest, match="grammar is not valid"):
        compiler.compile(grammar)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text",
    [
        "((((a{1,1000}){1,1000}){1,1000}){1,1000})b",
        "(a|aa)*" * 500 + "b",
        "(.*a){40}.{40}",
    ],
)
def test_hostile_regexes_end_in_bounded_time(compiler: GrammarCompiler, text: str) -> None:
    """Either it is refused, or each of its steps is cheap; the time-out of this test is the judge."""
    try:
        mask = compiler.compile(Grammar("regex", text))
    except InvalidRequest:
        return
    for _ in range(50):
        choices = allowed(mask)
        if ord("a") not in choices:
            break
        mask.consume(ord("a"))


@pytest.mark.timeout(20)
def test_hostile_schemas_end_in_bounded_time(compiler: GrammarCompiler) -> None:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(200):
        schema = {"type": "object", "properties": {"a": schema, "b": schema}, "required": ["a"]}
        if len(str(schema)) > 100_000:
            break
    with suppress(InvalidRequest):
        compiler.compile(Grammar("json_schema", json.dumps(schema)))
