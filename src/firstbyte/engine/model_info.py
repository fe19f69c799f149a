"""What is known of a loaded model: a leaf, so that backends and service can both name it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """Facts of the loaded model that the rest of the engine and the containers need."""

    backend: str
    """The backend that runs it: `native`, `reference`, `echo`."""
    model_type: str
    """As config.json says: `llama`, `mistral`, ..."""
    vocab_size: int
    max_position_embeddings: int
    eos_token_ids: frozenset[int]
    dtype: str
    """Of the arithmetic: `float32`, ..."""
    quantize: str | None = None
    num_parameters: int = 0
    takes_grammars: bool = False
    """Whether the backend applies `SamplingPlans.allowed`; requests with a grammar are refused where it does not."""
