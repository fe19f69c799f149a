"""LMI's completion requests, of a body with `prompt`: fields and what they mean to the engine; from 0.35 on vLLM's."""

from collections.abc import Mapping
from typing import Any

from firstbyte.containers.errors import RequestRejected
from firstbyte.containers.lmi.formats import FORMAT_FIELDS

DEFAULT_COMPLETION_TOKENS = 16
OWN_FIELDS = FORMAT_FIELDS | {"prompt", "model", "stream", "user", "stream_options", "max_tokens"}
"""Fields that are not parameters of generation, or have another name there."""
NOT_SERVED = ("echo", "suffix", "logprobs", "logit_bias")
"""What vLLM does and this server does not."""


def read_completion_parameters(value: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of generation; it samples unless its temperature is 0.

    Raises:
        RequestRejected: it asks for what vLLM does and this server does not.
    """
    for name in NOT_SERVED:
        if value.get(name):
            raise RequestRejected(f"{name} is not served here")
    for name in ("n", "best_of"):
        if value.get(name) not in (None, 1):
            raise RequestRejected(f"{name} must be 1: one choice is served here")
    wanted = value.get("max_tokens")
    parameters = {name: member for name, member in value.items() if name not in OWN_FIELDS and member is not None}
    return {
        "do_sample": True,
        "max_new_tokens": DEFAULT_COMPLETION_TOKENS if wanted is None else wanted,
        **parameters,
    }


def read_prompt(value: Mapping[str, Any]) -> str | None:
    """The prompt: a string, or a list of one; None for anything else."""
    prompt = value["prompt"]
    if isinstance(prompt, list) and len(prompt) == 1:
        [prompt] = prompt
    return prompt if isinstance(prompt, str) else None
