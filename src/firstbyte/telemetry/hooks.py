"""Where facts go: `Hooks` hands each fact to every hook in turn, and one that fails is reported, not raised."""

import logging
from collections.abc import Sequence
from typing import Protocol

from firstbyte.telemetry.facts import Fact

_log = logging.getLogger("firstbyte.telemetry")


class Hook(Protocol):
    """Something that wants to know every fact. It is called from the event loop, so it must be quick."""

    def observe(self, fact: Fact) -> None:
        """Take note of `fact`."""


class Hooks:
    """The one to give to rooms as their `Emit`: calling it tells every hook."""

    def __init__(self, hooks: Sequence[Hook] = ()) -> None:
        self._hooks = tuple(hooks)

    def __call__(self, fact: Fact) -> None:
        """Tell every hook about `fact`; a hook that raises costs a log line, never the request that caused the fact."""
        for hook in self._hooks:
            try:
                hook.observe(fact)
            except Exception:
                _log.exception("a telemetry hook failed on %r", fact)
