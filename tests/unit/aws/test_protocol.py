import pytest

from firstbyte.aws.errors import ServiceError, UnservableAnswer
from firstbyte.aws.protocol import Part, describe_error, find_error_shape
from oracle import MODELS

RUNTIME = MODELS.load("sagemaker-runtime")


def test_an_error_is_described_in_the_names_of_its_shape() -> None:
    error = ServiceError("ModelStreamError", "late", members={"ErrorCode": "StreamBroken", "Hint": "more"})
    assert describe_error(RUNTIME, error) == {"Message": "late", "ErrorCode": "StreamBroken", "Hint": "more"}


def test_an_error_without_a_shape_has_a_message() -> None:
    assert describe_error(RUNTIME, ServiceError("Throttling", "slow")) == {"message": "slow"}
    assert describe_error(None, ServiceError("ModelError", "x")) == {"message": "x"}


def test_members_must_fit_their_shape() -> None:
    with pytest.raises(UnservableAnswer):
        describe_error(RUNTIME, ServiceError("ModelError", "x", members={"OriginalStatusCode": "400"}))


def test_error_shapes_are_found_by_code() -> None:
    shape = find_error_shape(MODELS.load("iam"), "NoSuchEntity")
    assert shape is not None
    assert shape.name == "NoSuchEntityException"
    assert find_error_shape(RUNTIME, "Nonsense") is None


def test_a_part_costs_no_copy() -> None:
    chunk = b"chunk"
    assert Part(chunk) is chunk
