"""Guided output: which tokens a grammar allows next, as bits that the sampling applies before the temperature.

The grammars are compiled and followed by llguidance (Earley parser over lazily built lexers, microseconds a token). It
bounds its own work: a grammar that needs more than its default limits fails instead of taking longer. Compiling is done
away from the event loop, by the caller of `GrammarCompiler.compile`; following on the engine's thread.
"""

import json
import threading
from collections.abc import Callable

import numpy as np
from llguidance import LLMatcher, LLTokenizer
from numpy.typing import NDArray

from firstbyte.engine.errors import InvalidRequest
from firstbyte.engine.requests import Grammar

WORD_BITS = 32


def num_words(vocab_size: int) -> int:
    """Int32 words that hold one bit for each token."""
    return -(-vocab_size // WORD_BITS)


class TokenMask:
    """Follows one generation through its grammar. Used by the engine's thread only."""

    def __init__(self, matcher: LLMatcher) -> None:
        self._matcher = matcher
        self.has_failed = False
        """Whether no token can follow, or the grammar has become too complex to tell: the generation has to end."""

    def fill(self, row: NDArray[np.int32]) -> None:
        """Set the bits of the tokens that are allowed next in `row`, C-contiguous, [num_words(vocabulary)].

        When the text is complete only EOS is allowed. Once it has failed all are, so that the step, which others take
        part in, can be run.
        """
        self._matcher.unsafe_compute_mask_ptr(row.ctypes.data, row.nbytes)
        if self._matcher.is_error() or not row.any():
            self.has_failed = True
            row[:] = -1

    def consume(self, token_id: int) -> None:
        """Go on by the token that was chosen."""
        if not self._matcher.is_stopped():
            self._matcher.consume_token(token_id)


class GrammarCompiler:
    """Compiles grammars for one model's vocabulary. Thread-safe; the vocabulary is read at the first grammar."""

    def __init__(self, read_tokenizer: Callable[[], str], vocab_size: int, eos_token_ids: frozenset[int]) -> None:
        self._read_tokenizer = read_tokenizer
        self._vocab_size = vocab_size
        self._eos_token_ids = sorted(eos_token_ids)
        self._lock = threading.Lock()
        self._tokenizer: LLTokenizer | None = None

    def compile(self, grammar: Grammar) -> TokenMask:
        """A mask that stands at the start of `grammar`.

        Raises:
            InvalidRequest: it is not valid, cannot be fulfilled by any text, or is too complex.
        """
        try:
            source = _source(grammar)
        except ValueError as error:
            raise InvalidRequest(f"grammar is not valid: {error}") from error
        matcher = LLMatcher(self._vocabulary(), source, log_level=0)
        if matcher.is_error():
            raise InvalidRequest(f"grammar is not valid: {_first_line(matcher.get_error())}")
        mask = TokenMask(matcher)
        mask.fill(np.zeros(num_words(self._vocab_size), np.int32))
        if mask.has_failed:
            raise InvalidRequest("grammar is not valid: no text of this model's tokens can fulfil it")
        return mask

    def _vocabulary(self) -> LLTokenizer:
        with self._lock:
            if self._tokenizer is None:
                text = self._read_tokenizer()
                try:
                    self._tokenizer = LLTokenizer(text, n_vocab=self._vocab_size, eos_token=self._eos_token_ids)
                except ValueError as error:
                    message = f"grammar is not supported with this model's tokenizer: {error}"
                    raise InvalidRequest(message) from error
            return self._tokenizer


def _source(grammar: Grammar) -> str:
    if grammar.kind == "regex":
        return LLMatcher.grammar_from_regex(grammar.text)
    schema = json.loads(grammar.text)
    # Without this a model may go on for ever with blanks between the members.
    compact = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
    return LLMatcher.grammar_from_json_schema(schema, overrides=compact)  # type: ignore[arg-type]


def _first_line(message: str) -> str:
    return message.strip().partition("\n")[0][:500]
