"""A backend without a model: the prompt's words come back one by one, then EOS, so that tests can predict every token.

Tokens lie in a paged cache as keys and values would, and are read back through the block tables: an error in the
engine's bookkeeping shows up in the text.
"""

import json
import re
import threading
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from firstbyte.engine.backends.backend import Batch, Choices, Int32
from firstbyte.engine.errors import TemplateFailed
from firstbyte.engine.model_info import ModelInfo

_UNK, _BOS, _EOS, _FIRST_BYTE, _FIRST_WORD = 0, 1, 2, 3, 259
_VOCAB_SIZE = 65_536
_SPECIAL_TOKENS = {_UNK: "<unk>", _BOS: "<s>", _EOS: "</s>"}


class WordTokenizer:
    """A token is a word with the space before it; a word gets an id when it is first seen.

    Once all ids are given, new words are spelled in bytes. Text is kept exactly: `decode(encode(t))` is `<s>` and `t`.
    """

    vocab_size = _VOCAB_SIZE
    bos_token = _SPECIAL_TOKENS[_BOS]
    eos_token = _SPECIAL_TOKENS[_EOS]

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._ids: dict[str, int] = {}
        self._words: list[str] = []

    def encode(self, text: str, add_special_tokens: bool = True) -> list[int]:
        """`<s>` (if wanted), then one id for each word."""
        words = re.findall(r"\s*\S+|\s+", text)
        ids = [token_id for word in words for token_id in self._spell(word)]
        return [_BOS, *ids] if add_special_tokens else ids

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = False) -> str:
        """The words; ids never given out become nothing."""
        return b"".join(self._bytes_of(token_id, skip_special_tokens) for token_id in ids).decode(errors="replace")

    def is_special(self, token_id: int) -> bool:
        """Whether it is `<unk>`, `<s>` or `</s>`."""
        return token_id in _SPECIAL_TOKENS

    def apply_chat_template(self, messages: Sequence[Mapping[str, Any]], **variables: Any) -> str:  # noqa: ARG002
        """The last message's text, so that it comes back; there is no template for variables to reach."""
        if not messages:
            raise TemplateFailed("there are no messages")
        content = messages[-1].get("content", "")
        return content if isinstance(content, str) else json.dumps(content)

    def _spell(self, word: str) -> list[int]:
        with self._lock:
            if word not in self._ids and _FIRST_WORD + len(self._words) < _VOCAB_SIZE:
                self._ids[word] = _FIRST_WORD + len(self._words)
                self._words.append(word)
            known = self._ids.get(word)
        return [known] if known is not None else [_FIRST_BYTE + byte for byte in word.encode()]

    def _bytes_of(self, token_id: int, skip_special_tokens: bool) -> bytes:
        if token_id in _SPECIAL_TOKENS:
            return b"" if skip_special_tokens else _SPECIAL_TOKENS[token_id].encode()
        if token_id < _FIRST_WORD:
            return bytes([token_id - _FIRST_BYTE])
        word = token_id - _FIRST_WORD
        return self._words[word].encode() if word < len(self._words) else b""


class EchoBackend:
    """Chooses the n-th token of the prompt (after `<s>`) as the n-th generated token, with log-probability 0."""

    info = ModelInfo(
        backend="echo",
        model_type="echo",
        vocab_size=_VOCAB_SIZE,
        max_position_embeddings=2**31 - 1,
        eos_token_ids=frozenset({_EOS}),
        dtype="int32",
    )

    def allocate(self, num_blocks: int, block_len: int) -> None:
        """Make the cache of token ids."""
        self._cache = np.zeros((num_blocks, block_len), np.int32)
        self._block_len = block_len

    def run(self, batch: Batch) -> Choices:
        """Write the tokens, then read back the one that is due."""
        lens = np.diff(batch.starts)
        tables = np.repeat(batch.block_tables, lens, axis=0)
        blocks = np.take_along_axis(tables, batch.positions[:, None] // self._block_len, axis=1)[:, 0]
        self._cache[blocks, batch.positions % self._block_len] = batch.token_ids
        token_ids = np.array([self._due(batch, row) for row in range(len(batch.plans.sequences))], np.int32)
        num_top = np.minimum(batch.plans.num_top, 1)
        return Choices(
            token_ids=token_ids,
            logprobs=np.zeros(len(token_ids), np.float32),
            top_starts=np.concatenate([[0], np.cumsum(num_top)]).astype(np.int32),
            top_ids=np.repeat(token_ids, num_top),
            top_logprobs=np.zeros(int(num_top.sum()), np.float32),
            scores=np.zeros(len(batch.score_tokens), np.float32),
        )

    def close(self) -> None:
        """Forget the cache."""
        del self._cache

    def _due(self, batch: Batch, row: int) -> int:
        sequence = batch.plans.sequences[row]
        num_generated = int(batch.plans.draws[row])
        num_prompt = int(batch.context_lens[sequence]) - num_generated
        table = batch.block_tables[sequence]
        position = num_generated + (self._read(table, 0) == _BOS)
        return self._read(table, position) if position < num_prompt else _EOS

    def _read(self, table: Int32, position: int) -> int:
        return int(self._cache[table[position // self._block_len], position % self._block_len])
