"""Token by token to text, and when to stop: both exactly as TGI does it, oddities included.

Sources: TGI `models/model.py` (`decode_token`) and `utils/tokens.py` (`StoppingCriteria`).
"""

import re
from collections.abc import Sequence

from firstbyte.engine.requests import FinishReason, GenerateRequest
from firstbyte.engine.tokenizer import Tokenizer

_INCOMPLETE = "\ufffd"
_NUM_CONTEXT = 5
"""Tokens of the prompt that are decoded along with the first new one, for tokenizers that look back for spaces."""
_MAX_TAIL_CHARS, _KEPT_TAIL_CHARS = 300, 200


class TextStream:
    """Incremental detokenising of one sequence.

    A token's text is what it adds to the text of a few tokens before it. While the bytes so far end inside a
    character the text is empty, and the token that completes the character brings all of it.
    """

    def __init__(self, tokenizer: Tokenizer, prompt_ids: Sequence[int]) -> None:
        self._tokenizer = tokenizer
        self._ids = list(prompt_ids)
        self._num_prompt = len(self._ids)
        self._prefix_start = max(self._num_prompt - _NUM_CONTEXT, 0)
        self._read_end = self._num_prompt

    def push(self, token_id: int) -> str:
        """Add a token; return the text that became complete with it."""
        self._ids.append(token_id)
        prefix = self._tokenizer.decode(self._ids[self._prefix_start : self._read_end])
        text = self._tokenizer.decode(self._ids[self._prefix_start :])
        if len(text) <= len(prefix) or text.endswith(_INCOMPLETE):
            return ""
        self._prefix_start, self._read_end = self._read_end, len(self._ids)
        return text[len(prefix) :]

    def generated_text(self) -> str:
        """All of the generated text, without special tokens and without an incomplete character at its end.

        Decoded in one go after the prompt's last token. (TGI gives an empty text when a character is incomplete;
        what had been streamed until then is given here.)
        """
        last = max(self._num_prompt - 1, 0)
        prefix = self._tokenizer.decode(self._ids[last : self._num_prompt], skip_special_tokens=True)
        text = self._tokenizer.decode(self._ids[last:], skip_special_tokens=True)
        return text[len(prefix) :].rstrip(_INCOMPLETE)


class StopRule:
    """When one generation ends. The order of the questions is TGI's: the length is asked first, even of an EOS."""

    def __init__(self, request: GenerateRequest, eos_token_ids: frozenset[int]) -> None:
        self._max_new_tokens = request.max_new_tokens
        self._eos_token_ids = frozenset[int]() if request.ignore_eos else eos_token_ids
        # `$` also matches before a final newline, which TGI's rule inherits.
        end = "" if request.stop_anywhere else "$"
        self._stops = [re.compile(re.escape(stop) + end) for stop in request.stop]
        self._num_tokens = 0
        self._tail = ""

    def judge(self, token_id: int, text: str) -> FinishReason | None:
        """Take the next token and the text it completed; the reason to end with it, or None to go on."""
        self._num_tokens += 1
        if self._num_tokens >= self._max_new_tokens:
            return FinishReason.LENGTH
        if token_id in self._eos_token_ids:
            return FinishReason.EOS_TOKEN
        return FinishReason.STOP_SEQUENCE if self._stops and self._ends_in_stop(text) else None

    def _ends_in_stop(self, text: str) -> bool:
        self._tail += text
        if len(self._tail) > _MAX_TAIL_CHARS:
            self._tail = self._tail[-_KEPT_TAIL_CHARS:]
        return any(stop.search(self._tail) for stop in self._stops)
