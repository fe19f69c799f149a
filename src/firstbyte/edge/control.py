"""SageMaker's control plane: operations go to `hosting.ControlPlane`, and what it refuses becomes AWS's errors here."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from firstbyte.aws.errors import ServiceError
from firstbyte.aws.gateway import Call
from firstbyte.edge.operations import find_unserved
from firstbyte.hosting.api import ControlPlane
from firstbyte.hosting.errors import (
    ClientError,
    HostingError,
    ModelFailed,
    NotReady,
    QuotaExceeded,
    StreamFailed,
    Unavailable,
)

Handler = Callable[[Call], Awaitable[Mapping[str, Any]]]


def control_operations(plane: ControlPlane) -> dict[str, Handler]:
    """Give a handler for each operation served, by AWS's name."""
    return {
        name: _handler(operation)
        for name, operation in {
            "AddTags": plane.add_tags,
            "CreateEndpoint": plane.create_endpoint,
            "CreateEndpointConfig": plane.create_endpoint_config,
            "CreateInferenceComponent": plane.create_inference_component,
            "CreateModel": plane.create_model,
            "DeleteEndpoint": plane.delete_endpoint,
            "DeleteEndpointConfig": plane.delete_endpoint_config,
            "DeleteInferenceComponent": plane.delete_inference_component,
            "DeleteModel": plane.delete_model,
            "DeleteTags": plane.delete_tags,
            "DescribeEndpoint": plane.describe_endpoint,
            "DescribeEndpointConfig": plane.describe_endpoint_config,
            "DescribeInferenceComponent": plane.describe_inference_component,
            "DescribeModel": plane.describe_model,
            "ListEndpointConfigs": plane.list_endpoint_configs,
            "ListEndpoints": plane.list_endpoints,
            "ListInferenceComponents": plane.list_inference_components,
            "ListModels": plane.list_models,
            "ListTags": plane.list_tags,
            "UpdateEndpoint": plane.update_endpoint,
            "UpdateEndpointWeightsAndCapacities": plane.update_endpoint_weights_and_capacities,
            "UpdateInferenceComponent": plane.update_inference_component,
            "UpdateInferenceComponentRuntimeConfig": plane.update_inference_component_runtime_config,
        }.items()
    }


def _handler(operation: Callable[[Mapping[str, Any]], dict[str, Any]]) -> Handler:
    async def handle(call: Call) -> Mapping[str, Any]:
        if unserved := find_unserved(call.operation, call.params):
            raise ServiceError("ValidationException", unserved)
        try:
            return operation(call.params)
        except HostingError as error:
            raise as_service_error(error, "ValidationException") from error

    return handle


def as_service_error(error: HostingError, validation_code: str) -> ServiceError:
    """Give what hosting refuses its code and status, most specific first.

    `validation_code` is ValidationException in the control plane and ValidationError in the runtime.
    """
    match error:
        case QuotaExceeded():
            return ServiceError("ResourceLimitExceeded", error.message)
        case ClientError():
            return ServiceError(validation_code, error.message)
        case ModelFailed():
            members = {
                "OriginalStatusCode": error.original_status,
                "OriginalMessage": error.original_message,
                "LogStreamArn": error.log_stream_arn,
                "ErrorCode": error.error_code,
            }
            return ServiceError("ModelError", error.message, status=424, members=members)
        case StreamFailed():
            return ServiceError("ModelStreamError", error.message, members={"ErrorCode": error.error_code})
        case NotReady():
            return ServiceError("ModelNotReadyException", error.message, status=429)
        case Unavailable():
            return ServiceError("ServiceUnavailable", error.message, status=503, fault="server")
        case _:
            return ServiceError("InternalFailure", error.message, status=500, fault="server")
