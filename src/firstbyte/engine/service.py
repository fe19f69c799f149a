"""The engine as a container holds it: asyncio outside, one thread with the loop inside."""

import asyncio
import itertools
import logging
import secrets
from collections import defaultdict
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from firstbyte.engine.backends.backend import Backend
from firstbyte.engine.backends.echo import EchoBackend, WordTokenizer
from firstbyte.engine.backends.factory import create_backend
from firstbyte.engine.blocks import BlockPool
from firstbyte.engine.checkpoint import Checkpoint
from firstbyte.engine.errors import CheckpointError, EngineError, InvalidRequest, Overloaded, PromptTooLong
from firstbyte.engine.generation import Generation
from firstbyte.engine.grammar import GrammarCompiler, TokenMask
from firstbyte.engine.loop import Delivery, EngineLoop
from firstbyte.engine.model_info import ModelInfo
from firstbyte.engine.options import EngineOptions
from firstbyte.engine.requests import GenerateRequest, TokenEvent
from firstbyte.engine.scheduler import Scheduler, SchedulerLimits
from firstbyte.engine.sequence import Sequence
from firstbyte.engine.stats import EngineStats
from firstbyte.engine.tokenizer import CheckpointTokenizer, Tokenizer

_log = logging.getLogger(__name__)
_DEFAULT_MAX_TOTAL_TOKENS = 4096


@dataclass(frozen=True, slots=True)
class _Mailbox:
    """Where one caller waits: a queue that belongs to the caller's event loop."""

    event_loop: asyncio.AbstractEventLoop
    items: asyncio.Queue[TokenEvent | EngineError] = field(default_factory=asyncio.Queue)


