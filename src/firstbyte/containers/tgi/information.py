"""What TGI tells about the model it serves: /info by version, /v1/models, /tokenize."""

from dataclasses import dataclass
from typing import Any

import firstbyte
from firstbyte.containers.exchange import Answer, json_answer
from firstbyte.containers.tgi.changes import LIMITS_FOLLOW_MODEL, MAX_INPUT_TOKENS_NAME
from firstbyte.containers.tgi.failures import ValidationFailed
from firstbyte.containers.tgi.options import Limits, TgiOptions
from firstbyte.containers.tgi.rendering import dump, error_answer
from firstbyte.containers.tgi.requests import (
    Bounds,
    read_generate_body,
)
from firstbyte.engine.model_info import ModelInfo
from firstbyte.engine.tokenizer import Tokenizer


@dataclass(frozen=True, slots=True)
class Served:
    """The loaded model as TGI's routes see it."""

    options: TgiOptions
    limits: Limits
    model: ModelInfo
    tokenizer: Tokenizer

    @property
    def bounds(self) -> Bounds:
        """What requests are checked against."""
        return Bounds(self.options, self.limits)


def describe_model(served: Served) -> dict[str, Any]:
    """The members of /info in the version's order. The model's commit is unknown here, so `model_sha` is null.

    `quantize` comes after TGI's own members: on a CPU weights are integers even where nobody asked for that.
    """
    options, limits = served.options, served.limits
    is_short = options.version >= LIMITS_FOLLOW_MODEL
    info: dict[str, Any] = {"model_id": options.model_id, "model_sha": None}
    if not is_short:
        info |= {"model_dtype": served.model.dtype, "model_device_type": "cpu"}
    info |= {
        "model_pipeline_tag": None,
        "max_concurrent_requests": options.max_concurrent_requests,
        "max_best_of": options.max_best_of,
        "max_stop_sequences": options.max_stop_sequences,
    }
    input_name = "max_input_tokens" if options.version >= MAX_INPUT_TOKENS_NAME else "max_input_length"
    info |= {input_name: limits.max_input_tokens, "max_total_tokens": limits.max_total_tokens}
    if not is_short:
        info |= {
            "waiting_served_ratio": options.waiting_served_ratio,
            "max_batch_total_tokens": limits.max_batch_total_tokens,
            "max_waiting_tokens": options.max_waiting_tokens,
            "max_batch_size": options.max_batch_size,
        }
    info |= {
        "validation_workers": options.validation_workers,
        "max_client_batch_size": options.max_client_batch_size,
    }
    if is_short:
        info["router"] = "firstbyte"
    info |= {"version": str(options.version), "sha": None, "docker_label": f"firstbyte-{firstbyte.__version__}"}
    return info if served.model.quantize is None else info | {"quantize": served.model.quantize}


def list_models(served: Served) -> dict[str, Any]:
    """The one model, as OpenAI lists models."""
    model_id = served.options.model_id
    return {"object": "list", "data": [{"id": model_id, "object": "model", "created": 0, "owned_by": model_id}]}


def tokenize_answer(body: Any, served: Served) -> Answer:
    """The ids of `inputs` with their texts and the characters they cover."""
    read = read_generate_body(body, served.options.version, "GenerateRequest")
    if not read.inputs:
        return error_answer(ValidationFailed("`inputs` cannot be empty"))
    return json_answer(200, dump(simple_tokens(read.inputs, served.tokenizer)))


def simple_tokens(text: str, tokenizer: Tokenizer, *, add_special_tokens: bool = True) -> list[dict[str, Any]]:
    """`TokenizeResponse`: one object for each id, whose text is what it adds to the text before it, as in a stream.

    Each is decoded together with the few tokens before it; one that completes no character (BOS, a lone byte) covers
    none.
    """
    tokens: list[dict[str, Any]] = []
    ids = tokenizer.encode(text, add_special_tokens=add_special_tokens)
    prefix = read = start = 0
    for index, token_id in enumerate(ids):
        before = tokenizer.decode(ids[prefix:read], skip_special_tokens=True)
        after = tokenizer.decode(ids[prefix : index + 1], skip_special_tokens=True)
        stop = start
        if len(after) > len(before) and not after.endswith("\ufffd"):
            stop = min(len(text), start + len(after) - len(before))
            prefix, read = read, index + 1
        piece = text[start:stop] or tokenizer.decode([token_id], skip_special_tokens=False)
        tokens.append({"id": token_id, "text": piece, "start": start, "stop": stop})
        start = stop
    return tokens
