"""What can go wrong in a container, and whose mistake it is.

    ContainerError
    ├── StartupFailed        the deployer's: an option or a model that cannot work; told before the port opens
    ├── RequestRejected      the client's: what was asked can never be answered, so asking again does not help
    │   └── BodyTooLarge     its body is over the dialect's limit
    └── ServiceFault         ours, or of the moment
        ├── Overloaded       every slot is taken; asking later may help
        ├── TookTooLong      it waited for its first token longer than the container allows
        └── GenerationBroke  the engine failed while it worked on a request

The engine's errors become these in `generation.translate_error`, and these become bytes in each dialect.
"""


class ContainerError(Exception):
    """The root of the tree; `str(error)` is one line fit for a client or a log."""


class StartupFailed(ContainerError):
    """The container cannot start: said in one line on standard error, then exit 1."""


class RequestRejected(ContainerError):
    """A request that no repetition would make acceptable."""


class BodyTooLarge(RequestRejected):
    """The body has more bytes than the dialect takes."""


class ServiceFault(ContainerError):
    """A sound request could not be served."""


class Overloaded(ServiceFault):
    """As many requests as allowed are being served or waiting."""


class TookTooLong(ServiceFault):
    """A request waited too long for its first token."""

    def __init__(self, timeout_s: float) -> None:
        super().__init__(f"no token within {timeout_s:g} s")
        self.timeout_s = timeout_s


class GenerationBroke(ServiceFault):
    """The engine failed during generation."""
