"""What a newer botocore knows and the handlers do not is refused; the list is true, and the page follows from it."""

import copy
import json
from typing import Any

import pytest
from botocore.model import ServiceModel

from firstbyte.app import list_services
from firstbyte.aws.gateway import Gateway, Service
from firstbyte.aws.http import HttpRequest
from firstbyte.aws.service_models import ServiceModels
from firstbyte.edge.members import (
    find_unknown,
    list_members,
    read_members,
    with_known_members,
    write_members,
)

KNOWN = {
    "Name": None,
    "Order": "Up|Down",
    "Variants": {"Name": None, "Routing": {"Strategy": "RANDOM"}, "Kept": None},
}


@pytest.mark.parametrize(
    ("params", "found"),
    [
        ({}, None),
        ({"Name": "x", "Order": "Up", "Variants": [{"Name": "v", "Kept": {"Anything": [1]}}, {}]}, None),
        ({"Colour": "red"}, "Colour"),
        ({"Order": "Sideways"}, "Order=Sideways"),
        ({"Variants": [{"Name": "v"}, {"Name": "w", "Colour": "red"}]}, "Variants.Colour"),
        ({"Variants": [{"Routing": {"Strategy": "KV_AWARE"}}]}, "Variants.Routing.Strategy=KV_AWARE"),
    ],
)
def test_what_is_not_in_the_list_is_named(params: dict[str, Any], found: str | None) -> None:
    sentence = f"{found} cannot be given: this version of Firstbyte does not know it."
    assert find_unknown(KNOWN, params) == (sentence if found else None)


class NewerModels(ServiceModels):
    """A botocore of some later year: a new member, one in a structure, and a new value."""

    def load(self, service: str) -> ServiceModel:
        description = copy.deepcopy(super().load(service)._service_description)
        shapes = description["shapes"]
        if service == "sagemaker":
            shapes["CreateEndpointInput"]["members"]["Colour"] = {"shape": "EndpointName"}
            shapes["ProductionVariant"]["members"]["Colour"] = {"shape": "EndpointName"}
            shapes["OrderKey"]["enum"].append("Shuffled")
        elif service == "sagemaker-runtime":
            shapes["InvokeEndpointInput"]["members"]["Colour"] = {
                "shape": "CustomAttributesHeader",
                "location": "header",
                "locationName": "X-Amzn-SageMaker-Colour",
            }
        return ServiceModel(description, service)


VARIANTS = [{"VariantName": "v", "ModelName": "m", "InitialInstanceCount": 1, "Colour": "red"}]


@pytest.mark.parametrize(
    ("operation", "params", "found"),
    [
        ("CreateEndpoint", {"EndpointName": "e", "EndpointConfigName": "e", "Colour": "red"}, "Colour"),
        (
            "CreateEndpointConfig",
            {"EndpointConfigName": "e", "ProductionVariants": VARIANTS},
            "ProductionVariants.Colour",
        ),
        ("ListEndpoints", {"SortOrder": "Shuffled"}, "SortOrder=Shuffled"),
        ("ListEndpoints", {"SortOrder": "Ascending"}, None),
    ],
)
async def test_a_newer_botocore_brings_nothing_that_is_taken(
    operation: str, params: dict[str, Any], found: str | None
) -> None:
    taken = []

    async def take(call: Any) -> dict[str, Any]:
        taken.append(call.params)
        return {}

    services: dict[str, Service] = {"sagemaker": {operation: take}}
    gateway = Gateway(with_known_members(services), None, models=NewerModels())
    headers = {"x-amz-target": f"SageMaker.{operation}", "content-type": "application/x-amz-json-1.1"}
    answer = await gateway.handle(HttpRequest("POST", "/", "", headers, json.dumps(params).encode()))

    if found is None:
        assert (answer.status, taken) == (200, [params])
        return
    assert isinstance(answer.body, bytes)
    error = json.loads(answer.body)
    assert (answer.status, error["__type"].rpartition("#")[2], taken) == (400, "ValidationException", [])
    assert error["message"] == f"{found} cannot be given: this version of Firstbyte does not know it."


async def test_the_runtime_has_its_own_word_for_it() -> None:
    services: dict[str, Service] = {"sagemaker-runtime": {"InvokeEndpoint": lambda call: pytest.fail("taken")}}
    gateway = Gateway(with_known_members(services), None, models=NewerModels())
    headers = {"content-type": "text/plain", "x-amzn-sagemaker-colour": "red"}
    answer = await gateway.handle(HttpRequest("POST", "/endpoints/e/invocations", "", headers, b"x"))

    assert answer.status == 400
    assert dict(answer.headers)["x-amzn-ErrorType"].startswith("ValidationError")


def test_the_list_has_what_is_served_and_nothing_else() -> None:
    anything: Any = type("Anything", (), {"__getattr__": lambda self, name: None})()
    served = list_services(anything, anything, anything, anything, anything)

    assert {service: sorted(of) for service, of in read_members().items()} == {
        service: sorted(of) for service, of in served.items()
    }


def test_everything_in_the_list_is_in_the_model() -> None:
    known = read_members()
    model = list_members({service: list(of) for service, of in known.items()}, ServiceModels())

    assert without_news(model, known) == known, "python -m firstbyte.edge.members writes it anew"
    assert json.loads(write_members()) == model


def without_news(model: Any, known: Any) -> Any:
    """The model's members and values as far as they are known: a newer botocore is no mistake of ours."""
    if isinstance(model, dict) and isinstance(known, dict):
        return {name: without_news(of, known[name]) for name, of in model.items() if name in known}
    if isinstance(model, str) and isinstance(known, str):
        return "|".join(value for value in model.split("|") if value in known.split("|"))
    return model
