"""Which models of multi-model containers stay in memory. Pure; `hosting.multi_model` asks, and acts.

Theory
------
A model counts with the bytes of its files, from when there is room for it until its process is gone. One that is being
loaded or answers a request is in use, and stays; of the others those go first that were used the longest time ago. So
there is never more in memory than the budget, but for one case: a model that is larger than all of it gets its room
once nothing else is left, and is alone then.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Resident:
    """A model in memory."""

    number: int
    num_bytes: int
    is_in_use: bool
    used_at: int
    """Grows with each use of any model."""


def make_room(residents: Sequence[Resident], num_bytes: int, budget_bytes: int) -> tuple[Resident, ...] | None:
    """Choose what to unload so that `num_bytes` more fit; None while what is in use leaves no room for them."""
    num_in_use = sum(one.num_bytes for one in residents if one.is_in_use)
    if any(one.is_in_use for one in residents) and num_in_use + num_bytes > budget_bytes:
        return None
    idle = sorted((one for one in residents if not one.is_in_use), key=lambda one: one.used_at)
    num_kept = sum(one.num_bytes for one in residents)
    unloaded = []
    for one in idle:
        if num_kept + num_bytes <= budget_bytes:
            break
        unloaded.append(one)
        num_kept -= one.num_bytes
    return tuple(unloaded)
