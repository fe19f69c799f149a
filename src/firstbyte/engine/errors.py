"""Everything the engine raises.

EngineError
├── RequestError            the client's mistake: this request can never succeed
│   ├── PromptTooLong       prompt + max_new_tokens exceed what a sequence may hold
│   ├── InvalidRequest      a value out of its range
│   └── TemplateFailed      the chat template refused the messages
├── Overloaded              too many requests wait: the same request may succeed later
├── CheckpointError         the model folder cannot be served: the message says what to change
├── OptionsError            the engine's options contradict each other or this machine
└── GenerationFailed        our mistake: a step failed or the engine closed under a running request
"""


class EngineError(Exception):
    """Base of all; its text is one sentence fit for the person who has to act."""


class RequestError(EngineError):
    """The request can never succeed as it is."""


class PromptTooLong(RequestError):
    """Prompt and new tokens together are more than a sequence may hold."""

    def __init__(self, num_prompt: int, max_new_tokens: int, max_total_tokens: int) -> None:
        super().__init__(
            f"prompt tokens + max_new_tokens must be <= {max_total_tokens}: "
            f"given {num_prompt} prompt tokens and {max_new_tokens} max_new_tokens"
        )
        self.num_prompt = num_prompt
        self.max_new_tokens = max_new_tokens
        self.max_total_tokens = max_total_tokens


class InvalidRequest(RequestError):
    """A value is out of its range."""


class TemplateFailed(RequestError):
    """There is no chat template, or it refused these messages."""


class Overloaded(EngineError):
    """The queue is full."""


class CheckpointError(EngineError):
    """The model folder is incomplete, damaged or of a kind that is not supported."""


class OptionsError(EngineError):
    """Options contradict each other, or ask for what is not there."""


class GenerationFailed(EngineError):
    """A request that had been accepted could not be finished."""
