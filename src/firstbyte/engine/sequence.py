"""One request as scheduler and batch see it: its tokens, and how far they have been computed."""

import numpy as np

from firstbyte.engine.blocks import BlockTable, TokenIds
from firstbyte.engine.grammar import TokenMask
from firstbyte.engine.requests import GenerateRequest


class Sequence:
    """Tokens known so far (prompt, then generated), the blocks that hold them, and how many are computed.

    `num_pending` is what a step can work on. It is 1 while decoding; more while a prompt is being prefilled, or all
    tokens after a preemption. There is no phase besides this number.
    """

    __slots__ = ("_tokens", "mask", "num_computed", "num_tokens", "request", "seed", "sequence_id", "table")

    def __init__(
        self, sequence_id: int, request: GenerateRequest, seed: int = 0, mask: TokenMask | None = None
    ) -> None:
        self.sequence_id = sequence_id
        self.request = request
        self.seed = seed
        self.mask = mask
        self.table = BlockTable()
        self.num_computed = 0
        self.num_tokens = self.num_prompt
        self._tokens = np.zeros(self.num_prompt + request.max_new_tokens, np.int32)
        self._tokens[: self.num_prompt] = request.prompt_ids

    def __repr__(self) -> str:
        return f"<Sequence {self.sequence_id}: {self.num_computed} of {self.num_tokens} computed>"

    @property
    def num_prompt(self) -> int:
        """Tokens of the prompt."""
        return len(self.request.prompt_ids)

    @property
    def num_generated(self) -> int:
        """Tokens chosen so far."""
        return self.num_tokens - self.num_prompt

    @property
    def num_pending(self) -> int:
        """Known tokens that are not in the cache yet."""
        return self.num_tokens - self.num_computed

    @property
    def token_ids(self) -> TokenIds:
        """All known tokens, as a view."""
        return self._tokens[: self.num_tokens]

    @property
    def max_tokens(self) -> int:
        """Tokens it may grow to."""
        return len(self._tokens)

    @property
    def num_draftable(self) -> int:
        """Tokens that may still follow the next one, where it can be checked at once which of them the model chooses.

        None of a sampled or guided generation: what they choose is seldom what stood before.
        """
        is_checkable = self.request.sampling.is_greedy and self.mask is None
        return max(0, self.max_tokens - self.num_tokens - 1) if is_checkable else 0

    def append(self, token_id: int) -> None:
        """Add a chosen token."""
        if self.mask is not None:
            self.mask.consume(token_id)
        self._tokens[self.num_tokens] = token_id
        self.num_tokens += 1
