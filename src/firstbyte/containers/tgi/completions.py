"""TGI's /v1/completions: one prompt or several, whole or streamed, each a choice of one OpenAI object."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from firstbyte.containers.dialect import Call, Generation, Refusal, StreamCall, WholeCall
from firstbyte.containers.errors import ContainerError
from firstbyte.containers.exchange import Answer, Head, Headers, json_answer
from firstbyte.containers.metering import Timings
from firstbyte.containers.tgi.changes import GREEDY_AT_ZERO, PROMPT_BY_SHAPE
from firstbyte.containers.tgi.decoding import (
    OTHER_SHAPE,
    ExtractionFailed,
    Field,
    mismatch_of_variants,
    read_members,
)
from firstbyte.containers.tgi.failures import ValidationFailed
from firstbyte.containers.tgi.information import Served
from firstbyte.containers.tgi.openai import Envelope, summed_headers, usage
from firstbyte.containers.tgi.positions import Reach
from firstbyte.containers.tgi.refusals import refuse_in_stream, refuse_whole
from firstbyte.containers.tgi.rendering import KEEP_ALIVE, compute_headers, dump, error_answer, stream_head
from firstbyte.containers.tgi.requests import (
    DEFAULT_NEW_TOKENS,
    GenerateBody,
    Parameters,
    plan_generation,
)
from firstbyte.containers.versions import Version
from firstbyte.engine.requests import TokenEvent

KIND = "text_completion"
FIELDS = {
    "prompt": Field("any", default=..., is_nullable=False),
    "model": Field("string"),
    "max_tokens": Field("u32"),
    "temperature": Field("f32"),
    "top_p": Field("f32"),
    "stream": Field("bool", default=False, is_nullable=False),
    "seed": Field("u64"),
    "suffix": Field("string"),
    "repetition_penalty": Field("f32"),
    "frequency_penalty": Field("f32"),
    "stop": Field("strings"),
}


@dataclass(frozen=True, slots=True)
class CompletionStream:
    """The chunks of one prompt, told apart by `index`."""

    envelope: Envelope
    head: Head
    index: int
    is_head_early: bool = True
    keep_alive: bytes = KEEP_ALIVE

    def render(self, event: TokenEvent) -> bytes:
        """The chunk of one token; the last one carries the usage."""
        reason = "" if event.finish is None else event.finish.reason
        choice = {"index": self.index, "text": event.text, "logprobs": None, "finish_reason": reason}
        if event.finish is None:
            return self.envelope.event(self.envelope.wrap(KIND, [choice], are_choices_early=True))
        return self.envelope.event(self.envelope.wrap(KIND, [choice]) | {"usage": usage(event.finish)})

    def render_end(self) -> tuple[bytes, ...]:
        """`[DONE]`."""
        return self.envelope.end_events()

    def render_error(self, error: ContainerError) -> tuple[bytes, ...]:
        """The error; the other prompts go on."""
        return self.envelope.error_events(error)[:1]

    def refuse(self, error: ContainerError) -> Answer:
        """The error as an HTTP answer; not used by the server, since the head is early."""
        return error_answer(error)


@dataclass(frozen=True, slots=True)
class CompletionWhole:
    """One object with a choice for each prompt."""

    envelope: Envelope
    headers: Headers

    def render(self, generations: Sequence[Generation], timings: Timings) -> Answer:
        """The object, its figures summed over the prompts."""
        choices = [
            {
                "index": index,
                "text": generation.finish.generated_text,
                "logprobs": None,
                "finish_reason": self.envelope.finish_reason(generation.finish),
            }
            for index, generation in enumerate(generations)
        ]
        counts = usage(*(generation.finish for generation in generations))
        body = self.envelope.wrap(KIND, choices) | {"usage": counts}
        return json_answer(200, dump(body), (*self.headers, *summed_headers(generations, timings)))

    def refuse(self, error: ContainerError) -> Answer:
        """The error as an HTTP answer."""
        return error_answer(error)


def plan_completions(body: Any, served: Served, clock: Callable[[], float] = time.time) -> Call | Refusal | Answer:
    """Turn a completion request into a call.

    Raises:
        ContainerError: the request is refused with a status of its own, before it needs a slot.
    """
    members = read_members(body, FIELDS, "CompletionRequest")
    options = served.options
    prompts = read_prompts(members["prompt"], options.version)
    if members["suffix"] is not None:
        text = "Suffix is not supported and can be achieved by preprocessing the prompt."
        return json_answer(422, dump({"error": text, "error_type": "suffix not supported"}))
    if len(prompts) > options.max_client_batch_size:
        text = f"Number of prompts exceeds the maximum allowed batch size of {options.max_client_batch_size}"
        return json_answer(422, dump({"error": text, "error_type": "batch size exceeded"}))
    envelope = Envelope(options.version, options.model_id, int(clock()))
    headers = compute_headers(options.compute_type, sum(map(len, prompts)))
    parameters = _parameters(members, served)
    bodies = [GenerateBody(prompt, parameters, members["stream"]) for prompt in prompts]
    whole = CompletionWhole(envelope, headers)
    streams = [CompletionStream(envelope, stream_head(headers), index) for index in range(len(prompts))]
    try:
        plans = [plan_generation(part, served.bounds, served.tokenizer)[0] for part in bodies]
    except ValidationFailed as error:
        if members["stream"]:
            return refuse_in_stream(streams[0].head, envelope.error_events, error)
        return refuse_whole(error)
    if not members["stream"]:
        return WholeCall(tuple(plans), whole)
    first, *others = (StreamCall(plan, stream) for plan, stream in zip(plans, streams, strict=True))
    return StreamCall(first.request, first.reply, tuple(others))


def read_prompts(prompt: Any, version: Version) -> tuple[str, ...]:
    """One prompt or a list of them.

    Raises:
        ExtractionFailed: (422) it is something else, or an empty list.
    """
    if isinstance(prompt, str):
        return (prompt,)
    if not prompt and isinstance(prompt, list):
        raise _other_prompt("Empty array detected. Do not use an empty array for the prompt.")
    if isinstance(prompt, list) and all(isinstance(item, str) for item in prompt):
        return tuple(prompt)
    if version >= PROMPT_BY_SHAPE:
        raise mismatch_of_variants("PromptDeserializer", ("prompt",))
    raise _other_prompt("Expected a string" if isinstance(prompt, list) else "Expected a string or an array of strings")


def _other_prompt(words: str) -> ExtractionFailed:
    return ExtractionFailed(422, f"{OTHER_SHAPE}prompt: {words}", ("prompt",), Reach.CLOSING)


def _parameters(members: dict[str, Any], served: Served) -> Parameters:
    temperature, max_tokens = members["temperature"], members["max_tokens"]
    is_greedy = temperature == 0.0 and served.options.version >= GREEDY_AT_ZERO
    return Parameters(
        temperature=None if is_greedy else temperature,
        do_sample=not is_greedy,
        top_p=members["top_p"],
        repetition_penalty=members["repetition_penalty"],
        frequency_penalty=members["frequency_penalty"],
        max_new_tokens=DEFAULT_NEW_TOKENS if max_tokens is None else max_tokens,
        stop=members["stop"] or (),
        seed=members["seed"],
    )
