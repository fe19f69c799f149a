"""FailureReason's sentences and their length."""

from hypothesis import given
from hypothesis import strategies as st

from firstbyte.hosting.reasons import MAX_LEN, clip, ping_failure, with_log


def test_the_log_follows_the_sentence() -> None:
    assert with_log("Why.", ["one  ", "", "two"]) == "Why. Last lines of its log:\none\ntwo"
    assert with_log("Why.", ["", " "]) == "Why."


@given(st.text(max_size=1100), st.lists(st.text(max_size=700), max_size=5))
def test_a_reason_is_never_longer_than_the_api_allows(reason: str, lines: list[str]) -> None:
    assert len(with_log(reason, lines)) <= MAX_LEN
    assert len(clip(reason)) <= MAX_LEN


def test_of_a_long_log_the_end_is_kept() -> None:
    reason = with_log(ping_failure("primary", "v"), ["x" * 2000, "error: no such model"])
    assert reason.startswith("The primary container for production variant v did not pass the ping health check.")
    assert reason.endswith("x\nerror: no such model")
    assert len(reason) == MAX_LEN
