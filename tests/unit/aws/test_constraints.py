import time
from typing import Any

import pytest
from botocore.model import ShapeResolver

from firstbyte.aws.constraints import check
from firstbyte.aws.errors import ConstraintViolation
from oracle import operation_of

NAME_PATTERN = "[a-zA-Z0-9]([\\-a-zA-Z0-9]*[a-zA-Z0-9])?"


def complaint(operation: str, params: dict[str, Any], service: str = "sagemaker") -> str:
    with pytest.raises(ConstraintViolation) as refused:
        check(operation_of(service, operation).input_shape, params)
    return refused.value.message


def test_what_keeps_the_limits_passes() -> None:
    check(operation_of("sagemaker", "CreateModel").input_shape, {"ModelName": "my-model-1"})


def test_a_long_name() -> None:
    name = "a" * 64
    assert complaint("CreateModel", {"ModelName": name}) == (
        f"1 validation error detected: Value '{name}' at 'modelName' failed to satisfy constraint: "
        "Member must have length less than or equal to 63"
    )


def test_a_missing_member_misspelt_or_not() -> None:
    assert complaint("CreateModel", {}) == (
        "1 validation error detected: Value null at 'modelName' failed to satisfy constraint: Member must not be null"
    )


def test_a_pattern() -> None:
    assert complaint("CreateModel", {"ModelName": "a_b"}) == (
        "1 validation error detected: Value 'a_b' at 'modelName' failed to satisfy constraint: "
        f"Member must satisfy regular expression pattern: {NAME_PATTERN}"
    )


def test_patterns_hold_for_the_whole_value() -> None:
    assert "regular expression" in complaint("CreateModel", {"ModelName": "good\n"})


def test_several_errors_are_all_named_in_the_order_of_the_model() -> None:
    variant = {"VariantName": "v", "ModelName": "m_", "InitialInstanceCount": 0, "InstanceType": "ml.abacus"}
    message = complaint("CreateEndpointConfig", {"ProductionVariants": [{**variant, "VariantName": "ok"}, variant]})
    assert message.startswith(
        "7 validation errors detected: "
        "Value null at 'endpointConfigName' failed to satisfy constraint: Member must not be null; "
        "Value 'm_' at 'productionVariants.1.member.modelName' failed to satisfy constraint: "
    )
    assert (
        "; Value '0' at 'productionVariants.2.member.initialInstanceCount' failed to satisfy constraint: "
        "Member must have value greater than or equal to 1"
    ) in message
    assert (
        "Value 'ml.abacus' at 'productionVariants.2.member.instanceType' failed to satisfy constraint: "
        "Member must satisfy enum value set: [ml."
    ) in message


def test_an_empty_list() -> None:
    assert complaint("CreateEndpointConfig", {"EndpointConfigName": "c", "ProductionVariants": []}) == (
        "1 validation error detected: Value '[]' at 'productionVariants' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1"
    )


def test_a_number() -> None:
    assert complaint("ListEndpoints", {"MaxResults": 101}) == (
        "1 validation error detected: Value '101' at 'maxResults' failed to satisfy constraint: "
        "Member must have value less than or equal to 100"
    )


def test_an_enum() -> None:
    assert complaint("ListEndpoints", {"SortOrder": "Up"}) == (
        "1 validation error detected: Value 'Up' at 'sortOrder' failed to satisfy constraint: "
        "Member must satisfy enum value set: [Ascending, Descending]"
    )


def test_deep_members() -> None:
    tags = [{"Key": "k", "Value": "v"}, {"Key": "", "Value": "v"}]
    assert complaint("AddTags", {"ResourceArn": "arn:aws:sagemaker:us-east-1:123456789012:model/m", "Tags": tags}) == (
        "1 validation error detected: Value '' at 'tags.2.member.key' failed to satisfy constraint: "
        "Member must have length greater than or equal to 1"
    )


def test_scalars_of_a_map_are_reported_at_the_map() -> None:
    environment = {"GOOD": "x", "BAD": "y" * 1025}
    message = complaint("CreateModel", {"ModelName": "m", "PrimaryContainer": {"Environment": environment}})
    assert (
        "' at 'primaryContainer.environment' failed to satisfy constraint: Map value must satisfy constraint: ["
        in message
    )
    assert "[Member must have length less than or equal to 1024, Member must" in message
    assert "Value '{GOOD=x, BAD=yyy" in message


