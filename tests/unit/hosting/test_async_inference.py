"""Where results of asynchronous inference go, and what is refused before anything is queued."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from firstbyte.hosting.async_inference import (
    AsyncRequest,
    QueuedInvocation,
    check_async_inference,
    queue_request,
    split_location,
)
from firstbyte.hosting.errors import ValidationFailed
from firstbyte.hosting.records import AsyncInference

NOW = datetime(2026, 11, 23, tzinfo=UTC)
INFERENCE = AsyncInference("s3://out/results/", "s3://out/failures")


def queue(**members: Any) -> QueuedInvocation:
    return queue_request(AsyncRequest("e", input_location="s3://in/a.json", **members), INFERENCE, NOW)


def test_results_lie_below_the_paths_under_a_name_of_their_own() -> None:
    one, other = queue(), queue(inference_id="mine")

    assert one.output_location == f"s3://out/results/{one.id}.out"
    assert one.failure_location == f"s3://out/failures/{one.id}-error.out"
    assert one.inference_id == one.id
    assert other.inference_id == "mine"
    assert one.output_location != other.output_location


def test_extension_and_file_name_are_the_caller_s() -> None:
    queued = queue(path_extension="2026/november/", filename="letter.json")

    assert queued.output_location == "s3://out/results/2026/november/letter.json"
    assert queued.failure_location == "s3://out/failures/2026/november/letter.json-error.out"


def test_without_a_failure_path_there_is_no_place_for_failures() -> None:
    request = AsyncRequest("e", body=b"x")

    assert queue_request(request, AsyncInference("s3://out"), NOW).failure_location is None


def test_a_request_expires_after_its_time_to_live() -> None:
    queued = queue(ttl_s=60)

    assert not queued.is_expired(NOW + timedelta(seconds=60))
    assert queued.is_expired(NOW + timedelta(seconds=61))


def test_an_input_in_the_request_has_a_limit() -> None:
    queue_request(AsyncRequest("e", body=b"x" * 128_000), INFERENCE, NOW)
    with pytest.raises(ValidationFailed, match="Member must have length less than or equal to 128000"):
        queue_request(AsyncRequest("e", body=b"x" * 128_001), INFERENCE, NOW)


@pytest.mark.parametrize("given", [{}, {"body": b"x", "input_location": "s3://in/a"}])
def test_the_input_stands_in_exactly_one_place(given: Any) -> None:
    with pytest.raises(ValidationFailed, match="Exactly one of Body and InputLocation"):
        queue_request(AsyncRequest("e", **given), INFERENCE, NOW)


@pytest.mark.parametrize(
    ("location", "bucket", "key"),
    [
        ("s3://b/k", "b", "k"),
        ("s3://b/a/b c?d", "b", "a/b c?d"),
        ("s3://b", "b", ""),
        ("https://s3.us-east-1.amazonaws.com/b/a/k", "b", "a/k"),
        ("https://s3.amazonaws.com/b/k", "b", "k"),
        ("https://b.s3.us-east-1.amazonaws.com/a/k", "b", "a/k"),
        ("https://my.b.s3.amazonaws.com/k", "my.b", "k"),
    ],
)
def test_an_object_has_several_addresses(location: str, bucket: str, key: str) -> None:
    assert split_location(location) == (bucket, key)


@pytest.mark.parametrize("location", ["https://example.com/b/k", "s3:/b/k", "http://b.s3.amazonaws.com/k", "s3:///k"])
def test_what_is_not_in_s3_is_refused(location: str) -> None:
    with pytest.raises(ValidationFailed, match="is not in Amazon S3"):
        split_location(location)


def test_an_input_that_is_a_bucket_is_refused() -> None:
    with pytest.raises(ValidationFailed, match="names no object"):
        queue_request(AsyncRequest("e", input_location="s3://in"), INFERENCE, NOW)


@pytest.mark.parametrize(
    ("output", "says"),
    [
        ({}, "S3OutputPath of AsyncInferenceConfig must be given"),
        ({"S3OutputPath": "https://example.com/x"}, "S3OutputPath https://example.com/x is not in Amazon S3"),
        ({"S3OutputPath": "s3://b/x", "S3FailurePath": "https://x/y"}, "S3FailurePath https://x/y is not in Amazon S3"),
    ],
)
def test_a_configuration_that_cannot_answer_is_refused(output: Any, says: str) -> None:
    with pytest.raises(ValidationFailed, match=says):
        check_async_inference({"OutputConfig": output})


def test_a_configuration_is_read() -> None:
    spec = {
        "OutputConfig": {"S3OutputPath": "s3://b/o", "S3FailurePath": "s3://b/f"},
        "ClientConfig": {"MaxConcurrentInvocationsPerInstance": 3},
    }

    assert AsyncInference.of(spec) == AsyncInference("s3://b/o", "s3://b/f", 3)
    assert AsyncInference.of({"OutputConfig": {"S3OutputPath": "s3://b/o"}}) == AsyncInference("s3://b/o")
