"""A stand-in for `EngineService`: tokens that a test can predict, and iterators that it can watch."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any

from firstbyte.engine.errors import EngineError, TemplateFailed
from firstbyte.engine.requests import Finish, FinishReason, GenerateRequest, PromptToken, TokenEvent, TopToken
from firstbyte.engine.stats import EngineStats
from firstbyte.engine.tokenizer import Tokenizer

BOS, EOS = 1, 2


class FakeTokenizer:
    """One id for each character (its code point + 3), BOS in front; `<s>` and `</s>` are the special tokens."""

    vocab_size = 0x110003
    bos_token, eos_token = "<s>", "</s>"

    def encode(self, text: str, add_special_tokens: bool = True) -> list[int]:
        return [BOS] * add_special_tokens + [ord(character) + 3 for character in text]

    def decode(self, ids: Sequence[int], skip_special_tokens: bool = False) -> str:
        special = {BOS: "<s>", EOS: "</s>"} if not skip_special_tokens else {}
        return "".join(special.get(i, "") if i in (BOS, EOS) else chr(i - 3) for i in ids)

    def is_special(self, token_id: int) -> bool:
        return token_id in (BOS, EOS)

    def apply_chat_template(self, messages: Sequence[Mapping[str, Any]], **variables: Any) -> str:
        if any(message["role"] == "nobody" for message in messages):
            raise TemplateFailed("Only user and assistant roles are supported!")
        return "".join(f"[{message['role']}]{message['content']}" for message in messages)


class FakeEngine:
    """Says `texts` then EOS, cut at max_new_tokens; waits at `pause_at` until `resume`; `fail_at` raises `failure`.

    With `is_stopped` there is no EOS: the last text ends in a stop string.
    """

    def __init__(self, texts: Sequence[str] = (" a", " b"), *, fail_at: int = -1, pause_at: int = -1) -> None:
        self.tokenizer: Tokenizer = FakeTokenizer()
        self.texts, self.fail_at, self.pause_at = list(texts), fail_at, pause_at
        self.failure: EngineError = EngineError("broken")
        self.is_stopped = False
        self.requests: list[GenerateRequest] = []
        self.paused, self.resume, self.closed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[TokenEvent, None]:
        self.requests.append(request)
        try:
            said = [*self.texts, *([] if self.is_stopped else ["</s>"])][: request.max_new_tokens]
            for index, text in enumerate(said):
                if index == self.pause_at:
                    self.paused.set()
                    await self.resume.wait()
                if index == self.fail_at:
                    raise self.failure
                yield self._event(request, said, index, text)
        finally:
            self.closed.set()

    def _event(self, request: GenerateRequest, said: Sequence[str], index: int, text: str) -> TokenEvent:
        is_eos = index == len(self.texts)
        is_stop = self.is_stopped and len(said) == len(self.texts)
        reason = FinishReason.EOS_TOKEN if is_eos else FinishReason.LENGTH
        reason = FinishReason.STOP_SEQUENCE if is_stop else reason
        full = "".join(said[:-1] if is_eos else said)
        num_prompt, prompt = len(request.prompt_ids), self._prompt(request)
        finish = Finish(reason, full, len(said), request.sampling.seed, num_prompt, prompt)
        last = index == len(said) - 1
        token_id = EOS if is_eos else index + 10
        best = tuple(TopToken(20 + i, f"t{i}", -0.25 - i, False) for i in range(request.num_top_tokens))
        return TokenEvent(index + 1, token_id, text, -0.25, is_eos, best, finish if last else None)

    def _prompt(self, request: GenerateRequest) -> tuple[PromptToken, ...]:
        ids = request.prompt_ids if request.prompt_logprobs else ()
        return tuple(PromptToken(i, self.tokenizer.decode([i]), -0.5 if n else None) for n, i in enumerate(ids))

    def stats(self) -> EngineStats:
        return EngineStats(num_steps=len(self.requests))

    async def close(self) -> None:
        self.resume.set()
