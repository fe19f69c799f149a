"""AWS's sentences about resources and invocations, with this account's names filled in."""

from firstbyte.hosting.errors import ModelFailed, ModelTimedOut
from firstbyte.hosting.settings import HostingSettings

MAX_QUOTED_BYTES = 16 * 1024
"""How much of a container's answer an error quotes."""

COMPONENTS_LEFT = (
    "Cannot delete endpoint with inference component associated. Please delete inference component and try it again."
)
COMPONENTS_UNSUPPORTED = (
    "Inference Components are not supported in this Endpoint. Please make sure this endpoint can deploy inference "
    "components."
)
COMPONENT_NAME_MISSING = (
    "Inference Component Name header is required for endpoints to which you plan to deploy inference components. "
    "Please include Inference Component Name header or consider using SageMaker models."
)
COMPONENT_NAME_NOT_ALLOWED = (
    "Inference Component Name header is not allowed for endpoints to which you dont plan to deploy inference "
    "components. Please remove the Inference Component Name header and try again."
)
NO_CAPACITY = (
    "Inference Component has no capacity to process this request. ApplicationAutoScaling may be in-progress (if "
    "configured) or try to increase the capacity by invoking UpdateInferenceComponentRuntimeConfig API."
)

_SPOKEN = {
    "model": "model",
    "endpoint-config": "endpoint configuration",
    "endpoint": "endpoint",
    "inference-component": "inference component",
}
"""The kinds of resource, as ARNs have them, to AWS's words for them."""


class Wording:
    """ARNs and messages for one account and region."""

    def __init__(self, settings: HostingSettings) -> None:
        self._account_id = settings.account_id
        self._region = settings.region

    def arn(self, kind: str, name: str) -> str:
        """The ARN of a `model`, `endpoint-config`, `endpoint` or `inference-component`."""
        return f"arn:aws:sagemaker:{self._region}:{self._account_id}:{kind}/{name}"

    def not_found(self, kind: str, name: str) -> str:
        """A resource that is not there."""
        return f'Could not find {_SPOKEN[kind]} "{self.arn(kind, name)}".'

    def already_exists(self, kind: str, name: str) -> str:
        """A name that is taken."""
        return f'Cannot create already existing {_SPOKEN[kind]} "{self.arn(kind, name)}".'

    def in_progress(self, name: str, kind: str = "endpoint") -> str:
        """An endpoint, or an inference component, that is busy with something else."""
        return f'Cannot update in-progress {_SPOKEN[kind]} "{self.arn(kind, name)}".'

    def quota_exceeded(self, limit: int, num_used: int, num_asked: int) -> str:
        """More instances than this host runs."""
        return (
            f"The account-level service limit 'instances for endpoint usage' is {limit} Instances, with current "
            f"utilization of {num_used} Instances and a request delta of {num_asked} Instances."
        )

    def log_stream_arn(self, endpoint_name: str) -> str:
        """Where an endpoint's log would lie."""
        return f"arn:aws:logs:{self._region}:{self._account_id}:log-group:/aws/sagemaker/Endpoints/{endpoint_name}"

    def endpoint_not_found(self, endpoint_name: str) -> str:
        """An invocation of an endpoint that is not there, or not in service yet."""
        return f"Endpoint {endpoint_name} of account {self._account_id} not found."

    def model_data_missing(self, url: str, reason: str) -> str:
        """A model of a multi-model container that cannot be fetched."""
        bucket, _, key = url.partition("://")[2].partition("/")
        return (
            f"Failed to download model data(bucket: {bucket}, key: {key}). Please ensure that there is an object "
            "located at the URL and that the role passed to CreateModel has permissions to download the model. "
            f"({reason})"
        )

    def model_failed(self, endpoint_name: str, container_name: str, status: int, body: bytes) -> ModelFailed:
        """A container that answered `status`, not 2xx, with `body`."""
        side = "client" if 400 <= status < 500 else "server"
        text = body[:MAX_QUOTED_BYTES].decode("utf-8", errors="replace")
        said = f'Received {side} error ({status}) from {container_name} with message "{text}".'
        return ModelFailed(
            f"{said} {self._see(endpoint_name)}",
            original_status=status,
            original_message=text,
            log_stream_arn=self.log_stream_arn(endpoint_name),
        )

    def answer_unloadable(self, endpoint_name: str, container_name: str) -> ModelFailed:
        """A container whose answer broke off, or is longer than the API carries."""
        said = f"Received server error (500) from {container_name} and could not load the entire response body."
        return ModelFailed(
            f"{said} {self._see(endpoint_name)}",
            original_status=500,
            original_message="",
            log_stream_arn=self.log_stream_arn(endpoint_name),
        )

    def timed_out(self, endpoint_name: str, container_name: str) -> ModelTimedOut:
        """A container that did not answer in time."""
        text = (
            f"Your invocation timed out while waiting for a response from container {container_name}. Review the "
            "latency metrics for each container in Amazon CloudWatch, resolve the issue, and try again."
        )
        return ModelTimedOut(
            f'Received server error (0) from {container_name} with message "{text}"',
            original_status=0,
            original_message=text,
            log_stream_arn=self.log_stream_arn(endpoint_name),
        )

    def _see(self, endpoint_name: str) -> str:
        return (
            f"See https://{self._region}.console.aws.amazon.com/cloudwatch/home?region={self._region}"
            f"#logEventViewer:group=/aws/sagemaker/Endpoints/{endpoint_name} in account {self._account_id} "
            "for more information."
        )
