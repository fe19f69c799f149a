"""The engine as a container holds it: asyncio outside, one thread with the loop inside."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from firstbyte.engine.model_info import ModelInfo
from firstbyte.engine.options import EngineOptions
from firstbyte.engine.requests import GenerateRequest, TokenEvent
from firstbyte.engine.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class EngineStats:
    """A snapshot after the latest step; counts since the start unless they say otherwise."""

    num_running: int = 0
    """Sequences in the batch now."""
    num_waiting: int = 0
    """Requests not yet admitted now."""
    num_blocks: int = 0
    num_free_blocks: int = 0
    num_steps: int = 0
    num_prompt_tokens: int = 0
    """Prompt tokens computed."""
    num_cached_tokens: int = 0
    """Prompt tokens found in the prefix cache instead."""
    num_generated_tokens: int = 0
    num_preemptions: int = 0
    num_failures: int = 0
    """Requests ended by a failed step."""


class EngineService:
    """Loads one model and generates for any number of callers at once."""

    tokenizer: Tokenizer
    model: ModelInfo
    max_total_tokens: int
    """Most tokens of one sequence, as in force."""

    @classmethod
    def load(cls, model_dir: Path, options: EngineOptions) -> Self:
        """Load a Hugging Face model folder. Blocks; raises `CheckpointError`, `OptionsError`."""
        raise NotImplementedError

    @classmethod
    def load_echo(cls, options: EngineOptions) -> Self:
        """Serve without a model: the words of the prompt come back one by one, then EOS."""
        raise NotImplementedError

    def generate(self, request: GenerateRequest) -> AsyncGenerator[TokenEvent, None]:
        """Stream one event per token.

        At the first step of the iteration raises `RequestError` or `Overloaded`; later `GenerationFailed`.
        Closing the iterator (`contextlib.aclosing`) ends the generation before the next step.
        """
        raise NotImplementedError

    def stats(self) -> EngineStats:
        """How the engine is doing."""
        raise NotImplementedError

    async def close(self) -> None:
        """End the thread; running requests raise `GenerationFailed`."""
        raise NotImplementedError
