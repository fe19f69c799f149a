"""Parameters: the table is true of the models, the page of the table; and every limit of the model is kept."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape

from documents import ROOT
from fakes.control_plane import FakeHost
from firstbyte.aws.gateway import Gateway
from firstbyte.aws.http import HttpRequest
from firstbyte.aws.service_models import ServiceModels
from firstbyte.edge.control import control_operations
from firstbyte.edge.members import read_members
from firstbyte.edge.operations import RECORDED, REFUSED, find_unserved, render_reference

NO_PLANE: Any = type("Anything", (), {"__getattr__": lambda self, name: lambda members: {}})()
MODELS = ServiceModels()
CONTROL = sorted(control_operations(NO_PLANE))
MEMBERS = read_members()
TOO_DEEP = 6


def input_shape(operation: str) -> StructureShape:
    service = next(name for name, operations in MEMBERS.items() if operation in operations)
    shape = MODELS.load(service).operation_model(operation).input_shape
    assert shape is not None
    return shape


def test_the_page_is_current() -> None:
    assert (ROOT / "docs" / "operations.md").read_text(encoding="utf-8") == render_reference(MEMBERS)


@pytest.mark.parametrize(
    ("operation", "path"),
    [(operation, path) for table in (REFUSED, RECORDED) for operation in table for path in table[operation]],
)
def test_every_path_of_the_tables_is_in_the_model(operation: str, path: str) -> None:
    shape: Any = input_shape(operation)
    path, _, value = path.partition("=")
    for name in path.split("."):
        shape = shape.member if isinstance(shape, ListShape) else shape
        shape = shape.members[name]
    assert not value or value in shape.metadata["enum"]


def test_what_is_refused_says_why() -> None:
    variant = {"VariantName": "v", "CoreDumpConfig": {"DestinationS3Uri": "s3://b/k"}}
    assert find_unserved("CreateEndpointConfig", {"ProductionVariants": [{"VariantName": "u"}, variant]}) == (
        "ProductionVariants.CoreDumpConfig cannot be given: core dumps are not kept."
    )
    assert find_unserved("CreateEndpointConfig", {"ProductionVariants": [{"VariantName": "u"}]}) is None
    assert find_unserved("UpdateEndpoint", {"DeploymentConfig": {"AutoRollbackConfiguration": {"Alarms": []}}}) is None


# Every row of the page, tried once


def given(shape: Shape, path: list[str]) -> Any:
    """A value of a shape in which the member at the end of `path` is given."""
    if isinstance(shape, ListShape):
        return [given(shape.member, path)]
    value = valid(shape)
    if path and "=" in path[0]:
        return {**value, **dict([path[0].split("=")])}
    if path:
        assert isinstance(shape, StructureShape)
        return {**value, path[0]: given(shape.members[path[0]], path[1:])}
    if isinstance(shape, StructureShape) and not value:
        name, member = next(iter(shape.members.items()))
        return {name: valid(member) or ["x"]}
    return value or {"k": "v"}


def member_at(value: Any, path: list[str]) -> Any:
    """What stands at the end of `path`, going into the first item of each list."""
    for name in path:
        value = (value[0] if isinstance(value, list) else value)[name]
    return value


@pytest.mark.parametrize(("operation", "path"), [(name, path) for name in REFUSED for path in REFUSED[name]])
def test_every_refused_parameter_is_refused(operation: str, path: str) -> None:
    params = given(input_shape(operation), path.split("."))

    assert find_unserved(operation, params) == f"{path} cannot be given: {REFUSED[operation][path]}."


@pytest.mark.parametrize("path", RECORDED["CreateModel"])
def test_every_recorded_parameter_of_a_model_is_given_back(tmp_path: Path, path: str) -> None:
    params = given(input_shape("CreateModel"), path.split("."))
    kind = "Containers" if path.startswith("Containers") else "PrimaryContainer"
    container = member_at(params, [kind]) if kind in params else {}
    container = {**(container[0] if isinstance(container, list) else container), "Image": "firstbyte/echo"}
    container.pop("ModelDataUrl", None)
    params[kind] = [container] if kind == "Containers" else container
    host = FakeHost(tmp_path)

    assert find_unserved("CreateModel", params) is None
    host.api.create_model(params)

    described = host.api.describe_model({"ModelName": params["ModelName"]})
    assert member_at(described, path.split(".")) == member_at(params, path.split("."))


@pytest.mark.parametrize("path", RECORDED["CreateEndpointConfig"])
def test_every_recorded_parameter_of_a_configuration_is_given_back(tmp_path: Path, path: str) -> None:
    params = given(input_shape("CreateEndpointConfig"), path.split("."))
    params["ProductionVariants"][0] |= {"ModelName": "m"}
    for shadow in params.get("ShadowProductionVariants", ()):
        shadow |= {"ModelName": "m", "VariantName": "shadow"}
    for spec in (params.get("AsyncInferenceConfig", {}).get("OutputConfig", {}), params.get("DataCaptureConfig", {})):
        spec.update({"S3OutputPath": "s3://b/o", "DestinationS3Uri": "s3://b/d"})
    host = FakeHost(tmp_path)
    host.api.create_model({"ModelName": "m", "PrimaryContainer": {"Image": "firstbyte/echo"}})

    assert find_unserved("CreateEndpointConfig", params) is None
    host.api.create_endpoint_config(params)

    described = host.api.describe_endpoint_config({"EndpointConfigName": params["EndpointConfigName"]})
    assert member_at(described, path.split(".")) == member_at(params, path.split("."))


# Every limit of the model, broken once


def valid(shape: Shape, depth: int = 0) -> Any:
    """A value that breaks no length, range or enum; a pattern may not like it."""
    match shape.type_name:
        case "structure":
            assert isinstance(shape, StructureShape)
            return {name: valid(shape.members[name], depth + 1) for name in shape.required_members}
        case "list":
            assert isinstance(shape, ListShape)
            return [valid(shape.member, depth + 1)] * max(1, shape.metadata.get("min", 0))
        case "map":
            return {}
        case "string":
            return (
                shape.metadata["enum"][0] if shape.metadata.get("enum") else "a" * max(1, shape.metadata.get("min", 1))
            )
        case "timestamp":
            return 1_700_000_000
        case "boolean":
            return True
        case _:
            return shape.metadata.get("min", 1)


Breaches = Iterator[tuple[Any, str]]
"""Values that break one limit of a shape or of what is in it, and the words for each."""


def breaches(shape: Shape, depth: int = 0) -> Breaches:
    match shape:
        case StructureShape():
            return structure_breaches(shape, depth)
        case ListShape():
            return list_breaches(shape, depth)
        case MapShape():
            return map_breaches(shape)
    if shape.type_name == "string":
        return text_breaches(shape)
    return number_breaches(shape) if shape.type_name in ("integer", "long", "float", "double") else iter(())


def structure_breaches(shape: StructureShape, depth: int) -> Breaches:
    whole = valid(shape)
    for name, member in shape.members.items():
        if name in shape.required_members:
            yield {key: value for key, value in whole.items() if key != name}, "Member must not be null"
        if depth < TOO_DEEP:
            yield from (({**whole, name: value}, words) for value, words in breaches(member, depth + 1))


def list_breaches(shape: ListShape, depth: int) -> Breaches:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low:
        yield [], f"Member must have length greater than or equal to {low}"
    if high is not None and high <= 1000:
        yield [valid(shape.member)] * (high + 1), f"Member must have length less than or equal to {high}"
    if isinstance(shape.member, StructureShape):
        yield from (([value], words) for value, words in breaches(shape.member, depth + 1))


def map_breaches(shape: MapShape) -> Breaches:
    if (high := shape.metadata.get("max")) is not None:
        yield {f"k{n}": "v" for n in range(high + 1)}, f"Member must have length less than or equal to {high}"


def text_breaches(shape: Shape) -> Breaches:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if shape.metadata.get("enum"):
        yield "abacus", "Member must satisfy enum value set: ["
    if high is not None and high <= 20_000:
        yield "a" * (high + 1), f"Member must have length less than or equal to {high}"
    if low:
        yield "a" * (low - 1), f"Member must have length greater than or equal to {low}"
    if (odd := unmatched(shape.metadata.get("pattern"))) is not None:
        yield odd, "Member must satisfy regular expression pattern: "


def unmatched(pattern: str | None) -> str | None:
    """A text that the pattern does not match; None where every short one is fine, or only Java can tell."""
    try:
        return next((text for text in (" ", "\x00", "\n") if pattern and not re.fullmatch(pattern, text)), None)
    except re.error:
        return None


def number_breaches(shape: Shape) -> Breaches:
    low, high = shape.metadata.get("min"), shape.metadata.get("max")
    if low is not None:
        yield low - 1, f"Member must have value greater than or equal to {low}"
    if high is not None:
        yield high + 1, f"Member must have value less than or equal to {high}"


@pytest.mark.parametrize("operation", CONTROL)
async def test_every_limit_of_the_model_is_kept(operation: str) -> None:
    gateway = Gateway({"sagemaker": control_operations(NO_PLANE)}, None)
    shape, num_tried = input_shape(operation), 0
    for params, words in breaches(shape):
        headers = {"x-amz-target": f"SageMaker.{operation}", "content-type": "application/x-amz-json-1.1"}
        answer = await gateway.handle(HttpRequest("POST", "/", "", headers, json.dumps(params).encode()))
        assert isinstance(answer.body, bytes)
        error = json.loads(answer.body)
        assert answer.status == 400, (params, words)
        assert error["__type"].rpartition("#")[2] == "ValidationException", (params, error)
        message = error.get("message") or error.get("Message")
        assert "failed to satisfy constraint: " in message, (params, message)
        assert words in message, (params, words, message)
        num_tried += 1
    assert num_tried > 0
