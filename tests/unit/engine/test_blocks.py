"""The block pool: ownership, growth, and prefixes found again."""

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from firstbyte.engine.blocks import BlockPool, BlockTable, TokenIds


def ids(*token_ids: int) -> TokenIds:
    return np.array(token_ids, np.int32)


def filled(pool: BlockPool, token_ids: TokenIds) -> BlockTable:
    """A table whose tokens have been computed and published."""
    table = BlockTable()
    pool.allocate(table, token_ids)
    pool.publish(table, token_ids)
    return table


def test_a_table_has_just_enough_blocks() -> None:
    pool, table = BlockPool(8, 4), BlockTable()

    pool.allocate(table, ids(1, 2, 3, 4, 5))

    assert len(table.blocks) == 2
    assert pool.num_free == 6


def test_growing_takes_a_block_only_when_one_is_full() -> None:
    pool, table = BlockPool(8, 4), BlockTable()
    pool.allocate(table, ids(1, 2, 3))

    pool.append(table, 4)
    assert len(table.blocks) == 1
    pool.append(table, 5)
    assert len(table.blocks) == 2


def test_freeing_gives_everything_back() -> None:
    pool = BlockPool(8, 4)
    table = filled(pool, ids(*range(20)))

    pool.free(table)

    assert (pool.num_free, table.blocks) == (8, [])


def test_questions_answer_whether_the_verb_would_succeed() -> None:
    pool, table = BlockPool(2, 4), BlockTable()

    assert pool.can_allocate(table, ids(*range(8)))
    assert not pool.can_allocate(table, ids(*range(9)))
    pool.allocate(table, ids(*range(8)))
    assert not pool.can_append(table, 9)
    with pytest.raises(AssertionError):
        pool.append(table, 9)


def test_an_equal_prefix_is_found_while_its_owner_lives() -> None:
    pool = BlockPool(8, 4)
    first, second = filled(pool, ids(1, 2, 3, 4, 5, 6)), BlockTable()

    num_cached = pool.allocate(second, ids(1, 2, 3, 4, 7, 8))

    assert num_cached == 4
    assert second.blocks[0] == first.blocks[0]
    assert second.blocks[1] != first.blocks[1]


def test_an_equal_prefix_is_found_after_its_owner_has_gone() -> None:
    pool, again = BlockPool(8, 4), BlockTable()
    pool.free(filled(pool, ids(1, 2, 3, 4, 5)))

    assert pool.allocate(again, ids(1, 2, 3, 4, 5)) == 4


def test_at_least_one_token_is_left_to_compute() -> None:
    pool, again = BlockPool(8, 4), BlockTable()
    filled(pool, ids(1, 2, 3, 4, 5, 6, 7, 8))

    assert pool.allocate(again, ids(1, 2, 3, 4, 5, 6, 7, 8)) == 4


def test_a_block_counts_only_after_the_same_beginning() -> None:
    pool, other = BlockPool(8, 4), BlockTable()
    filled(pool, ids(1, 2, 3, 4, 5, 6, 7, 8, 9))

    assert pool.allocate(other, ids(0, 0, 0, 0, 5, 6, 7, 8, 9)) == 0


def test_the_least_recently_freed_prefix_is_lost_first() -> None:
    pool = BlockPool(4, 2)
    old, new = filled(pool, ids(1, 1, 1)), filled(pool, ids(2, 2, 2))
    pool.free(old)
    pool.free(new)
    taker = BlockTable()
    pool.allocate(taker, ids(9, 9, 9, 9, 9))  # the two unpublished blocks and one more

    assert pool.allocate(BlockTable(), ids(2, 2)) == 0  # one block, and that must be computed
    pool.free(taker)
    assert pool.allocate(BlockTable(), ids(1, 1, 1)) == 0


def taken_after(pool: BlockPool, num_blocks: int) -> set[int]:
    """The blocks that a newcomer is given and leaves again."""
    table = BlockTable()
    pool.allocate(table, ids(*range(100, 100 + num_blocks * pool.block_len)))
    taken = set(table.blocks)
    pool.free(table)
    return taken


def test_what_nobody_can_find_is_lost_before_any_prefix() -> None:
    pool, unpublished = BlockPool(4, 2), BlockTable()
    pool.allocate(unpublished, ids(5, 5, 5, 5))
    wanted = filled(pool, ids(1, 1, 2, 2))
    lost = set(unpublished.blocks)
    pool.free(unpublished)
    pool.free(wanted)

    assert taken_after(pool, 2) == lost


def test_a_prefix_outlives_what_follows_it() -> None:
    pool = BlockPool(3, 2)
    table = filled(pool, ids(1, 1, 2, 2, 3, 3))
    *_, end = table.blocks
    pool.free(table)

    assert taken_after(pool, 1) == {end}
    assert pool.allocate(BlockTable(), ids(1, 1, 2, 2, 9)) == 4


