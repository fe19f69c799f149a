"""What llama.cpp makes of a GGUF file. Runs in an environment of its own: `python llama_cpp.py`, a question on stdin.

{"path", "prompts", "num_tokens"} is answered with the greedy tokens of each prompt, in float32 throughout;
{"blocks"}, hexadecimal blocks by format, with the values that they stand for.
"""

import json
import sys
import urllib.request
from typing import Any


def generate(question: dict[str, Any]) -> list[list[int]]:
    """Ask llama.cpp's own server for each prompt's tokens."""
    from xllamacpp import CommonParams, Server, ggml_type  # type: ignore[import-not-found]

    params = CommonParams()
    params.model.path = question["path"]
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.n_parallel = 1
    params.n_ctx = 256
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.cache_type_k = params.cache_type_v = ggml_type.GGML_TYPE_F32
    params.warmup = False
    params.fit_params = False
    server = Server(params)
    return [_complete(server.listening_address, prompt, question["num_tokens"]) for prompt in question["prompts"]]


def _complete(address: str, prompt: list[int], num_tokens: int) -> list[int]:
    body = {
        "prompt": prompt,
        "n_predict": num_tokens,
        "temperature": 0,
        "ignore_eos": True,
        "cache_prompt": False,
        "return_tokens": True,
    }
    request = urllib.request.Request(f"{address}/completion", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=60) as answer:
        tokens: list[int] = json.loads(answer.read())["tokens"]
    return tokens


def widen(question: dict[str, Any]) -> dict[str, list[float]]:
    """The values of blocks as the `gguf` package has them."""
    import numpy as np
    from gguf import GGMLQuantizationType, quants  # type: ignore[import-not-found]

    return {
        name: quants.dequantize(np.frombuffer(bytes.fromhex(blocks), np.uint8), GGMLQuantizationType[name]).tolist()
        for name, blocks in question["blocks"].items()
    }


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    json.dump(widen(asked) if "blocks" in asked else generate(asked), sys.stdout)
