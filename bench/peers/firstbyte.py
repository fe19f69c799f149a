"""Ours: the TGI container, as a launcher starts it.

Run as a program it is `python -m firstbyte.containers` with two things that only a benchmark sets: the instruction set
(BENCH_ISA) and the weights' format (BENCH_QUANTIZE), so that both bits and both instruction sets can be compared.
"""

import dataclasses
import json
import os
from dataclasses import dataclass
from typing import Any

from bench import models
from bench.peers.peer import ENVIRONMENTS, OUR_PYTHON, ROOT, Command, Job

CACHE_DIR = ENVIRONMENTS / "cache"


@dataclass(frozen=True, slots=True)
class Firstbyte:
    """One way of running ours."""

    name: str = "firstbyte"
    isa: str = ""
    """Empty: the best of this machine."""

    def prepare(self, job: Job) -> None:
        """Make the checkpoint."""
        models.make(job.model)

    def command(self, job: Job, port: int) -> Command:
        """The container, with room for exactly the job's streams."""
        environment = {
            "PYTHONPATH": str(ROOT / "src"),
            "SAGEMAKER_BIND_TO_PORT": str(port),
            "FIRSTBYTE_DIALECT": "tgi",
            "FIRSTBYTE_ENGINE_BACKEND": "native",
            "FIRSTBYTE_ENGINE_THREADS": str(job.num_threads),
            "FIRSTBYTE_CACHE_DIR": str(CACHE_DIR),
            "HF_MODEL_ID": str(models.MODELS_DIR / job.model),
            "MAX_INPUT_LENGTH": str(job.max_tokens - 1),
            "MAX_TOTAL_TOKENS": str(job.max_tokens),
            "MAX_BATCH_PREFILL_TOKENS": str(max(4096, job.max_tokens)),
            "MAX_BATCH_TOTAL_TOKENS": str(max(4096, job.max_tokens * job.num_streams)),
            "MAX_BATCH_SIZE": str(job.num_streams),
            "MAX_CONCURRENT_REQUESTS": "512",
            "BENCH_ISA": self.isa,
            "BENCH_QUANTIZE": {"bf16": "none"}.get(job.weights, job.weights),
        }
        return Command([OUR_PYTHON, "-m", "bench.peers.firstbyte"], "/invocations", "/ping", environment)

    def body(self, prompt_ids: list[int], num_new: int) -> bytes:
        """A text of as many words as tokens."""
        return json.dumps(
            {"inputs": models.text_of(prompt_ids), "parameters": {"max_new_tokens": num_new}, "stream": True}
        ).encode()


def main() -> int:
    """Serve until told to stop."""
    from firstbyte.containers.__main__ import main as serve
    from firstbyte.engine.backends.native import NativeBackend

    load = NativeBackend.load

    def load_as_told(checkpoint: Any, options: Any) -> NativeBackend:
        told = dataclasses.replace(options, quantize=os.environ["BENCH_QUANTIZE"])
        return load(checkpoint, told, os.environ["BENCH_ISA"])

    NativeBackend.load = load_as_told  # type: ignore[method-assign,assignment]
    return serve(os.environ)


if __name__ == "__main__":
    raise SystemExit(main())
