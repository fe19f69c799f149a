"""OpenVINO GenAI's ContinuousBatchingPipeline, on a graph of its own operations and the same weights.

The graph is `openvino_graph.py`'s: reading llama.cpp's GGUF files ends with `map::at` in this version.
"""

import json
import sys
from dataclasses import dataclass, field
from typing import Any

from bench.peers.peer import ENVIRONMENTS, Command, Job, install, run_tool
from bench.peers.pipeline import Asked, Door

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
        """The pipeline behind `pipeline.Door`."""
        arguments = [job.model, job.weights, port, job.num_streams, job.max_tokens, job.num_threads]
        python = str(ENVIRONMENTS / "openvino" / "bin" / "python")
        return Command([python, "-m", "bench.peers.openvino", *map(str, arguments)], "/generate")

    def body(self, prompt_ids: list[int], num_new: int) -> bytes:
        """Token ids as they are."""
        return json.dumps({"prompt": prompt_ids, "max_tokens": num_new}).encode()


@dataclass(slots=True)
class _Pipeline:
    """Steps while there is work; its `step` holds Python's lock."""

    pipeline: Any
    make_config: Any
    running: list[tuple[Any, Asked]] = field(default_factory=list)
    num_requests: int = 0

    def run(self, door: Door) -> None:
        while True:
            for asked in door.arrivals(wait=not self.pipeline.has_non_finished_requests()):
                self.running.append((self._add(asked), asked))
            self.pipeline.step()
            self._hand_on()

    def _add(self, asked: Asked) -> Any:
        import numpy as np
        import openvino as ov

        self.num_requests += 1
        tensor = ov.Tensor(np.array([asked.prompt_ids], np.int64))
        return self.pipeline.add_request(self.num_requests, tensor, self.make_config(asked.num_new))

    def _hand_on(self) -> None:
        for handle, asked in self.running:
            while handle.can_read():
                for output in handle.read().values():
                    for token_id in output.generated_ids:
                        asked.emit(token_id)
        self.running = [(handle, asked) for handle, asked in self.running if handle.get_status().name == "RUNNING"]


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
    _Pipeline(pipeline, make_config).run(Door(port))


if __name__ == "__main__":
    main(*sys.argv[1:])
