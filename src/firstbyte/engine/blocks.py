"""Bookkeeping of the paged KV cache: which block belongs to whom, and which prefixes are there already.

The cache is cut into blocks of `block_len` tokens (Kwon et al. 2023, arXiv:2309.06180). A sequence owns its blocks
through a `BlockTable`. A block that is full never changes again; it can be published under a digest of its tokens and
all tokens before them, and be shared by every sequence that begins alike. A published block without owners stays
findable until its memory is wanted for something else. What is lost first: blocks that were never published; then of
the published ones those whose last owner left first, and of one owner's the last of its text, since a prefix is of use
without what follows it.
"""

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

TokenIds = NDArray[np.int32]


@dataclass(slots=True, eq=False)
class BlockTable:
    """The blocks of one sequence in order of position. Only `BlockPool` changes it."""

    blocks: list[int] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    """Of the sequence's full blocks as far as computed; they outlive a preemption, since tokens never change."""
    num_published: int = 0

    def extend_digests(self, token_ids: TokenIds, block_len: int) -> None:
        """Bring `digests` up to the last full block of `token_ids`, the sequence from its start."""
        for start in range(len(self.digests) * block_len, len(token_ids) - block_len + 1, block_len):
            parent = self.digests[-1] if self.digests else b""
            content = token_ids[start : start + block_len].tobytes()
            self.digests.append(hashlib.blake2b(content, key=parent, digest_size=16).digest())


class BlockPool:
    """All blocks of the cache: each is free or has owners, never both.

    `can_allocate` and `can_append` answer whether the verb of the same name would succeed; the verbs assert it.
    """

    def __init__(self, num_blocks: int, block_len: int, *, prefix_caching: bool = True) -> None:
        self.num_blocks = num_blocks
        self.block_len = block_len
        self._prefix_caching = prefix_caching
        self._num_owners = [0] * num_blocks
        self._free: OrderedDict[int, None] = OrderedDict.fromkeys(range(num_blocks))
        self._digests: dict[int, bytes] = {}
        self._published: dict[bytes, int] = {}

    @property
    def prefix_caching(self) -> bool:
        """Whether prefixes are looked for at all."""
        return self._prefix_caching

    @property
    def num_free(self) -> int:
        """Blocks without owners, published ones among them."""
        return len(self._free)

    def num_blocks_for(self, num_tokens: int) -> int:
        """Blocks that hold `num_tokens`."""
        return -(-num_tokens // self.block_len)

    def can_allocate(self, table: BlockTable, token_ids: TokenIds, *, reuse: bool = True) -> bool:
        """Whether there is room for all of `token_ids` in an empty table."""
        shared = self._find_prefix(table, token_ids) if reuse else []
        num_revived = sum(self._num_owners[block] == 0 for block in shared)
        return self.num_blocks_for(len(token_ids)) - len(shared) <= self.num_free - num_revived

    def allocate(self, table: BlockTable, token_ids: TokenIds, *, reuse: bool = True) -> int:
        """Fill an empty table with blocks for all of `token_ids`; return how many tokens are there already.

        At least one token is always left to compute, because its logits are wanted.
        """
        assert not table.blocks, "a sequence is given blocks once"
        shared = self._find_prefix(table, token_ids) if reuse else []
        for block in shared:
            self._num_owners[block] += 1
            self._free.pop(block, None)
        table.blocks.extend(shared)
        table.num_published = len(shared)
        self.append(table, len(token_ids))
        return len(shared) * self.block_len

    def can_append(self, table: BlockTable, num_tokens: int) -> bool:
        """Whether the table can grow to hold `num_tokens`."""
        return self.num_blocks_for(num_tokens) - len(table.blocks) <= self.num_free

    def append(self, table: BlockTable, num_tokens: int) -> None:
        """Grow the table to hold `num_tokens`."""
        assert self.can_append(table, num_tokens), "ask can_append first"
        while len(table.blocks) < self.num_blocks_for(num_tokens):
            table.blocks.append(self._take())

    def publish(self, table: BlockTable, token_ids: TokenIds) -> None:
        """Make the full blocks of `token_ids` findable by others: all of them are computed, or will be in this step."""
        if not self._prefix_caching:
            return
        table.extend_digests(token_ids, self.block_len)
        for index in range(table.num_published, len(token_ids) // self.block_len):
            digest, block = table.digests[index], table.blocks[index]
            if digest not in self._published:  # else another sequence computed the same at the same time
                self._published[digest] = block
                self._digests[block] = digest
            table.num_published = index + 1

    def retract(self, table: BlockTable, num_tokens: int) -> None:
        """Take back the publication of the blocks beyond the first `num_tokens`: they were not computed after all."""
        first = num_tokens // self.block_len
        for block in table.blocks[first : table.num_published]:
            if (digest := self._digests.pop(block, None)) is not None:
                del self._published[digest]
        table.num_published = min(table.num_published, first)

    def trim(self, table: BlockTable, num_tokens: int) -> None:
        """Give back the blocks beyond those that hold `num_tokens`; none of them has been published."""
        while len(table.blocks) > max(self.num_blocks_for(num_tokens), table.num_published):
            self._release(table.blocks.pop())

    def free(self, table: BlockTable) -> None:
        """Take the sequence's share from all its blocks and empty the table."""
        # From the last to the first: a prefix is of use without what follows it, so it should be lost last.
        while table.blocks:
            self._release(table.blocks.pop())
        table.num_published = 0

    def _find_prefix(self, table: BlockTable, token_ids: TokenIds) -> list[int]:
        if not self._prefix_caching:
            return []
        table.extend_digests(token_ids, self.block_len)
        found: list[int] = []
        for digest in table.digests[: (len(token_ids) - 1) // self.block_len]:
            if (block := self._published.get(digest)) is None:
                break
            found.append(block)
        return found

    def _release(self, block: int) -> None:
        self._num_owners[block] -= 1
        if self._num_owners[block] == 0:
            self._free[block] = None
            if block not in self._digests:  # of no use to anybody: the first to be taken
                self._free.move_to_end(block, last=False)

    def _take(self) -> int:
        block, _ = self._free.popitem(last=False)
        if (digest := self._digests.pop(block, None)) is not None:
            del self._published[digest]
        self._num_owners[block] = 1
        return block
