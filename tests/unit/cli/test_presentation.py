"""The demo's screen: plain in a pipe, bounded by the edge on a terminal."""

import io

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from firstbyte.cli.figures import Timing
from firstbyte.cli.presentation import Margin, Presenter, pace

TIMING = Timing(num_tokens=92, ttfb_s=0.02, streamed_s=1.2, itl_s=0.0138, tokens_per_s=72.0, whole_s=1.24)


def console(*, terminal: bool, width: int = 60) -> tuple[Console, io.StringIO]:
    out = io.StringIO()
    made = Console(file=out, force_terminal=terminal, width=width, highlight=False, markup=False, soft_wrap=True)
    return made, out


def test_a_pipe_gets_no_escape_codes() -> None:
    made, out = console(terminal=False)
    presenter = Presenter(made)
    presenter.title("Title")
    presenter.heading("1  TGI")
    presenter.step("CreateModel", "0.1 s")
    presenter.quote("Write!")
    presenter.timing(TIMING)
    presenter.verdict("done", good=True)
    assert "\x1b" not in out.getvalue()
    assert "CreateModel  0.1 s\n" in out.getvalue()


def test_the_picture_shows_three_waits_on_one_scale() -> None:
    made, out = console(terminal=False)
    Presenter(made).timing(TIMING)
    lines = out.getvalue().splitlines()
    first, streamed, whole, words = lines[-4:]
    assert first.split() == ["first", "byte", "▌", "20", "ms"]
    assert streamed.count("█") < whole.count("█") + 1
    assert whole.endswith(" 1.24 s")
    assert words.strip() == "92 tokens, one every 14 ms, 72 tokens/s; the first came 62 times sooner than the whole"


def test_what_streaming_gains_is_told_only_where_it_gains() -> None:
    assert pace(Timing(1, 0.0, 0.0, 0.0, 0.0, 1.0)) == "1 tokens, one every 0 µs, 0 tokens/s"
    assert "sooner" not in pace(Timing(9, 0.9, 1.0, 0.1, 9.0, 1.0))


def test_text_appears_as_it_is_written() -> None:
    made, out = console(terminal=False)
    margin = Margin(made, 60)
    margin.write("Dear")
    assert out.getvalue().endswith("Dear")
    margin.write(" Ana,\n\nhello")
    margin.close()
    assert out.getvalue() == "   │ Dear Ana,\n   │\n   │ hello\n"


def test_closing_an_empty_margin_writes_nothing() -> None:
    made, out = console(terminal=False)
    Margin(made, 60).close()
    assert out.getvalue() == ""


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.text(alphabet="ab \n", max_size=8), max_size=60))
def test_lines_break_at_spaces_before_the_edge(texts: list[str]) -> None:
    made, out = console(terminal=True, width=40)
    margin = Margin(made, 40)
    for text in texts:
        margin.write(text)
    margin.close()
    written = Text.from_ansi(out.getvalue()).plain
    joined = " ".join(line.removeprefix("   │").removeprefix(" ") for line in written.splitlines())
    assert joined.split() == "".join(texts).split()
    longest_word = max(map(len, "".join(texts).split()), default=0)
    assert all(len(line) <= 26 + 1 + longest_word for line in written.splitlines())
