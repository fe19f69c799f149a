"""Builds and runs steps by hand, without scheduler and loop: for tests of backends"""

from collections.abc import Sequence as Ordered
from typing import Any

import numpy as np

from firstbyte.engine.backends.backend import Backend, Float32
from firstbyte.engine.backends.reference import ReferenceBackend
from firstbyte.engine.batch import build_batch
from firstbyte.engine.requests import GenerateRequest, Sampling
from firstbyte.engine.scheduler import Run, Step
from firstbyte.engine.sequence import Sequence


def sequence_of(prompt_ids: Ordered[int], *, first_block: int = 0, **sampling: Any) -> Sequence:
    """A sequence that owns 64 blocks in a row, enough for all tests."""
    sequence = Sequence(0, GenerateRequest(tuple(prompt_ids), 64, Sampling(**sampling)))
    sequence.table.blocks.extend(range(first_block, first_block + 64))
    return sequence


def run_of(sequence: Sequence, num_tokens: int) -> Run:
    """The sequence's next `num_tokens`."""
    return Run(sequence, sequence.num_computed, num_tokens, is_choosing=num_tokens == sequence.num_pending)


def decode_greedily(backend: Backend, prompt_ids: Ordered[int], num_new_tokens: int) -> list[int]:
    """The whole prompt in one step, then one token a step."""
    sequence = sequence_of(prompt_ids)
    for _ in range(num_new_tokens):
        choices = backend.run(build_batch(Step((run_of(sequence, sequence.num_pending),))))
        sequence.num_computed = sequence.num_tokens
        sequence.append(int(choices.token_ids[0]))
    generated: list[int] = sequence.token_ids[len(prompt_ids) :].tolist()
    return generated


def prefill(backend: ReferenceBackend, prompt_ids: Ordered[int], chunk: int) -> Float32:
    """Logits after a prompt computed `chunk` tokens a step."""
    sequence, hidden = sequence_of(prompt_ids), np.zeros((1, 0), np.float32)
    while sequence.num_pending:
        run = run_of(sequence, min(chunk, sequence.num_pending))
        hidden = backend.forward(build_batch(Step((run,))))
        sequence.num_computed += run.num_tokens
    logits: Float32 = backend.logits(hidden[-1:])[0]
    return logits
