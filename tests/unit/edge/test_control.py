"""The control plane's border: every operation has its method, every refusal its code."""

from typing import Any

import pytest

from firstbyte.aws.errors import ServiceError
from firstbyte.aws.gateway import Call
from firstbyte.aws.service_models import ServiceModels
from firstbyte.edge.control import as_service_error, control_operations
from firstbyte.hosting import errors


class Plane:
    """A control plane that says which of its methods was called."""

    def __getattr__(self, method: Any) -> Any:
        return lambda members: {"called": method, **members}


class Refusing:
    def __getattr__(self, method: Any) -> Any:
        def refuse(members: Any) -> None:
            raise errors.NotFound("Could not find it.")

        return refuse


PLANE: Any = Plane()
REFUSING: Any = Refusing()


def call(operation: str, params: Any = None) -> Any:
    return Call("sagemaker", operation, params or {}, None, "r")


async def test_each_operation_reaches_the_method_of_its_name() -> None:
    for name, handler in control_operations(PLANE).items():
        snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).strip("_")
        assert await handler(call(name, {"A": 1})) == {"called": snake, "A": 1}


def test_each_operation_is_one_of_sagemaker_s() -> None:
    assert control_operations(PLANE).keys() <= set(ServiceModels().load("sagemaker").operation_names)


async def test_refusals_are_validation_exceptions() -> None:
    with pytest.raises(ServiceError) as caught:
        await control_operations(REFUSING)["DescribeModel"](call("DescribeModel"))

    assert (caught.value.code, caught.value.message, caught.value.status) == (
        "ValidationException",
        "Could not find it.",
        400,
    )
    assert isinstance(caught.value.__cause__, errors.NotFound)


MODEL_FAILED = errors.ModelFailed("said no", original_status=422, original_message="no", log_stream_arn="arn:logs")


@pytest.mark.parametrize(
    ("error", "code", "status", "fault"),
    [
        (errors.ValidationFailed("m"), "V", 400, "client"),
        (errors.NotFound("m"), "V", 400, "client"),
        (errors.AlreadyExists("m"), "V", 400, "client"),
        (errors.InProgress("m"), "V", 400, "client"),
        (errors.QuotaExceeded("m"), "ResourceLimitExceeded", 400, "client"),
        (MODEL_FAILED, "ModelError", 424, "client"),
        (errors.StreamFailed("StreamBroken", "m"), "ModelStreamError", 400, "client"),
        (errors.Unavailable("m"), "ServiceUnavailable", 503, "server"),
        (errors.InternalFault("m"), "InternalFailure", 500, "server"),
    ],
)
def test_every_error_of_hosting_has_its_code(error: Any, code: str, status: int, fault: str) -> None:
    worded = as_service_error(error, "V")

    assert (worded.code, worded.status, worded.fault, worded.message) == (code, status, fault, error.message)


def test_a_model_error_carries_what_the_container_said() -> None:
    assert as_service_error(MODEL_FAILED, "V").members == {
        "OriginalStatusCode": 422,
        "OriginalMessage": "no",
        "LogStreamArn": "arn:logs",
        "ErrorCode": "CLIENT_ERROR_FROM_MODEL",
    }
    assert as_service_error(errors.StreamFailed("StreamBroken", "m"), "V").members == {"ErrorCode": "StreamBroken"}
