"""`djl_python.request_io`: what a formatter is called with, a generation as far as it has come. Of user code only."""

from dataclasses import dataclass, field
from typing import Any


class Token:
    """One token of an answer or of a prompt."""

    def __init__(
        self,
        id: int,  # noqa: A002 - the name that formatters read
        text: str,
        log_prob: float | None = None,
        special_token: bool | None = None,
        error_msg: str | None = None,
    ) -> None:
        self.id = id
        self.text = text
        self.log_prob = log_prob
        self.special_token = special_token
        self.error_msg = error_msg
        self.request_id: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """As LMI's own formatters write it."""
        token: dict[str, Any] = {"id": self.id, "text": self.text, "log_prob": self.log_prob}
        if self.special_token:
            token["special_token"] = self.special_token
        if self.error_msg:
            token["error_msg"] = self.error_msg
        return token

    def as_tgi_dict(self) -> dict[str, Any]:
        """As they write it with `option.tgi_compat`."""
        token: dict[str, Any] = {"id": self.id, "text": self.text, "logprob": self.log_prob}
        if self.special_token:
            token["special"] = self.special_token
        return token


@dataclass
class Sequence:
    """The tokens so far; `get_next_token` goes through them, one further with each call."""

    tokens: list[Token] = field(default_factory=list)
    top_tokens: list[list[Token]] = field(default_factory=list)
    cumulative_log_prob: float = 0.0
    finish_reason: str | None = None
    stop_reason: str | None = None
    _last_index: int | None = None
    _num_read: int = 0
    _num_top_read: int = 0

    def set_next_token(self, token: Token, is_last_token: bool = False) -> None:
        """Add a token."""
        self.tokens.append(token)
        self.cumulative_log_prob += token.log_prob or 0.0
        if is_last_token:
            self._last_index = len(self.tokens) - 1

    def set_next_top_tokens(self, top_tokens: list[Token]) -> None:
        """Add the alternatives of a token."""
        self.top_tokens.append(top_tokens)

    def has_next_token(self) -> bool:
        """Whether there is a token that has not been read."""
        return self._num_read < len(self.tokens)

    def get_next_token(self) -> tuple[Token | None, bool, bool]:
        """The next token, whether it is the first of the sequence, and whether it is the last."""
        if not self.has_next_token():
            return None, False, False
        index = self._num_read
        self._num_read += 1
        return self.tokens[index], index == 0, index == self._last_index

    def has_next_top_tokens(self) -> bool:
        """Whether there are alternatives that have not been read."""
        return self._num_top_read < len(self.top_tokens)

    def get_next_top_tokens(self) -> list[Token] | None:
        """The alternatives of the next token; None when all have been read."""
        if not self.has_next_top_tokens():
            return None
        self._num_top_read += 1
        return self.top_tokens[self._num_top_read - 1]


@dataclass
class RequestInput:
    """What was asked."""

    request_id: int = 0
    output_formatter: Any = None
    parameters: dict[str, Any] = field(default_factory=dict)
    server_parameters: dict[str, Any] = field(default_factory=dict)
    tgi_compat: bool = False


@dataclass
class TextInput(RequestInput):
    """A prompt."""

    input_text: str | list[str] = ""
    input_ids: list[int] = field(default_factory=list)
    adapters: Any = None
    tokenizer: Any = None

    def prompt_tokens_length(self) -> int:
        """How many tokens the prompt has."""
        return len(self.input_ids)


@dataclass
class RequestOutput:
    """What has been generated."""

    request_id: int
    input: RequestInput
    finished: bool = False


@dataclass
class TextGenerationOutput(RequestOutput):
    """Generated text: one sequence, number 0."""

    sequences: dict[int, Sequence] = field(default_factory=lambda: {0: Sequence()})
    best_sequence_index: int = 0
    prompt_tokens_details: list[Token] = field(default_factory=list)
    other_sequences_indices: list[int] = field(default_factory=list)

    def get_tokens_as_dict(self, sequence_index: int = 0) -> list[dict[str, Any]]:
        """All tokens, as LMI's own formatters write them."""
        return [self._as_dict(token) for token in self.sequences[sequence_index].tokens]

    def get_prompt_tokens_as_dict(self) -> list[dict[str, Any]]:
        """All tokens of the prompt, known at the last step where they were asked for."""
        return [self._as_dict(token) for token in self.prompt_tokens_details]

    def get_top_tokens_as_dict(self, sequence_index: int = 0) -> list[list[dict[str, Any]]]:
        """The alternatives of every token."""
        return [[self._as_dict(token) for token in tokens] for tokens in self.sequences[sequence_index].top_tokens]

    def _as_dict(self, token: Token) -> dict[str, Any]:
        return token.as_tgi_dict() if self.input.tgi_compat else token.as_dict()
