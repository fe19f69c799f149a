"""Draws tokens/s and the time to the first byte against the number of streams, as SVG without any library."""

import math
import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

WIDTH, HEIGHT = 640, 360
LEFT, RIGHT, TOP, BOTTOM = 70, 150, 40, 50
COLOURS = {
    "firstbyte": "#dd5a1b",
    "firstbyte avx2": "#d99a00",
    "llama.cpp": "#3b82f6",
    "openvino": "#22a352",
    "transformers": "#9b6cf0",
    "vllm": "#e0559b",
}
"""Engine -> its line in every plot; each is legible on white and on near-black."""
OTHER = "#7f8ea3"
STYLE = """\
<style>
  svg { --paper: #ffffff; --ink: #1f2937; --rule: #e5e7eb; }
  @media (prefers-color-scheme: dark) { svg { --paper: #0d1117; --ink: #d1d5db; --rule: #30363d; } }
  .paper { fill: var(--paper); }
  .rule { stroke: var(--rule); }
  text { fill: var(--ink); font: 12px sans-serif; }
  .title { font-size: 14px; }
</style>"""
PLOTTED = {"tokens_per_s": ("throughput", "tokens/s, all streams"), "ttft_s": ("ttfb", "time to first byte, s")}
"""Figure -> part of the file's name, title."""

Line = list[tuple[float, float]]


def write(results: Mapping[str, Any], folder: Path) -> None:
    """One file for each section and quantity that has at least two numbers of streams."""
    for name, result in results.items():
        rows = [row for row in result["rows"] if "case" in row]
        num_prompt = commonest_prompt(rows)
        for key, (part, title) in PLOTTED.items():
            lines = lines_of(rows, num_prompt, key)
            if any(len(line) > 1 for line in lines.values()):
                text = draw(f"{name}, prompts of {num_prompt} tokens: {title}", lines)
                (folder / f"{name}-{part}.svg").write_text(text)


def commonest_prompt(rows: Sequence[Mapping[str, Any]]) -> int:
    """The length of prompts for which most numbers of streams were measured; 0 where none was."""
    streams: dict[int, set[int]] = {}
    for row in rows:
        streams.setdefault(row["case"]["num_prompt"], set()).add(row["case"]["num_streams"])
    return max(streams, key=lambda num_prompt: len(streams[num_prompt]), default=0)


def lines_of(rows: Sequence[Mapping[str, Any]], num_prompt: int, key: str) -> dict[str, Line]:
    """Engine -> points (streams, median), with prompts of one length."""
    lines: dict[str, Line] = {}
    for row in rows:
        if row["case"]["num_prompt"] == num_prompt:
            value = statistics.median(each[key] for each in row["rounds"])
            lines.setdefault(row["peer"], []).append((row["case"]["num_streams"], value))
    return {peer: sorted(line) for peer, line in lines.items()}


def draw(title: str, lines: Mapping[str, Line]) -> str:
    """An SVG: streams on a logarithmic axis to the right, values up from 0; light or dark as the reader's page is."""
    streams = sorted({x for line in lines.values() for x, _ in line})
    top = _round_up(max(y for line in lines.values() for _, y in line))
    body = "\n".join([*_axes(streams, top), *_curves(streams, top, lines)])
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}">\n{STYLE}\n'
        f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>\n'
        f'<text class="title" x="{LEFT}" y="22">{title}</text>\n{body}\n</svg>\n'
    )


def _round_up(value: float) -> float:
    step = 10 ** math.floor(math.log10(value)) if value > 0 else 1.0
    return math.ceil(value / step) * step


def _place(streams: Sequence[float], top: float, x: float, y: float) -> tuple[float, float]:
    low, high = math.log2(streams[0]), math.log2(streams[-1])
    across = (math.log2(x) - low) / (high - low) if high > low else 0.5
    return LEFT + across * (WIDTH - LEFT - RIGHT), HEIGHT - BOTTOM - y / top * (HEIGHT - TOP - BOTTOM)


def _axes(streams: Sequence[float], top: float) -> Iterator[str]:
    for part in range(5):
        value = top * part / 4
        _, y = _place(streams, top, streams[0], value)
        yield f'<line x1="{LEFT}" y1="{y:.1f}" x2="{WIDTH - RIGHT}" y2="{y:.1f}" class="rule"/>'
        yield f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{value:g}</text>'
    for x in streams:
        across, _ = _place(streams, top, x, 0)
        yield f'<text x="{across:.1f}" y="{HEIGHT - BOTTOM + 18}" text-anchor="middle">{x:g}</text>'
    middle = (LEFT + WIDTH - RIGHT) / 2
    yield f'<text x="{middle}" y="{HEIGHT - 12}" text-anchor="middle">streams at a time</text>'


def _curves(streams: Sequence[float], top: float, lines: Mapping[str, Line]) -> Iterator[str]:
    for number, (peer, line) in enumerate(lines.items()):
        colour = COLOURS.get(peer, OTHER)
        places = [_place(streams, top, x, y) for x, y in line]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
        yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places)
        y = TOP + 18 * number
        yield f'<rect x="{WIDTH - RIGHT + 12}" y="{y}" width="12" height="4" fill="{colour}"/>'
        yield f'<text x="{WIDTH - RIGHT + 30}" y="{y + 7}">{peer}</text>'
