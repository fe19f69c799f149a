"""transformers' own continuous batching (`generate_batch`'s manager), in bfloat16 with PyTorch on the CPU."""

import json
import os
import sys
import threading
from dataclasses import dataclass, field
from typing import Any

from bench import models
from bench.peers.peer import ENVIRONMENTS, Command, Job, PeerUnavailable, install
from bench.peers.pipeline import Asked, Door

REQUIREMENTS = ("torch==2.13.0+cpu", "transformers==5.23.0", "accelerate==1.15.0")
PAGE_SIZE = 256
"""Tokens of one block, the manager's default."""
MAX_BATCH_TOKENS = 2048
"""Of one step; as llama.cpp's server has it."""


@dataclass(frozen=True, slots=True)
class Transformers:
    """The manager with a cache as large as the job's and no reuse of prefixes, the rest as it chooses.

    Its own choice of a cache is three fifths of the machine's memory, with an attention mask over all of it for each
    step.
    """

    name: str = "transformers"

    def prepare(self, job: Job) -> None:
        """Make the checkpoint."""
        if job.weights != "bf16":
            raise PeerUnavailable("its continuous batching has no integer weights on a CPU: measured in bfloat16 only")
        models.make(job.model)
        install("transformers", *REQUIREMENTS)

    def command(self, job: Job, port: int) -> Command:
        """The manager behind `pipeline.Door`."""
        python = str(ENVIRONMENTS / "transformers" / "bin" / "python")
        arguments = [models.MODELS_DIR / job.model, port, job.num_streams, job.max_tokens, job.num_threads]
        return Command([python, "-m", "bench.peers.transformers", *map(str, arguments)], "/generate")

    def body(self, prompt_ids: list[int], num_new: int) -> bytes:
        """Token ids as they are."""
        return json.dumps({"prompt": prompt_ids, "max_tokens": num_new}).encode()


@dataclass(slots=True)
class _Manager:
    """Hands on what the manager's thread puts out: with streaming, all tokens so far after each one."""

    manager: Any
    running: dict[str, Asked] = field(default_factory=dict)
    num_sent: dict[str, int] = field(default_factory=dict)

    def take(self, door: Door) -> None:
        while True:
            for asked in door.arrivals(wait=True):
                request_id = f"r{len(self.num_sent)}"
                self.running[request_id], self.num_sent[request_id] = asked, 0
                self.manager.add_request(
                    asked.prompt_ids, request_id=request_id, max_new_tokens=asked.num_new, streaming=True
                )

    def hand_on(self) -> None:
        while True:
            output = self.manager.get_result(timeout=1)
            if output is None:
                if error := self.manager.background_thread_status.fatal_error:
                    _give_up(f"the manager's thread ended: {error!r}")
                continue
            if output.error:
                _give_up(f"{output.request_id} failed: {output.error}")
            new = output.generated_tokens[self.num_sent[output.request_id] :]
            self.num_sent[output.request_id] += len(new)
            for token_id in new:
                self.running[output.request_id].emit(int(token_id))


def _give_up(cause: str) -> None:
    """From a thread: all streams end here, which the client sees at once."""
    print(cause, flush=True)
    os._exit(1)


def main(folder: str, *numbers: str) -> None:
    """Serve until killed; runs in transformers' environment."""
    import torch
    import transformers

    port, num_streams, max_tokens, num_threads = map(int, numbers)
    torch.set_num_threads(num_threads)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        folder, dtype=torch.bfloat16, attn_implementation="sdpa"
    ).eval()
    model.generation_config.eos_token_id = -1
    model.generation_config.do_sample = False
    bounds = transformers.ContinuousBatchingConfig(
        page_size=PAGE_SIZE,
        num_blocks=num_streams * -(-max_tokens // PAGE_SIZE) + 1,
        max_batch_tokens=min(MAX_BATCH_TOKENS, num_streams * max_tokens),
        max_requests_per_batch=num_streams,
        allow_block_sharing=False,
    )
    manager = model.init_continuous_batching(continuous_batching_config=bounds)
    manager.start()
    passing = _Manager(manager)
    threading.Thread(target=passing.hand_on, daemon=True).start()
    passing.take(Door(port))


if __name__ == "__main__":
    main(*sys.argv[1:])
