"""Builds a tokenizer from a GGUF file's own vocabulary, for files that come without a tokenizer.json.

`tokenizer.ggml.model` is `llama`, SentencePiece's pairs joined by the scores of their pieces with bytes as the
fallback (Kudo and Richardson 2018, arXiv:1808.06226), or `gpt2`, byte-level pairs joined in the order of a list.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import tokenizers
from numpy.typing import NDArray
from tokenizers import decoders, models, normalizers, pre_tokenizers, processors

from firstbyte.engine.errors import CheckpointError
from firstbyte.engine.gguf.metadata import Metadata

_UNKNOWN, _CONTROL, _USER_DEFINED = 2, 3, 4
"""Of `tokenizer.ggml.token_type`, SentencePiece's own numbers; 1 normal, 5 unused, 6 a byte."""
_SPACE = "▁"
_MAX_PIECE_LEN = 512
_WORDS = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{DIGITS}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""How Llama 3 and Qwen 2 cut a text into words; they differ in how many digits make one."""


@dataclass(frozen=True, slots=True)
class _Cut:
    """How a `gpt2` vocabulary's texts are cut before pairs are joined."""

    pattern: str | None = None
    """None: GPT-2's own."""
    splits_digits: bool = False
    is_nfc: bool = False
    adds_bos: bool = False
    ignores_merges: bool = False
    """Whole words that are in the vocabulary are taken as they are."""


_LLAMA3 = _Cut(_WORDS.replace("{DIGITS}", "{1,3}"), adds_bos=True, ignores_merges=True)
_QWEN2 = _Cut(_WORDS.replace("{DIGITS}", ""), is_nfc=True)
_CUTS: Mapping[str, _Cut] = {
    "default": _Cut(),
    "gpt-2": _Cut(),
    "smollm": _Cut(splits_digits=True),
    "llama3": _LLAMA3,
    "llama-v3": _LLAMA3,
    "llama-bpe": _LLAMA3,
    "qwen2": _QWEN2,
}
"""`tokenizer.ggml.pre` -> how to cut."""


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """The entries that every kind has."""

    metadata: Metadata
    tokens: list[str]
    ids: dict[str, int]
    kinds: NDArray[Any]

    @classmethod
    def read(cls, metadata: Metadata) -> "_Vocabulary":
        tokens = metadata.texts("tokenizer.ggml.tokens")
        ids = {token: i for i, token in enumerate(tokens)}
        if not tokens or len(ids) != len(tokens) or "" in ids:
            raise CheckpointError(f"{metadata.file_name}: its vocabulary is empty or holds a token twice")
        key = "tokenizer.ggml.token_type"
        kinds = metadata.numbers(key, len(tokens)) if key in metadata.entries else np.ones(len(tokens))
        return cls(metadata, tokens, ids, kinds)

    def of_kind(self, kind: int) -> list[str]:
        return [self.tokens[i] for i in np.flatnonzero(self.kinds == kind)]

    def role(self, name: str) -> str | None:
        """The token of a role, as `tokenizer.ggml.ROLE_token_id` has it."""
        token_id = self.metadata.index(f"tokenizer.ggml.{name}_token_id", len(self.tokens))
        return None if token_id is None else self.tokens[token_id]

    def added(self, name: str, default: bool) -> list[str]:
        """The role's token, if it is put around every prompt."""
        token = self.role(name)
        is_added = self.metadata.flag(f"tokenizer.ggml.add_{name}_token", default)
        return [token] if token is not None and is_added else []


def read_tokenizer(metadata: Metadata) -> tokenizers.Tokenizer:
    """The tokenizer. Raises `CheckpointError` for a vocabulary that is damaged or of another kind."""
    vocabulary = _Vocabulary.read(metadata)
    kind = metadata.text("tokenizer.ggml.model")
    if kind not in ("llama", "gpt2"):
        raise CheckpointError(
            f"{metadata.file_name}: its vocabulary is of kind {kind!r}, and 'llama' or 'gpt2' can be read; "
            "put the model's tokenizer.json beside it"
        )
    try:
        tokenizer = _sentencepiece(vocabulary) if kind == "llama" else _byte_level(vocabulary)
        tokenizer.add_special_tokens([_added(token, True) for token in _special(vocabulary)])
        tokenizer.add_tokens([_added(token, False) for token in vocabulary.of_kind(_USER_DEFINED)])
    except CheckpointError:
        raise
    except Exception as error:  # the library raises bare Exception
        raise CheckpointError(f"{metadata.file_name}: no tokenizer can be made of its vocabulary: {error}") from error
    return tokenizer


def read_tokenizer_config(metadata: Metadata) -> dict[str, Any]:
    """What tokenizer_config.json would say: tokens by role, and the chat template."""
    vocabulary = _Vocabulary.read(metadata)
    roles = {"bos": "bos", "eos": "eos", "unk": "unknown", "pad": "padding"}
    config: dict[str, Any] = {f"{name}_token": vocabulary.role(role) for name, role in roles.items()}
    if "tokenizer.chat_template" in metadata.entries:
        config["chat_template"] = metadata.text("tokenizer.chat_template")
    return config


