"""Figures and bars from known arrivals."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstbyte.cli.figures import TimedBody, bar, measure, seconds


def test_measure_reduces_arrivals_to_figures() -> None:
    timing = measure(called_at=10.0, arrivals=[10.25, 10.5, 11.0, 11.25], whole_s=1.5)
    assert timing.num_tokens == 4
    assert timing.ttfb_s == 0.25
    assert timing.streamed_s == 1.25
    assert timing.itl_s == 0.25
    assert timing.tokens_per_s == 3.0
    assert timing.whole_s == 1.5


def test_a_single_part_has_no_pace() -> None:
    timing = measure(called_at=0.0, arrivals=[0.5], whole_s=0.5)
    assert (timing.itl_s, timing.tokens_per_s) == (0.0, 0.0)


def test_no_parts_have_no_timing() -> None:
    with pytest.raises(ValueError, match="without a single part"):
        measure(0.0, [], 1.0)


def test_a_timed_body_passes_events_on_and_notes_when_they_came() -> None:
    events = [{"PayloadPart": {"Bytes": b"a"}}, {"PayloadPart": {"Bytes": b"b"}}]
    body = TimedBody(events)
    assert list(body) == events
    assert len(body.arrivals) == 2
    assert body.arrivals == sorted(body.arrivals)


@pytest.mark.parametrize(
    ("value", "drawn"), [(10.0, "█" * 8), (5.0, "█" * 4), (0.0, "▏"), (0.7, "▌"), (5.6, "████▌"), (99.0, "█" * 8)]
)
def test_a_bar_is_as_long_as_its_value(value: float, drawn: str) -> None:
    assert bar(value, 10.0, 8) == drawn


def test_a_bar_without_unicode_is_made_of_hashes() -> None:
    assert bar(5.0, 10.0, 8, ascii_only=True) == "####"
    assert bar(0.0, 10.0, 8, ascii_only=True) == "#"


@settings(deadline=None)  # the machine may be busy
@given(st.floats(0, 1e6), st.floats(0, 1e6), st.integers(1, 200), st.booleans())
def test_a_bar_never_leaves_its_place(value: float, longest: float, num_columns: int, ascii_only: bool) -> None:
    assert 1 <= len(bar(value, longest, num_columns, ascii_only=ascii_only)) <= num_columns


@pytest.mark.parametrize(
    ("value_s", "said"),
    [(0.00042, "420 µs"), (0.0021, "2.1 ms"), (0.0234, "23 ms"), (0.999, "999 ms"), (1.314, "1.31 s"), (75, "75.00 s")],
)
def test_seconds_are_said_in_a_fitting_unit(value_s: float, said: str) -> None:
    assert seconds(value_s) == said
