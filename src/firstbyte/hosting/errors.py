"""The errors of this room. Each knows its message, in AWS's words where AWS has some; the edge gives code and status.

HostingError
├── ClientError                     the caller asked for what cannot be
│   ├── ValidationFailed            a member's value is not possible
│   ├── NotFound                    no such model, config or endpoint
│   ├── AlreadyExists               the name is taken
│   ├── InProgress                  the endpoint is busy with something else
│   └── QuotaExceeded               this host runs no more instances
├── ContainerError                  the user's container is at fault
│   ├── ModelFailed                 it answered something else than 2xx, or nothing usable
│   │   └── ModelTimedOut           it did not answer in time
│   └── StreamFailed                it failed after its first byte: StreamBroken, ModelInvocationTimeExceeded
├── HostError                       we are at fault
│   ├── Unavailable                 no instance can take the request just now; trying again helps
│   ├── NotReady                    what answers it is still starting; waiting helps
│   └── InternalFault               a mistake in this program
└── PortError                       what launchers, clients and model data raise; never leaves the room
    ├── UnknownImage                nothing here can stand for the image
    ├── LaunchFailed                the container could not be started
    ├── ModelDataError              the model's data could not be had
    ├── ObjectFailed                an object could not be read or written
    ├── InstanceUnreachable         nothing listens there; the request was not delivered
    └── StreamBroken                the connection ended before the answer did
        └── AnswerCut               its body did, or it is longer than may be carried
"""


class HostingError(Exception):
    """The root. `message` is a whole sentence for the user."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class ClientError(HostingError):
    """The caller's mistake: the same request will fail again."""


class ValidationFailed(ClientError):
    """A member's value is not possible. `ValidationException` (runtime: `ValidationError`)."""


class NotFound(ClientError):
    """No such resource. `ValidationException` (runtime: `ValidationError`), as on AWS."""


class AlreadyExists(ClientError):
    """The name is taken, in whatever case. `ValidationException`."""


class InProgress(ClientError):
    """The endpoint is busy with something else. `ValidationException`."""


class QuotaExceeded(ClientError):
    """This host runs no more instances. `ResourceLimitExceeded`."""


class ContainerError(HostingError):
    """The user's container is at fault, not the request and not the host."""


class ModelFailed(ContainerError):
    """The container answered with an error, or not at all. `ModelError`, 424; its members are the fields here."""

    def __init__(self, message: str, *, original_status: int, original_message: str, log_stream_arn: str) -> None:
        super().__init__(message)
        self.original_status = original_status
        """The container's HTTP status; 0 when it gave none."""
        self.original_message = original_message
        self.log_stream_arn = log_stream_arn

    @property
    def error_code(self) -> str:
        """`ErrorCode` of AWS's ModelError body."""
        return "CLIENT_ERROR_FROM_MODEL" if 400 <= self.original_status < 500 else "INTERNAL_FAILURE_FROM_MODEL"


class ModelTimedOut(ModelFailed):
    """The container did not answer within the limit."""


class StreamFailed(ContainerError):
    """The stream failed after its first byte: `ModelStreamError` with `error_code` as its ErrorCode."""

    def __init__(self, error_code: str, message: str) -> None:
        super().__init__(message)
        self.error_code = error_code


class HostError(HostingError):
    """Our fault."""


class Unavailable(HostError):
    """No instance can take the request just now. `ServiceUnavailable`, 503: clients try again, and that helps."""


class NotReady(HostError):
    """What answers the request is still starting. `ModelNotReadyException`, 429: clients wait and try again."""


class InternalFault(HostError):
    """A mistake in this program. `InternalFailure`, 500."""


class PortError(HostingError):
    """What an adapter raises to this room."""


class UnknownImage(PortError):
    """Nothing here can stand for the image; the message says which images can run."""


class LaunchFailed(PortError):
    """The container could not be started."""


class ModelDataError(PortError):
    """The model's data could not be had."""


class ObjectFailed(PortError):
    """An object could not be read or written; the message says which, and why."""


class InstanceUnreachable(PortError):
    """Nothing listens there; the request was not delivered."""


class StreamBroken(PortError):
    """The connection ended before the answer did."""


class AnswerCut(StreamBroken):
    """An answer's head came and its body not to its end, or more of it than may be carried."""
