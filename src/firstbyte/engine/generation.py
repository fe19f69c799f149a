"""One request in the loop: from chosen tokens to events."""

import time
from collections.abc import Iterator

from firstbyte.engine.backends.backend import Choices
from firstbyte.engine.requests import Finish, FinishReason, PromptToken, TokenEvent, TopToken
from firstbyte.engine.sequence import Sequence
from firstbyte.engine.text import StopRule, TextStream
from firstbyte.engine.tokenizer import Tokenizer


class Generation:
    """Joins a sequence with its text, its stop rule and the log-probabilities of its prompt."""

    def __init__(self, sequence: Sequence, tokenizer: Tokenizer, eos_token_ids: frozenset[int]) -> None:
        self.sequence = sequence
        self._tokenizer = tokenizer
        self._text = TextStream(tokenizer, sequence.request.prompt_ids)
        self._stop_rule = StopRule(sequence.request, eos_token_ids)
        self._prompt_logprobs: list[float | None] = [None] * sequence.num_prompt
        self._arrived_at_s = time.perf_counter()
        self._queue_s: float | None = None
        self._num_generated = 0

    def begin(self) -> None:
        """Note that a step works on it; the first one ends its time in the queue."""
        if self._queue_s is None:
            self._queue_s = time.perf_counter() - self._arrived_at_s

    def score_prompt(self, start: int, scores: list[float]) -> None:
        """Record log-probabilities of the prompt's tokens from position `start` on."""
        self._prompt_logprobs[start : start + len(scores)] = scores

    def advance(self, choices: Choices, row: int) -> TokenEvent:
        """Turn the token chosen in `row` into an event. The sequence may know further ones already."""
        token_id = int(choices.token_ids[row])
        self._num_generated += 1
        text = self._text.push(token_id)
        reason = self._stop_rule.judge(token_id, text)
        return TokenEvent(
            index=self._num_generated,
            token_id=token_id,
            text=text,
            logprob=float(choices.logprobs[row]),
            special=self._tokenizer.is_special(token_id),
            top_tokens=tuple(self._top_tokens(choices, row)) if self.sequence.request.num_top_tokens else (),
            finish=self._finish(reason) if reason else None,
        )

    def _top_tokens(self, choices: Choices, row: int) -> Iterator[TopToken]:
        span = slice(choices.top_starts[row], choices.top_starts[row + 1])
        for token_id, logprob in zip(choices.top_ids[span].tolist(), choices.top_logprobs[span].tolist(), strict=True):
            yield TopToken(token_id, self._tokenizer.decode([token_id]), logprob, self._tokenizer.is_special(token_id))

    def _finish(self, reason: FinishReason) -> Finish:
        request = self.sequence.request
        return Finish(
            reason=reason,
            generated_text=self._text.generated_text(),
            num_generated=self._num_generated,
            seed=None if request.sampling.is_greedy else self.sequence.seed,
            num_prompt=self.sequence.num_prompt,
            prompt_tokens=tuple(self._prompt_tokens()) if request.prompt_logprobs else (),
            queue_s=self._queue_s or 0.0,
        )

    def _prompt_tokens(self) -> Iterator[PromptToken]:
        for token_id, logprob in zip(self.sequence.request.prompt_ids, self._prompt_logprobs, strict=True):
            yield PromptToken(token_id, self._tokenizer.decode([token_id]), logprob)
