"""What details, the best alternatives and a grammar cost: `python -m bench.guided [MODEL]`, by itself `24m`.

16 streams on one server, in turn plain and with everything on (`details`, `top_n_tokens` 5, a JSON schema), after a
round of each to warm up. The cost is what is lost of the tokens per second, in the median of the rounds: at most 20 %.
The smallest model is the hardest: what is paid for each token weighs most where a token costs least.
"""

import json
import statistics
import sys
from collections.abc import Mapping, Sequence
from typing import Any

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


def request(prompt_ids: list[int], parameters: Mapping[str, Any]) -> Request:
    """One stream of that way."""
    asked = {"max_new_tokens": NUM_NEW, **parameters}
    body = {"inputs": text_of(prompt_ids), "parameters": asked, "stream": True}
    return Request(json.dumps(body).encode(), NUM_NEW)


def measure(server: Server, parameters: Mapping[str, Any], seed: int) -> float:
    """Decoded tokens per second of all streams together."""
    prompts = random_prompts(NUM_STREAMS, NUM_PROMPT, seed)
    return figures_of(run_load(server.target, [request(prompt, parameters) for prompt in prompts])).decode_tokens_per_s


def costs(rounds: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Percent of the plain way's tokens per second that each way loses, in the median of the rounds."""
    return {
        name: statistics.median(100 * (1 - own / plain) for own, plain in zip(values, rounds["plain"], strict=True))
        for name, values in rounds.items()
    }


def main(names: Sequence[str]) -> int:
    """Measure and print; 1 where everything on costs more than it may, 2 where a way is not served."""
    job = Job(names[0] if names else "24m", "int8", NUM_STREAMS, max_tokens=512)
    peer = Firstbyte()
    peer.prepare(job)
    rounds: dict[str, list[float]] = {name: [] for name in WAYS}
    with Server(peer, job) as server:
        for number in range(NUM_ROUNDS + 1):
            for name, parameters in WAYS.items():
                try:
                    tokens_per_s = measure(server, parameters, 1000 * number + 7)
                except LoadFailed as failure:
                    print(f"{name} cannot be measured: {failure}", flush=True)
                    return 2
                if number:  # the first round warms up
                    rounds[name].append(tokens_per_s)
    for name, cost in costs(rounds).items():
        print(f"{name:12} {statistics.median(rounds[name]):9.1f} tokens/s  costs {cost:5.1f} %", flush=True)
    return int(costs(rounds)["everything"] > MOST_COST_PERCENT)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
