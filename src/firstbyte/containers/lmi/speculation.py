"""LMI's keys for speculative decoding, of which prompt lookup is served: vLLM calls it `ngram`.

Older images name it as a draft model, `option.speculative_draft_model=[ngram]`, with `option.speculative_length`; newer
ones hand vLLM's own `option.speculative_config` on, a JSON object with `method` and `num_speculative_tokens`.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from firstbyte.containers.errors import StartupFailed

NGRAM_MODEL = "[ngram]"
DEFAULT_LENGTH = 5
NOT_SERVED = "has no effect: of speculative decoding prompt lookup is served here ([ngram])"


@dataclass(frozen=True, slots=True)
class Speculation:
    """What is speculated, and what to say of it in the log."""

    num_tokens: int = 0
    """Tokens that prompt lookup may guess in a step; 0 is off."""
    notes: tuple[str, ...] = ()


def read_speculation(merged: Mapping[str, str]) -> Speculation:
    """Read the keys; greedy generations only are speculated, and their tokens are the same.

    Raises:
        StartupFailed: a value cannot be read.
    """
    length = _whole_number("option.speculative_length", merged.get("option.speculative_length", DEFAULT_LENGTH))
    if (text := merged.get("option.speculative_config")) is not None:
        return _of_config(text, length)
    model = merged.get("option.speculative_draft_model")
    if model is None:
        return Speculation()
    return _lookup(length) if model == NGRAM_MODEL else _unserved(f"option.speculative_draft_model={model}")


def _of_config(text: str, length: int) -> Speculation:
    try:
        config = json.loads(text)
    except ValueError as error:
        raise StartupFailed(f"option.speculative_config: value is not valid JSON: {error}") from error
    if not isinstance(config, dict):
        raise StartupFailed(f"option.speculative_config: value is not an object: {text}")
    if config.get("method", config.get("model")) not in ("ngram", NGRAM_MODEL):
        return _unserved(f"option.speculative_config={text}")
    name = "num_speculative_tokens"
    return _lookup(_whole_number(f"option.speculative_config: {name}", config.get(name, length)))


def _lookup(length: int) -> Speculation:
    return Speculation(length, (f"prompt lookup guesses {length} tokens a step for greedy generations",))


def _unserved(what: str) -> Speculation:
    return Speculation(notes=(f"{what}: {NOT_SERVED}",))


def _whole_number(name: str, value: object) -> int:
    text = str(value)
    if not (text.isascii() and text.isdigit() and int(text) > 0):
        raise StartupFailed(f"{name}: value is not a valid integer above 0: {text}")
    return int(text)
