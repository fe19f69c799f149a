"""What details, the best alternatives and a grammar cost: `python -m bench.guided [MODEL]`, by itself `24m`.

16 streams on one server, in turn plain and with everything on (`details`, `top_n_tokens` 5, a JSON schema), after a
round of each to warm up. The cost is what is lost of the tokens per second, in the median of the rounds: at most 20 %.
On a machine that is not quiet the processor time of the server says it better, which is measured beside it.
The smallest model is the hardest: what is paid for each token weighs most where a token costs least.
"""

import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bench import models
from bench.load import LoadFailed, Request, figures_of, run_load
from bench.models import random_prompts, text_of
from bench.peers.firstbyte import Firstbyte
from bench.peers.peer import Job, Server

NUM_STREAMS = 16
NUM_PROMPT = 32
NUM_NEW = 128
NUM_ROUNDS = 7
MOST_COST_PERCENT = 20.0
SCHEMA = {
    "type": "object",
    "properties": {"numbers": {"type": "array", "items": {"type": "integer"}, "minItems": 10 * NUM_NEW}},
    "required": ["numbers"],
}
"""A list that is not at its end when the answer is: every stream has all its tokens."""
WAYS: Mapping[str, Mapping[str, Any]] = {
    "plain": {},
    "details": {"details": True},
    "top 5": {"top_n_tokens": 5},
    "grammar": {"grammar": {"type": "json", "value": SCHEMA}},
    "everything": {"details": True, "top_n_tokens": 5, "grammar": {"type": "json", "value": SCHEMA}},
}


LLAMA_DECODER = {
    "type": "Sequence",
    "decoders": [
        {"type": "Replace", "pattern": {"String": "▁"}, "content": " "},
        {"type": "ByteFallback"},
        {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0},
    ],
}


def make_guidable(name: str) -> str:
    """The model `name` as grammars want it; returns its folder.

    It has a token that ends a text, which the plain way, greedy, never comes upon: `run_load` would say so. And its
    tokenizer is of Llama 2's kind: any text has tokens, a word one and everything else one for each byte.
    """
    whole = models.make(name)
    folder = models.MODELS_DIR / f"{name}-guidable"
    folder.mkdir(exist_ok=True)
    for path in whole.glob("*.safetensors*"):
        if not (folder / path.name).exists():
            (folder / path.name).symlink_to(path.resolve())
    vocabulary = ["▁" if token == "<0xFF>" else token for token in models.vocabulary()]
    words = {"vocab": {token: i for i, token in enumerate(vocabulary)}, "merges": [], "ignore_merges": True}
    model = {"type": "BPE", "unk_token": "<unk>", "byte_fallback": True, **words}
    tokenizer = json.loads((whole / "tokenizer.json").read_text()) | {"model": model, "decoder": LLAMA_DECODER}
    config = models.config(models.SHAPES[name]) | {"eos_token_id": models.vocabulary().index("</s>")}
    for file_name, value in (("tokenizer.json", tokenizer), ("config.json", config)):
        (folder / file_name).write_text(json.dumps(value))
    (folder / "tokenizer_config.json").write_text((whole / "tokenizer_config.json").read_text())
    return folder.name


def request(prompt_ids: list[int], parameters: Mapping[str, Any]) -> Request:
    """One stream of that way."""
    asked = {"max_new_tokens": NUM_NEW, **parameters}
    body = {"inputs": text_of(prompt_ids), "parameters": asked, "stream": True}
    return Request(json.dumps(body).encode(), NUM_NEW)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one round of one way."""

    tokens_per_s: float
    """Decoded by all streams together."""
    cpu_ms_per_token: float
    """Of the server, which a busy machine nearly leaves as it is."""


def measure(server: Server, parameters: Mapping[str, Any], seed: int) -> Figures:
    """Run 16 streams of that way."""
    prompts = random_prompts(NUM_STREAMS, NUM_PROMPT, seed)
    before_s = server.cpu_s()
    answers = run_load(server.target, [request(prompt, parameters) for prompt in prompts])
    cpu_s = server.cpu_s() - before_s
    return Figures(figures_of(answers).decode_tokens_per_s, 1000 * cpu_s / (NUM_STREAMS * NUM_NEW))


def cost(own: Sequence[Figures], plain: Sequence[Figures]) -> float:
    """Percent of the plain way's tokens per second that a way loses, in the median of the rounds."""
    return statistics.median(100 * (1 - a.tokens_per_s / b.tokens_per_s) for a, b in zip(own, plain, strict=True))


def extra_cpu(own: Sequence[Figures], plain: Sequence[Figures]) -> float:
    """Percent of the plain way's processor time that a way takes on top of it, likewise."""
    pairs = zip(own, plain, strict=True)
    return statistics.median(100 * (a.cpu_ms_per_token / b.cpu_ms_per_token - 1) for a, b in pairs)


def main(names: Sequence[str]) -> int:
    """Measure and print; 1 where everything on costs more than it may, 2 where a way is not served."""
    job = Job(make_guidable(names[0] if names else "24m"), "int8", NUM_STREAMS, max_tokens=512)
    peer = Firstbyte()
    rounds: dict[str, list[Figures]] = {name: [] for name in WAYS}
    with Server(peer, job) as server:
        for number in range(NUM_ROUNDS + 1):
            for name, parameters in WAYS.items():
                try:
                    figures = measure(server, parameters, 1000 * number + 7)
                except LoadFailed as failure:
                    print(f"{name} cannot be measured: {failure}", flush=True)
                    return 2
                if number:  # the first round warms up
                    rounds[name].append(figures)
    for name, own in rounds.items():
        tokens_per_s = statistics.median(figures.tokens_per_s for figures in own)
        lost, extra = cost(own, rounds["plain"]), extra_cpu(own, rounds["plain"])
        print(f"{name:12} {tokens_per_s:9.1f} tokens/s  costs {lost:5.1f} %  CPU {extra:+5.1f} %", flush=True)
    return int(cost(rounds["everything"], rounds["plain"]) > MOST_COST_PERCENT)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