def test_a_prefix_that_is_used_again_is_lost_later() -> None:
    pool = BlockPool(6, 2)
    first, second = filled(pool, ids(1, 1, 1)), filled(pool, ids(2, 2, 2))
    pool.free(first)
    pool.free(second)
    again = BlockTable()
    assert pool.allocate(again, ids(1, 1, 1)) == 2
    pool.free(again)
    taken_after(pool, 5)

    assert pool.allocate(BlockTable(), ids(1, 1, 1)) == 2
    assert pool.allocate(BlockTable(), ids(2, 2, 2)) == 0


def test_what_was_not_computed_is_taken_back() -> None:
    pool = BlockPool(8, 2)
    table = filled(pool, ids(1, 1, 2, 2, 3, 3))

    pool.retract(table, 3)

    assert pool.allocate(BlockTable(), ids(1, 1, 2, 2, 3, 3, 4)) == 2
    pool.publish(table, ids(1, 1, 2, 2))
    assert pool.allocate(BlockTable(), ids(1, 1, 2, 2, 3, 3, 4)) == 4


def test_trimming_gives_back_what_is_not_needed() -> None:
    pool, table = BlockPool(8, 2), BlockTable()
    pool.allocate(table, ids(1, 1, 2))
    pool.append(table, 8)

    pool.trim(table, 4)

    assert (len(table.blocks), pool.num_free) == (2, 6)


@pytest.mark.parametrize("kind", ["pool", "request"])
def test_prefixes_are_not_looked_for_when_that_is_off(kind: str) -> None:
    pool, again = BlockPool(8, 4, prefix_caching=kind != "pool"), BlockTable()
    filled(pool, ids(1, 2, 3, 4, 5))

    assert pool.allocate(again, ids(1, 2, 3, 4, 5), reuse=kind != "request") == 0


class Blocks(RuleBasedStateMachine):
    """Any use of the pool, with a model of what each block holds."""

    tables = Bundle("tables")

    @initialize(num_blocks=st.integers(1, 12), block_len=st.integers(1, 3), prefix_caching=st.booleans())
    def start(self, num_blocks: int, block_len: int, prefix_caching: bool) -> None:
        self.pool = BlockPool(num_blocks, block_len, prefix_caching=prefix_caching)
        self.content: dict[int, list[int]] = {}
        self.live: dict[int, tuple[BlockTable, list[int]]] = {}
        self.num_tables = 0

    @rule(target=tables, tokens=st.lists(st.integers(0, 1), min_size=1, max_size=12))
    def allocate(self, tokens: list[int]) -> int:
        table, self.num_tables = BlockTable(), self.num_tables + 1
        if not self.pool.can_allocate(table, ids(*tokens)):
            return -1
        num_cached = self.pool.allocate(table, ids(*tokens))
        held = [token for block in table.blocks for token in self.content.get(block, [])]
        assert held[:num_cached] == tokens[:num_cached], "what was found must be what was asked for"
        self.live[self.num_tables] = (table, tokens)
        self._compute(table, tokens, num_cached)
        return self.num_tables

    @rule(table_id=tables, token=st.integers(0, 1))
    def append(self, table_id: int, token: int) -> None:
        if table_id in self.live:
            table, tokens = self.live[table_id]
            if self.pool.can_append(table, len(tokens) + 1):
                self.pool.append(table, len(tokens) + 1)
                tokens.append(token)
                self._compute(table, tokens, len(tokens) - 1)

    @rule(table_id=consumes(tables))
    def free(self, table_id: int) -> None:
        if table_id in self.live:
            self.pool.free(self.live.pop(table_id)[0])

    def _compute(self, table: BlockTable, tokens: list[int], start: int) -> None:
        block_len = self.pool.block_len
        for position in range(start, len(tokens)):
            block = table.blocks[position // block_len]
            kept = self.content.get(block, [])[: position % block_len]
            self.content[block] = [*kept, tokens[position]]
        self.pool.publish(table, ids(*tokens))

    @invariant()
    def every_block_is_free_or_owned(self) -> None:
        if hasattr(self, "live"):
            owned = {block for table, _ in self.live.values() for block in table.blocks}
            assert self.pool.num_free + len(owned) == self.pool.num_blocks

    @invariant()
    def every_table_holds_its_own_tokens(self) -> None:
        for table, tokens in getattr(self, "live", {}).values():
            assert len(set(table.blocks)) == len(table.blocks)
            assert [token for block in table.blocks for token in self.content[block]] == tokens


TestBlocks = Blocks.TestCase
TestBlocks.settings = settings(max_examples=60, stateful_step_count=30)
