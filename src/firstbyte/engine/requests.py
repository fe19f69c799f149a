"""What goes into the engine and what comes out: frozen values, shared by containers, service and loop."""

import enum
import math
from dataclasses import dataclass, field
from typing import Literal

from firstbyte.engine.errors import InvalidRequest
from firstbyte.engine.watermark import Watermark


class FinishReason(enum.StrEnum):
    """Why a generation ended; the values are TGI's words, `ERROR` and `ABORT` are LMI's."""

    LENGTH = "length"
    EOS_TOKEN = "eos_token"  # noqa: S105 - a reason, not a password
    STOP_SEQUENCE = "stop_sequence"
    ERROR = "error"
    ABORT = "abort"


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen. Every default is neutral: it leaves the scores as they are."""

    do_sample: bool = False
    temperature: float = 1.0
    """Scores are divided by it; above 0."""
    top_k: int = 0
    """Keep the k best tokens; 0 is off."""
    top_p: float = 1.0
    """Keep the smallest set of best tokens whose probabilities reach p; 1 is off."""
    typical_p: float = 1.0
    """Keep the most typical tokens (Meister et al. 2022, arXiv:2202.00666) up to this mass; 1 is off."""
    repetition_penalty: float = 1.0
    """Scores of tokens seen before are divided by it if positive, else multiplied (Keskar et al. 2019); above 0."""
    frequency_penalty: float = 0.0
    """Times the share of a token among all tokens so far, taken off its score (TGI's formula, not OpenAI's)."""
    seed: int | None = None
    """0 to 2**64 - 1; None draws one. The same seed gives the same tokens, whatever else is in the batch."""

    watermark: Watermark | None = None
    """Which tokens to favour so that the text can be told from others."""

    @property
    def is_greedy(self) -> bool:
        """Whether the best token is taken. As in TGI, any warper that is not neutral turns sampling on."""
        is_warped = self.temperature != 1.0 or self.top_k != 0 or self.top_p < 1.0 or self.typical_p < 1.0
        return not (self.do_sample or is_warped)

    def check(self) -> None:
        """Raise `InvalidRequest` for a value that no formula is defined for."""
        for is_right, words in (
            (0 < self.temperature < math.inf, f"temperature must be finite and above 0, not {self.temperature}"),
            (0 <= self.top_k < 2**31, f"top_k must be 0 (off) to {2**31 - 1}, not {self.top_k}"),
            (0 < self.top_p <= 1, f"top_p must be above 0 and at most 1, not {self.top_p}"),
            (0 < self.typical_p <= 1, f"typical_p must be above 0 and at most 1, not {self.typical_p}"),
            (
                0 < self.repetition_penalty < math.inf,
                f"repetition_penalty must be finite and above 0, not {self.repetition_penalty}",
            ),
            (abs(self.frequency_penalty) <= 1e6, f"frequency_penalty is out of range: {self.frequency_penalty}"),
            (
                self.watermark is None or (0 <= self.watermark.gamma <= 1 and abs(self.watermark.delta) <= 1e6),
                f"watermark must have a gamma from 0 to 1 and a delta in range, not {self.watermark}",
            ),
            (self.seed is None or 0 <= self.seed < 2**64, f"seed must be from 0 to 2**64 - 1, not {self.seed}"),
        ):
            if not is_right:
                raise InvalidRequest(words)


@dataclass(frozen=True, slots=True)
class Grammar:
    """What a generation's text has to be: every token that would lead away from it is ruled out."""

    kind: Literal["json_schema", "regex"]
    text: str
    """The schema as JSON, or the regular expression, which the whole text has to match."""


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """One prompt and what to do with it."""

    prompt_ids: tuple[int, ...]
    """Token ids, at least one; already with BOS where the model wants it."""
    max_new_tokens: int
    sampling: Sampling = Sampling()
    stop: tuple[str, ...] = ()
    """The generation ends when its text ends in one of these after a whole token."""
    stop_anywhere: bool = False
    """Also when one of them lies across tokens or in the midst of one; TGI does not look there."""
    ignore_eos: bool = False
    num_top_tokens: int = 0
    """How many of the best alternatives each event lists (more where the last ones tie)."""
    prompt_logprobs: bool = False
    """Whether `Finish.prompt_tokens` is filled."""
    grammar: Grammar | None = None


@dataclass(frozen=True, slots=True)
class TopToken:
    """One of the best alternatives at a position."""

    token_id: int
    text: str
    logprob: float
    special: bool


@dataclass(frozen=True, slots=True)
class PromptToken:
    """A token of the prompt with its log-probability given those before it; None for the first."""

    token_id: int
    text: str
    logprob: float | None


@dataclass(frozen=True, slots=True)
class Finish:
    """What is known when a generation has ended."""

    reason: FinishReason
    generated_text: str
    """The whole text without special tokens; a stop string that ended it is still in it."""
    num_generated: int
    seed: int | None
    """The seed that was used, drawn or given; None for a greedy generation."""
    num_prompt: int
    prompt_tokens: tuple[PromptToken, ...] = ()
    queue_s: float = field(default=0.0, compare=False)
    """Seconds from its arrival in the loop to the first step it took part in."""


@dataclass(frozen=True, slots=True)
class TokenEvent:
    """One generated token."""

    index: int
    """From 1."""
    token_id: int
    text: str
    """What this token adds to the text; empty while a character is incomplete."""
    logprob: float
    """Natural logarithm of its probability after all penalties and warpers."""
    special: bool
    top_tokens: tuple[TopToken, ...] = ()
    finish: Finish | None = None
    """Set on the last event only."""