def _special(vocabulary: _Vocabulary) -> list[str]:
    roles = [token for role in ("bos", "eos") if (token := vocabulary.role(role)) is not None]
    return list(dict.fromkeys(vocabulary.of_kind(_UNKNOWN) + vocabulary.of_kind(_CONTROL) + roles))


def _added(token: str, is_special: bool) -> tokenizers.AddedToken:
    return tokenizers.AddedToken(token, normalized=False, special=is_special)


def _sentencepiece(vocabulary: _Vocabulary) -> tokenizers.Tokenizer:
    scores = vocabulary.metadata.numbers("tokenizer.ggml.scores", len(vocabulary.tokens))
    unknown = next(iter(vocabulary.of_kind(_UNKNOWN)), vocabulary.role("unknown"))
    tokenizer = tokenizers.Tokenizer(
        models.BPE(vocabulary.ids, _joins(vocabulary, scores), unk_token=unknown, fuse_unk=True, byte_fallback=True)
    )
    has_prefix = vocabulary.metadata.flag("tokenizer.ggml.add_space_prefix", True)
    prepend = [normalizers.Prepend(_SPACE)] if has_prefix else []
    tokenizer.normalizer = normalizers.Sequence([*prepend, normalizers.Replace(" ", _SPACE)])
    strip = [decoders.Strip(" ", 1, 0)] if has_prefix else []
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(_SPACE, " "), decoders.ByteFallback(), decoders.Fuse(), *strip]
    )
    _surround(tokenizer, vocabulary, adds_bos=True)
    return tokenizer


def _joins(vocabulary: _Vocabulary, scores: NDArray[Any]) -> list[tuple[str, str]]:
    """Every way to make a piece of two, best piece first; SentencePiece keeps only the pieces' scores."""
    normal = np.flatnonzero((vocabulary.kinds == 1) & np.greater(scores, -np.inf))
    order = normal[np.argsort(-scores[normal].astype(np.float64), kind="stable")]
    return [pair for i in order for pair in _halves(vocabulary.tokens[i], vocabulary.ids)]


def _halves(piece: str, ids: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    if len(piece) > _MAX_PIECE_LEN:  # no tokenizer has one; the work grows with its square
        raise CheckpointError(f"the vocabulary holds a piece of {len(piece)} characters, more than {_MAX_PIECE_LEN}")
    for i in range(1, len(piece)):
        if piece[:i] in ids and piece[i:] in ids:
            yield piece[:i], piece[i:]


def _byte_level(vocabulary: _Vocabulary) -> tokenizers.Tokenizer:
    name = vocabulary.metadata.text("tokenizer.ggml.pre", "default")
    cut = _CUTS.get(name)
    if cut is None:
        raise CheckpointError(
            f"{vocabulary.metadata.file_name}: how {name!r} cuts texts is not known here ({', '.join(_CUTS)} are); "
            "put the model's tokenizer.json beside it"
        )
    pairs = [_split_pair(vocabulary, line) for line in vocabulary.metadata.texts("tokenizer.ggml.merges")]
    tokenizer = tokenizers.Tokenizer(models.BPE(vocabulary.ids, pairs, ignore_merges=cut.ignores_merges))
    if cut.is_nfc:
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(list(_cutters(cut)))
    tokenizer.decoder = decoders.ByteLevel()
    _surround(tokenizer, vocabulary, adds_bos=cut.adds_bos)
    return tokenizer


def _cutters(cut: _Cut) -> Iterator[pre_tokenizers.PreTokenizer]:
    if cut.splits_digits:
        yield pre_tokenizers.Digits(individual_digits=True)
    if cut.pattern is not None:
        yield pre_tokenizers.Split(tokenizers.Regex(cut.pattern), behavior="isolated")
    yield pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=cut.pattern is None)


def _split_pair(vocabulary: _Vocabulary, line: str) -> tuple[str, str]:
    left, _, right = line.partition(" ")
    if not all(token in vocabulary.ids for token in (left, right, left + right)):
        raise CheckpointError(f"{vocabulary.metadata.file_name}: merge {line[:80]!r} is not of its vocabulary")
    return left, right


def _surround(tokenizer: tokenizers.Tokenizer, vocabulary: _Vocabulary, *, adds_bos: bool) -> None:
    """Put BOS before and EOS after a prompt, as the file says."""
    before, after = vocabulary.added("bos", adds_bos), vocabulary.added("eos", False)
    if before or after:
        used = [(token, vocabulary.ids[token]) for token in dict.fromkeys(before + after)]
        tokenizer.post_processor = processors.TemplateProcessing(single=[*before, "$A", *after], special_tokens=used)
