"""Hooks: each hears every fact, whatever happens to the others."""

from firstbyte.telemetry.facts import HostStopped
from firstbyte.telemetry.hooks import Hooks


class Listener:
    def __init__(self, fails=False):
        self.heard = []
        self.fails = fails

    def observe(self, fact):
        self.heard.append(fact)
        if self.fails:
            raise RuntimeError("deaf")


def test_a_hook_that_fails_is_reported_and_the_next_still_hears(caplog):
    deaf, sound = Listener(fails=True), Listener()

    Hooks([deaf, sound])(HostStopped("http://h"))

    assert [HostStopped("http://h")] == deaf.heard == sound.heard
    assert "a telemetry hook failed" in caplog.text
