"""OpenVINO GenAI's ContinuousBatchingPipeline, on a graph of its own operations and the same weights.

The graph is `openvino_graph.py`'s: reading llama.cpp's GGUF files ends with `map::at` in this version.
"""

import json
import sys
import threading
from dataclasses import dataclass, field
from typing import Any

from bench.peers.peer import ENVIRONMENTS, Command, Job, install, run_tool
from bench.peers.pipeline import Emit, serve

REQUIREMENTS = ("openvino-genai==2026.4.1.0",)
EOS_TOKEN_ID = 2
"""The pipeline wants one even where it is told to ignore it."""


@dataclass(frozen=True, slots=True)
class OpenVino:
    """The pipeline with its defaults (keys and values in 8 bits among them) and a cache as large as the job's.

    Integer weights run in float32 with activations quantised to 8 bits by groups, which spends less processor time here
    than what it chooses on a machine with bfloat16 instructions.
    """

    name: str = "openvino"

    def prepare(self, job: Job) -> None:
        """Convert the checkpoint."""
        run_tool(install("openvino", *REQUIREMENTS), "-m", "bench.peers.openvino_graph", job.model, job.weights)

    def command(self, job: Job, port: int) -> Command:
        """The pipeline behind `pipeline.serve`."""
        arguments = [job.model, job.weights, port, job.num_streams, job.max_tokens, job.num_threads]
        python = str(ENVIRONMENTS / "openvino" / "bin" / "python")
        return Command([python, "-m", "bench.peers.openvino", *map(str, arguments)], "/generate")

    def body(self, prompt_ids: list[int], num_new: int) -> bytes:
        """Token ids as they are."""
        return json.dumps({"prompt": prompt_ids, "max_tokens": num_new}).encode()


@dataclass(slots=True)
class _Pipeline:
    """One thread that steps while there is work."""

    pipeline: Any
    make_config: Any
    arrivals: threading.Condition = field(default_factory=threading.Condition)
    waiting: list[tuple[list[int], int, Emit]] = field(default_factory=list)
    running: list[tuple[Any, Emit]] = field(default_factory=list)
    num_requests: int = 0

    def submit(self, prompt_ids: list[int], num_new: int, emit: Emit) -> None:
        with self.arrivals:
            self.waiting.append((prompt_ids, num_new, emit))
            self.arrivals.notify()

    def run(self) -> None:
        while True:
            with self.arrivals:
                self.arrivals.wait_for(lambda: self.waiting or self.pipeline.has_non_finished_requests())
                arrived, self.waiting = self.waiting, []
            for prompt_ids, num_new, emit in arrived:
                self.running.append((self._add(prompt_ids, num_new), emit))
            self.pipeline.step()
            self._hand_on()

    def _add(self, prompt_ids: list[int], num_new: int) -> Any:
        import numpy as np
        import openvino as ov

        self.num_requests += 1
        tensor = ov.Tensor(np.array([prompt_ids], np.int64))
        return self.pipeline.add_request(self.num_requests, tensor, self.make_config(num_new))

    def _hand_on(self) -> None:
        for handle, emit in self.running:
            while handle.can_read():
                for output in handle.read().values():
                    for token_id in output.generated_ids:
                        emit(token_id)
        self.running = [(handle, emit) for handle, emit in self.running if handle.get_status().name == "RUNNING"]


def main(model: str, weights: str, *numbers: str) -> None:
    """Serve until killed; runs in OpenVINO's environment."""
    import openvino_genai as genai

    from bench.peers.openvino_graph import path_of

    port, num_streams, max_tokens, num_threads = map(int, numbers)
    scheduler = genai.SchedulerConfig()
    scheduler.num_kv_blocks = -(-num_streams * max_tokens // 32) + num_streams
    scheduler.max_num_seqs = num_streams
    scheduler.dynamic_split_fuse = True
    scheduler.enable_prefix_caching = False

    def make_config(num_new: int) -> Any:
        config = genai.GenerationConfig()
        config.max_new_tokens = num_new
        config.ignore_eos = True
        config.set_eos_token_id(EOS_TOKEN_ID)
        config.do_sample = False
        return config

    properties: dict[str, Any] = {"INFERENCE_NUM_THREADS": num_threads}
    if weights != "bf16":
        properties["INFERENCE_PRECISION_HINT"] = "f32"
    pipeline = genai.ContinuousBatchingPipeline(str(path_of(model, weights)), scheduler, "CPU", properties)
    stepping = _Pipeline(pipeline, make_config)
    threading.Thread(target=stepping.run, daemon=True).start()
    serve(port, stepping.submit)


if __name__ == "__main__":
    main(*sys.argv[1:])
