"""llama.cpp's own HTTP server, from the `xllamacpp` wheel (built for AVX2, without AVX-512)."""

import json
import sys
import threading
from dataclasses import dataclass

from bench.models import FIRST_WORD
from bench.peers.peer import ENVIRONMENTS, Command, Job, install, run_tool

REQUIREMENTS = ("xllamacpp==2026.10.11549", "gguf==0.19.0")
WITHOUT_TEXT = [[token_id, False] for token_id in range(FIRST_WORD)]
"""Special tokens and single bytes, banned: it sends no event for a token without text or with part of a character."""
FORMATS = {"int8": "Q8_0", "int4": "Q4_0", "bf16": "F16"}


@dataclass(frozen=True, slots=True)
class LlamaCpp:
    """The server with its defaults: batches of 2048, micro-batches of 512, flash attention where it chooses it."""

    name: str = "llama.cpp"

    def prepare(self, job: Job) -> None:
        """Convert the checkpoint."""
        python = install("llama", *REQUIREMENTS)
        run_tool(python, "-m", "bench.gguf", job.model, FORMATS[job.weights])

    def command(self, job: Job, port: int) -> Command:
        """A server with a slot for each stream."""
        arguments = [job.model, FORMATS[job.weights], port, job.num_streams, job.max_tokens, job.num_threads]
        python = str(ENVIRONMENTS / "llama" / "bin" / "python")
        return Command([python, "-m", "bench.peers.llama_cpp", *map(str, arguments)], "/completion")

    def body(self, prompt_ids: list[int], num_new: int) -> bytes:
        """Token ids as they are; greedy; nothing reused."""
        return json.dumps(
            {"prompt": prompt_ids, "n_predict": num_new, "temperature": 0, "ignore_eos": True, "stream": True,
             "cache_prompt": False, "logit_bias": WITHOUT_TEXT}
        ).encode()  # fmt: skip


def main(model: str, stored: str, *numbers: str) -> None:
    """Serve until killed; runs in llama.cpp's environment."""
    from xllamacpp import CommonParams, Server

    from bench.gguf import path_of

    port, num_streams, max_tokens, num_threads = map(int, numbers)
    params = CommonParams()
    params.model.path = str(path_of(model, stored))
    params.hostnames = ["127.0.0.1"]
    params.port = port
    params.n_parallel = num_streams
    params.n_ctx = num_streams * max_tokens
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = num_threads
    params.cache_prompt = False
    params.fit_params = False
    server = Server(params)
    print(server.listening_address, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
