"""Hooks: each hears every fact, whatever happens to the others."""

import pytest

from firstbyte.telemetry.facts import Fact, HostStopped
from firstbyte.telemetry.hooks import Hooks


class Listener:
    def __init__(self, fails: bool = False) -> None:
        self.heard: list[Fact] = []
        self.fails = fails

    def observe(self, fact: Fact) -> None:
        self.heard.append(fact)
        if self.fails:
            raise RuntimeError("deaf")


def test_a_hook_that_fails_is_reported_and_the_next_still_hears(caplog: pytest.LogCaptureFixture) -> None:
    deaf, sound = Listener(fails=True), Listener()

    Hooks([deaf, sound])(HostStopped("http://h"))

    assert [HostStopped("http://h")] == deaf.heard == sound.heard
    assert "a telemetry hook failed" in caplog.text
