"""Text to token ids and back: what a checkpoint's tokenizer.json and tokenizer_config.json say, or its GGUF file."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, Self

import tokenizers

from firstbyte.engine.chat import ChatTemplate
from firstbyte.engine.errors import CheckpointError, TemplateFailed
from firstbyte.engine.gguf.reader import find_gguf, read_gguf
from firstbyte.engine.gguf.vocabulary import read_tokenizer, read_tokenizer_config
from firstbyte.engine.model_config import read_json

_TOKENIZER, _CONFIG = "tokenizer.json", "tokenizer_config.json"


class Tokenizer(Protocol):
    """What the engine and the containers need of a tokenizer. All of it may be called from any thread."""

    @property
    def vocab_size(self) -> int:
        """One more than the highest id it can give."""

    @property
    def bos_token(self) -> str | None:
        """The beginning-of-sequence token's text."""

    @property
    def eos_token(self) -> str | None:
        """The end-of-sequence token's text."""

    def encode(self, text: str, add_special_tokens: bool = True) -> list[int]:
        """Token ids of `text`, with BOS in front where the model wants it."""

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = False) -> str:
        """Text of `ids`; an incomplete character becomes U+FFFD."""

    def is_special(self, token_id: int) -> bool:
        """Whether the id is a control token such as EOS."""

    def apply_chat_template(self, messages: Sequence[Mapping[str, Any]], **variables: Any) -> str:
        """Render messages with the model's chat template.

        Further variables (`tools`, `add_generation_prompt`, True unless given) reach the template.
        Raises `TemplateFailed`.
        """


class CheckpointTokenizer:
    """The tokenizer of a model folder or of a GGUF file."""

    def __init__(self, inner: tokenizers.Tokenizer, config: Mapping[str, Any], template: ChatTemplate | None) -> None:
        self._inner = inner
        self._template = template
        self.bos_token = _token_text(config.get("bos_token"))
        self.eos_token = _token_text(config.get("eos_token"))
        self.vocab_size = max(inner.get_vocab().values(), default=-1) + 1
        self._special_ids = _special_ids(inner, config)
        self._bos_id = inner.token_to_id(self.bos_token) if self.bos_token else None
        adds_bos = self._bos_id is not None and inner.encode("").ids[:1] == [self._bos_id]
        wants_bos = bool(config.get("add_bos_token", adds_bos))
        self._lacks_bos = wants_bos and not adds_bos and self._bos_id is not None
        self._drops_bos = adds_bos and not wants_bos
        self._decode_one = lru_cache(maxsize=65_536)(lambda token_id, skip: inner.decode([token_id], skip))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read a folder's files, or a GGUF file's and those beside it, which win; raises `CheckpointError`."""
        folder = path if path.is_dir() else path.parent
        file = None if (folder / _TOKENIZER).is_file() else find_gguf(path)
        if file is None:
            inner, config = _read_tokenizer(folder / _TOKENIZER), _read_config(folder)
        else:
            metadata = read_gguf(file).metadata
            inner, config = read_tokenizer(metadata), read_tokenizer_config(metadata)
        return cls(inner, config, ChatTemplate.load(folder, config))

    def encode(self, text: str, add_special_tokens: bool = True) -> list[int]:
        """Token ids, special ones as tokenizer.json's post-processor and `add_bos_token` say."""
        ids: list[int] = self._inner.encode(text, add_special_tokens=add_special_tokens).ids
        if add_special_tokens and self._lacks_bos:
            assert self._bos_id is not None, "only a known BOS can be lacking"
            return [self._bos_id, *ids]
        return ids[1:] if add_special_tokens and self._drops_bos else ids

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = False) -> str:
        """Text of `ids`."""
        if len(ids) == 1:
            return self._decode_one(ids[0], skip_special_tokens)
        text: str = self._inner.decode(ids, skip_special_tokens)
        return text

    def to_json(self) -> str:
        """The content of its tokenizer.json."""
        text: str = self._inner.to_str()
        return text

    def is_special(self, token_id: int) -> bool:
        """Whether the tokenizer's files call it special."""
        return token_id in self._special_ids

    def apply_chat_template(self, messages: Sequence[Mapping[str, Any]], **variables: Any) -> str:
        """Render with the folder's template."""
        if self._template is None:
            raise TemplateFailed("the model has no chat template")
        return self._template.render(messages, {"bos_token": self.bos_token, "eos_token": self.eos_token} | variables)


def _read_tokenizer(path: Path) -> tokenizers.Tokenizer:
    if not path.is_file():
        raise CheckpointError(
            f"{_TOKENIZER} is missing from the model folder; save the tokenizer with "
            "AutoTokenizer.from_pretrained(...).save_pretrained(...) to make it"
        )
    try:
        inner = tokenizers.Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises bare Exception
        raise CheckpointError(f"{_TOKENIZER} cannot be read: {error}") from error
    # Settings for training; a prompt must be neither cut nor filled up.
    inner.no_truncation()
    inner.no_padding()
    return inner


def _read_config(model_dir: Path) -> dict[str, Any]:
    path = model_dir / _CONFIG
    return read_json(path) if path.is_file() else {}


def _token_text(entry: Any) -> str | None:
    """A token given as its text or as an object with `content`."""
    text = entry.get("content") if isinstance(entry, dict) else entry
    return text if isinstance(text, str) else None


def _special_ids(inner: tokenizers.Tokenizer, config: Mapping[str, Any]) -> frozenset[int]:
    ids = {token_id for token_id, token in inner.get_added_tokens_decoder().items() if token.special}
    names = [config.get(f"{role}_token") for role in ("bos", "eos", "unk", "pad", "sep", "cls", "mask")]
    names += config.get("additional_special_tokens") or []
    known = (inner.token_to_id(text) for entry in names if (text := _token_text(entry)) is not None)
    return frozenset(ids | {token_id for token_id in known if token_id is not None})
