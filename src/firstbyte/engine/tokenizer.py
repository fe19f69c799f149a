"""Text to token ids and back."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class Tokenizer(Protocol):
    """What the engine and the containers need of a tokenizer."""

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
