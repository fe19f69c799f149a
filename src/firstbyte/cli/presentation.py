"""What the demo puts on the screen: headings, the answer as it arrives, and the picture of its timing."""

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from firstbyte.cli.figures import Timing, bar, seconds

INDENT = "   "
LABEL_COLUMNS = 13
TIME_COLUMNS = 9
MAX_COLUMNS = 100


class Presenter:
    """Writes the demo's story; on a terminal with colour and a margin, in a pipe as plain text."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._width = min(console.width, MAX_COLUMNS)
        self._ascii_only = "utf" not in console.encoding.lower()

    def title(self, text: str) -> None:
        """Open the story."""
        self._console.print(Text(text, style="bold"))

    def heading(self, text: str) -> None:
        """Begin an approach."""
        self._console.print()
        self._console.print(Text(text, style="bold cyan"))

    def step(self, done: str, detail: str = "") -> None:
        """Tell that something was done, and in what time or with what result."""
        line = Text(INDENT + done)
        if detail:
            line.append(f"  {detail}", style="green")
        self._console.print(line)

    def quote(self, text: str) -> None:
        """Show what was asked."""
        margin = Margin(self._console, self._width, style="dim italic")
        margin.write(text)
        margin.close()

    def answer(self) -> "Margin":
        """Open the place where an answer appears, text by text."""
        return Margin(self._console, self._width)

    def timing(self, timing: Timing) -> None:
        """Draw an answer's waiting times as bars on one scale, and its pace in words."""
        longest_s = max(timing.streamed_s, timing.whole_s)
        num_columns = self._width - len(INDENT) - LABEL_COLUMNS - TIME_COLUMNS - 2
        self._console.print()
        for label, value_s, style in (
            ("first byte", timing.ttfb_s, "bold green"),
            ("streamed", timing.streamed_s, "green"),
            ("not streamed", timing.whole_s, "red"),
        ):
            drawn = bar(value_s, longest_s, num_columns, ascii_only=self._ascii_only)
            line = Text(f"{INDENT}{label:<{LABEL_COLUMNS}}")
            line.append(drawn, style).append(f" {seconds(value_s)}", "bold")
            self._console.print(line)
        self._console.print(Text(INDENT + pace(timing), style="dim"))

    def verdict(self, text: str, *, good: bool) -> None:
        """Close the story."""
        self._console.print()
        self._console.print(Text(text, style="bold green" if good else "bold red"))


class Margin:
    """Writes text that arrives bit by bit, indented, and on a terminal broken at spaces before the screen's edge."""

    def __init__(self, console: Console, width: int, style: str = "") -> None:
        self._console = console
        self._style = style
        self._bar = "│ " if "utf" in console.encoding.lower() else "| "
        # No word is held back to see whether it fits: lines break a little early, at the first space near the edge.
        self._break_after = width - 14 if console.is_terminal else None
        self._column: int | None = None

    def write(self, text: str) -> None:
        """Write `text` at once."""
        for line_end, line in enumerate(text.split("\n")):
            if line_end:
                self._end_line()
            for position, word in enumerate(line.split(" ")):
                self._put(" " + word if position else word)

    def close(self) -> None:
        """End the last line."""
        if self._column is not None:
            self._end_line()

    def _put(self, word: str) -> None:
        if not word:
            return
        if word.startswith(" ") and self._break_after and (self._column or 0) >= self._break_after:
            self._end_line()
            word = word[1:]
        if self._column is None:
            self._console.print(Text(INDENT + self._bar, style="dim"), end="")
            self._column = len(INDENT) + len(self._bar)
        self._console.print(Text(word, style=self._style), end="")
        self._column += cell_len(word)

    def _end_line(self) -> None:
        if self._column is None:
            self._console.print(Text(INDENT + self._bar.rstrip(), style="dim"), end="")
        self._console.print()
        self._column = None


def pace(timing: Timing) -> str:
    """Say a stream's pace in words: tokens, time between two, tokens/s, and what streaming gains."""
    words = f"{timing.num_tokens} tokens, one every {seconds(timing.itl_s)}, {timing.tokens_per_s:.0f} tokens/s"
    sooner = timing.whole_s / timing.ttfb_s if timing.ttfb_s else 0.0
    return f"{words}; the first came {sooner:.0f} times sooner than the whole" if sooner >= 2 else words
