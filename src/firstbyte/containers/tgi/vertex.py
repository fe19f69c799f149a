"""TGI's /vertex: Google Vertex AI's form of a request, several instances in one body, their texts in a list."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from firstbyte.containers.dialect import Generation, Refusal, WholeCall
from firstbyte.containers.errors import ContainerError
from firstbyte.containers.exchange import Answer, json_answer
from firstbyte.containers.metering import Timings
from firstbyte.containers.tgi.chat_requests import read_chat_body
from firstbyte.containers.tgi.decoding import ExtractionFailed, Field, mismatch_of_variants, read_list, read_members
from firstbyte.containers.tgi.failures import ValidationFailed
from firstbyte.containers.tgi.information import Served
from firstbyte.containers.tgi.refusals import refuse_whole
from firstbyte.containers.tgi.rendering import dump
from firstbyte.containers.tgi.requests import (
    GenerateBody,
    Parameters,
    plan_generation,
    read_generate_body,
)

FIELDS = {"instances": Field("any", default=..., is_nullable=False)}


@dataclass(frozen=True, slots=True)
class Predictions:
    """The generated texts in the order of the instances."""

    def render(self, generations: Sequence[Generation], timings: Timings) -> Answer:
        """The object; Vertex has no headers for the times."""
        del timings
        texts = [generation.finish.generated_text for generation in generations]
        return json_answer(200, dump({"predictions": texts}))

    def refuse(self, error: ContainerError) -> Answer:
        """TGI's answer whatever went wrong. A 500 for a client's mistake would be tried again, so those are 422."""
        del error
        return _error(500, "Incomplete generation")


def plan_vertex(body: Any, served: Served) -> WholeCall | Refusal | Answer:
    """Turn a request's instances into one call.

    Raises:
        ContainerError: the request is refused.
    """
    instances = read_list(read_members(body, FIELDS, "VertexRequest")["instances"], ("instances",))
    if not instances:
        return _error(422, "Input validation error")
    bodies = [_instance(instance, index, served) for index, instance in enumerate(instances)]
    try:
        plans = tuple(plan_generation(part, served.bounds, served.tokenizer)[0] for part in bodies)
    except ValidationFailed as error:
        return refuse_whole(error)
    return WholeCall(plans, Predictions())


def _instance(instance: Any, index: int, served: Served) -> GenerateBody:
    try:
        return _generate_body(instance, served)
    except ExtractionFailed as error:  # of an untagged enum the variants keep their reasons to themselves
        raise mismatch_of_variants("VertexInstance", ("instances", index)) from error


def _generate_body(instance: Any, served: Served) -> GenerateBody:
    """Of the parameters of an instance TGI takes two, and samples."""
    if isinstance(instance, dict) and "inputs" in instance:
        read = read_generate_body(instance, served.options.version)
        parameters = Parameters(
            do_sample=True, max_new_tokens=read.parameters.max_new_tokens, seed=read.parameters.seed
        )
        return GenerateBody(read.inputs, parameters, stream=False)
    if isinstance(instance, dict) and "messages" in instance:
        return read_chat_body(instance | {"stream": False}, served).generate
    raise mismatch_of_variants("VertexInstance")


def _error(status: int, text: str) -> Answer:
    return json_answer(status, dump({"error": text, "error_type": text}))
