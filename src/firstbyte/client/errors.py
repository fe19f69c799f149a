"""The errors of reading an answer.

    ClientSideError
    ├── PromptError        the caller's messages do not make a prompt (also a ValueError)
    └── StreamError        the peer's answer
        ├── GenerationFailed   the container said so, inside an answer whose status was 200
        └── MalformedStream    bytes that no known container sends, or an answer that ends in the middle

What the service itself reports in the stream (`ModelStreamError`, `InternalStreamFailure`) is raised by botocore as
`EventStreamError` and passes through untouched.
"""


class ClientSideError(Exception):
    """Whatever this package raises."""


class PromptError(ClientSideError, ValueError):
    """Messages whose roles or contents do not make a prompt."""


class StreamError(ClientSideError):
    """An answer that did not come through whole."""


class GenerationFailed(StreamError):
    """The container put an error object in the stream.

    `error_type` is TGI's own (`validation`, `generation`, `overloaded`, …) or LMI's code as text;
    None where there was none.
    """

    def __init__(self, message: str, error_type: str | None = None) -> None:
        super().__init__(f"{error_type}: {message}" if error_type else message)
        self.message = message
        self.error_type = error_type


class MalformedStream(StreamError):
    """Bytes that cannot be read as any container's answer."""
