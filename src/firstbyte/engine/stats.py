"""How the engine is doing: a frozen snapshot, replaced after each step."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EngineStats:
    """Counts since the start unless they say otherwise."""

    num_blocks: int = 0
    """Blocks of the KV cache."""
    num_free_blocks: int = 0
    """Of them, those that no running sequence owns now."""
    num_running: int = 0
    """Sequences in the batch now."""
    num_waiting: int = 0
    """Sequences not in the batch now, whether new or preempted."""
    num_steps: int = 0
    num_computed_tokens: int = 0
    """Tokens run through the model, of prompts and generated; those computed again after a preemption count again."""
    num_prefix_queries: int = 0
    """Sequences looked up in the prefix cache when they were admitted; preempted ones each time anew."""
    num_prefix_hits: int = 0
    """Of them, those whose beginning was there."""
    num_cached_tokens: int = 0
    """Tokens found in the prefix cache instead of being computed."""
    num_draft_tokens: int = 0
    """Tokens guessed by prompt lookup and checked by the model; computed tokens, too."""
    num_accepted_tokens: int = 0
    """Of them, those that the model chose."""
    num_generated_tokens: int = 0
    num_preemptions: int = 0
    num_failures: int = 0
    """Requests ended by a failed step."""
