"""What a model is made of: its containers, their names, the way through them."""

from datetime import UTC, datetime
from typing import Any

from firstbyte.hosting.definitions import Container, ExecutionMode, Model, read_containers


def model(**members: Any) -> Model:
    return Model("m", "arn", datetime(2026, 1, 1, tzinfo=UTC), members)


def test_a_containers_data_is_named_either_way() -> None:
    source = {"S3DataSource": {"S3Uri": "s3://b/p/", "S3DataType": "S3Prefix", "CompressionType": "None"}}
    assert Container.of({"Image": "i", "ModelDataSource": source}).model_data_url == "s3://b/p/"
    assert Container.of({"Image": "i", "ModelDataUrl": "s3://b/m.tar.gz"}).model_data_url == "s3://b/m.tar.gz"


def test_a_single_container_is_primary_unless_it_has_a_hostname() -> None:
    assert [one.name for one in model(PrimaryContainer={"Image": "i"}).containers] == ["primary"]
    assert [one.name for one in model(Containers=[{"Image": "i"}]).containers] == ["primary"]
    assert [one.name for one in read_containers([{"Image": "i", "ContainerHostname": "h"}])] == ["h"]


def test_containers_without_hostnames_are_called_after_their_position() -> None:
    assert [one.name for one in read_containers([{"Image": "i"}, {"Image": "j"}])] == ["container-1", "container-2"]
    hosts = [{"Image": "i", "ContainerHostname": "a"}, {"Image": "j", "ContainerHostname": "b"}]
    assert [(one.name, one.image) for one in model(Containers=hosts).containers] == [("a", "i"), ("b", "j")]


def test_requests_go_through_all_containers_unless_the_model_says_otherwise() -> None:
    assert model(Containers=[]).execution_mode is ExecutionMode.SERIAL
    assert model(InferenceExecutionConfig={"Mode": "Direct"}).execution_mode is ExecutionMode.DIRECT