class EngineService:
    """One loaded model, generating for any number of callers at once."""

    def __init__(
        self,
        backend: Backend,
        tokenizer: Tokenizer,
        options: EngineOptions,
        grammars: GrammarCompiler | None = None,
    ) -> None:
        self.model: ModelInfo = backend.info
        self._grammars = grammars
        self.tokenizer: Tokenizer = tokenizer
        self.options = options
        max_total_tokens = _max_total_tokens(self.model, options)
        pool = _create_pool(options, max_total_tokens)
        self.max_total_tokens = min(max_total_tokens, pool.num_blocks * pool.block_len)
        """Most tokens of one sequence, prompt and generated, as in force."""
        backend.allocate(pool.num_blocks, pool.block_len)
        self._backend = backend
        self._loop = EngineLoop(backend, Scheduler(pool, _limits(options)), self._deliver)
        self._mailboxes: dict[int, _Mailbox] = {}
        self._sequence_ids = itertools.count(1)
        self._loop.start()

    @classmethod
    def load(cls, model_dir: Path, options: EngineOptions) -> Self:
        """Load a Hugging Face model folder or a GGUF file. Blocks; raises `CheckpointError`, `OptionsError`."""
        if options.backend == "echo":
            return cls.load_echo(options)
        checkpoint = Checkpoint.open(model_dir)
        tokenizer = CheckpointTokenizer.load(model_dir)
        if tokenizer.vocab_size > checkpoint.config.vocab_size:
            raise CheckpointError(
                f"the tokenizer gives ids up to {tokenizer.vocab_size - 1}, "
                f"but the model's vocabulary has {checkpoint.config.vocab_size} entries: they do not belong together"
            )
        backend = create_backend(checkpoint, options)
        grammars = GrammarCompiler(tokenizer.to_json, backend.info.vocab_size, backend.info.eos_token_ids)
        return cls(backend, tokenizer, options, grammars)

    @classmethod
    def load_echo(cls, options: EngineOptions) -> Self:
        """Serve without a model: the words of the prompt come back one by one, then EOS."""
        return cls(EchoBackend(), WordTokenizer(), options)

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[TokenEvent, None]:
        """Stream one event per token.

        At the first step of the iteration raises `RequestError` or `Overloaded`; later `GenerationFailed`.
        Closing the iterator (`contextlib.aclosing`) ends the generation before the next step.
        """
        self._check(request)
        mask = await self._compile(request)
        sequence_id = next(self._sequence_ids)
        mailbox = self._mailboxes[sequence_id] = _Mailbox(asyncio.get_running_loop())
        is_finished = False
        try:
            self._loop.submit(self._generation(sequence_id, request, mask))
            while not is_finished:
                item = await mailbox.items.get()
                is_finished = isinstance(item, EngineError) or item.finish is not None
                if isinstance(item, EngineError):
                    raise item
                yield item
        finally:
            del self._mailboxes[sequence_id]
            if not is_finished:
                self._loop.cancel(sequence_id)

    @property
    def is_healthy(self) -> bool:
        """Whether requests are taken; False after `close`, and for good if the loop broke."""
        return not self._loop.is_closed

    def stats(self) -> EngineStats:
        """How the engine was doing after its latest step."""
        return self._loop.stats

    async def close(self) -> None:
        """End the thread after the present step; running requests raise `GenerationFailed`."""
        await asyncio.to_thread(self._loop.close)
        self._backend.close()

    def _check(self, request: GenerateRequest) -> None:
        """Raise for a request that cannot run, or not now."""
        num_prompt = len(request.prompt_ids)
        if num_prompt == 0:
            raise InvalidRequest("the prompt must have at least one token")
        if request.max_new_tokens < 1:
            raise InvalidRequest(f"max_new_tokens must be at least 1, not {request.max_new_tokens}")
        if num_prompt + request.max_new_tokens > self.max_total_tokens:
            raise PromptTooLong(num_prompt, request.max_new_tokens, self.max_total_tokens)
        if not 0 <= min(request.prompt_ids) <= max(request.prompt_ids) < self.model.vocab_size:
            raise InvalidRequest(f"prompt ids must be from 0 to {self.model.vocab_size - 1}")
        if request.num_top_tokens < 0:
            raise InvalidRequest(f"num_top_tokens must be 0 or more, not {request.num_top_tokens}")
        request.sampling.check()
        if len(self._mailboxes) >= self.options.max_batch_size + self.options.max_queue:
            raise Overloaded(f"{self.options.max_queue} requests are waiting already")

    async def _compile(self, request: GenerateRequest) -> TokenMask | None:
        """The request's grammar, made ready in a thread: a complex one takes up to a second."""
        if request.grammar is None:
            return None
        if self._grammars is None or not self.model.takes_grammars:
            raise InvalidRequest("grammar is not supported")
        return await asyncio.to_thread(self._grammars.compile, request.grammar)

    def _generation(self, sequence_id: int, request: GenerateRequest, mask: TokenMask | None) -> Generation:
        seed = request.sampling.seed
        sequence = Sequence(sequence_id, request, secrets.randbits(64) if seed is None else seed, mask)
        return Generation(sequence, self.tokenizer, self.model.eos_token_ids)

    def _deliver(self, deliveries: list[Delivery]) -> None:
        """Take one step's events, on the engine's thread, to the event loops: one crossing for each loop."""
        posts: defaultdict[asyncio.AbstractEventLoop, list[tuple[_Mailbox, Delivery]]] = defaultdict(list)
        for delivery in deliveries:
            if mailbox := self._mailboxes.get(delivery.sequence_id):
                posts[mailbox.event_loop].append((mailbox, delivery))
        for event_loop, post in posts.items():
            try:
                event_loop.call_soon_threadsafe(_hand_over, post)
            except RuntimeError:  # that event loop is closed: its callers are gone
                _log.info("dropping %d requests of a closed event loop", len(post))
                for _, delivery in post:
                    self._loop.cancel(delivery.sequence_id)


def _hand_over(post: list[tuple[_Mailbox, Delivery]]) -> None:
    for mailbox, delivery in post:
        mailbox.items.put_nowait(delivery.item)


def _max_total_tokens(model: ModelInfo, options: EngineOptions) -> int:
    """What was asked for, but never beyond the positions that the model was made for."""
    wanted = options.max_total_tokens or _DEFAULT_MAX_TOTAL_TOKENS
    if options.max_total_tokens and wanted > model.max_position_embeddings:
        _log.warning("max_total_tokens is cut from %d to the model's %d", wanted, model.max_position_embeddings)
    return min(wanted, model.max_position_embeddings)


def _create_pool(options: EngineOptions, max_total_tokens: int) -> BlockPool:
    num_tokens = options.max_batch_total_tokens or max_total_tokens * options.max_batch_size
    num_blocks = options.num_blocks or -(-num_tokens // options.block_len)
    return BlockPool(num_blocks, options.block_len, prefix_caching=options.prefix_caching)


def _limits(options: EngineOptions) -> SchedulerLimits:
    return SchedulerLimits(
        max_batch_size=options.max_batch_size,
        budget=options.max_batch_prefill_tokens,
        prefill_ratio=options.prefill_ratio,
        min_prefill_tokens=options.min_prefill_tokens,
        num_draft_tokens=options.prompt_lookup_num_tokens or 0,
    )