def test_keys_of_a_map_are_reported_at_the_map() -> None:
    message = complaint("CreateModel", {"ModelName": "m", "PrimaryContainer": {"Environment": {"1-2": "x"}}})
    assert message.startswith(
        "1 validation error detected: Value '{1-2=x}' at 'primaryContainer.environment' failed to satisfy constraint: "
        "Map keys must satisfy constraint: [Member must have length less than or equal to 1024, Member must"
    )


def test_scalars_of_a_list_are_reported_at_the_list() -> None:
    vpc = {"SecurityGroupIds": ["sg-1", "sg 2"], "Subnets": ["subnet-1"]}
    message = complaint("CreateModel", {"ModelName": "m", "VpcConfig": vpc})
    assert message == (
        "1 validation error detected: Value '[sg-1, sg 2]' at 'vpcConfig.securityGroupIds' failed to satisfy "
        "constraint: Member must satisfy constraint: [Member must have length less than or equal to 32, Member must "
        "have length greater than or equal to 0, Member must satisfy regular expression pattern: [-0-9a-zA-Z]+]"
    )


def test_nulls_inside_lists_and_maps() -> None:
    params = {"ModelName": "m", "Tags": [None], "PrimaryContainer": {"Environment": {"A": None}}}
    assert complaint("CreateModel", params) == (
        "2 validation errors detected: "
        "Value null at 'primaryContainer.environment.A.member' failed to satisfy constraint: Member must not be null; "
        "Value null at 'tags.1.member' failed to satisfy constraint: Member must not be null"
    )


def test_sensitive_values_are_not_shown() -> None:
    message = complaint(
        "InvokeEndpoint", {"EndpointName": "e", "Body": b"", "CustomAttributes": "é"}, "sagemaker-runtime"
    )
    assert message == (
        "1 validation error detected: Value at 'customAttributes' failed to satisfy constraint: "
        "Member must satisfy regular expression pattern: \\p{ASCII}*"
    )


def test_a_payload_may_be_longer_than_the_model_says() -> None:
    body = b"x" * 7_000_000
    check(operation_of("sagemaker-runtime", "InvokeEndpoint").input_shape, {"EndpointName": "e", "Body": body})


def test_what_is_shown_has_an_end() -> None:
    assert len(complaint("CreateModel", {"ModelName": "a" * 10_000})) < 1300


def test_breaches_are_not_counted_for_ever() -> None:
    assert complaint("AddTags", {"Tags": [{}] * 100_000}).startswith("100 validation errors detected: ")


def test_a_hostile_value_does_not_take_long() -> None:
    started = time.monotonic()
    complaint("CreateEndpoint", {"EndpointName": "-" * 5_000_000, "EndpointConfigName": "a" * 16_000 + "_"})
    assert time.monotonic() - started < 2


SHAPES: dict[str, Any] = {
    "Text": {"type": "string", "max": 1},
    "Secret": {"type": "string", "sensitive": True},
    "Flag": {"type": "boolean"},
    "Point": {"type": "structure", "required": ["Name"], "members": {"Name": {"shape": "Text"}}},
    "Points": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Point"}},
    "Pair": {"type": "structure", "members": {"On": {"shape": "Flag"}, "Secret": {"shape": "Secret"}}},
    "Pairs": {"type": "list", "max": 1, "member": {"shape": "Pair"}},
    "Free": {"type": "structure", "document": True, "members": {}},
    "Input": {
        "type": "structure",
        "members": {"Points": {"shape": "Points"}, "Pairs": {"shape": "Pairs"}, "Free": {"shape": "Free"}},
    },
}


def test_structures_of_a_map_stand_under_their_key_and_values_look_like_java() -> None:
    resolver: Any = ShapeResolver(SHAPES)
    params = {"Points": {"a": {}}, "Pairs": [{"On": True, "Secret": "s"}, {}], "Free": {"x": None}}
    with pytest.raises(ConstraintViolation) as refused:
        check(resolver.get_shape_by_name("Input"), params)
    assert refused.value.message == (
        "2 validation errors detected: "
        "Value null at 'points.a.member.name' failed to satisfy constraint: Member must not be null; "
        "Value '[Pair(on=true, secret=***Sensitive Data Redacted***), Pair()]' at 'pairs' failed to satisfy "
        "constraint: Member must have length less than or equal to 1"
    )
