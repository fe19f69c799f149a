"""Writes results.md and the plots from what run.py measured; holds no figure of its own."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bench import plots
from bench.models import SHAPES

FOLDER = Path(__file__).parent
OURS = ("firstbyte", "firstbyte avx2")
LAYER_BITS = {"int8": 8.5, "int4": 4.5, "bf16": 16.0}
BUSY_LOAD = 0.5
"""Load average before a section above which its figures are marked."""
_HEAD = """\
# Results

Written by `make bench` (`python -m bench.run`); nothing here is written by hand. Read ratios: both sides of a ratio
were measured in turns within minutes, on the same weights and the same random prompts, greedy, through each engine's
own HTTP server (for OpenVINO and transformers through `bench/peers/pipeline.py`), without reuse of prefixes.
Medians over the rounds. "decode" is the tokens/s of all streams together while all of them decode; TTFT is from sending
the request to the first token. `firstbyte` is this package's TGI container with the best instructions of the machine,
`firstbyte avx2` the same held to AVX2: the llama.cpp wheel measured is built for AVX2 without AVX-512, so the second is
the comparison of like with like. Embedding and output projection have 8 bits in int4 and Q4_0 alike.
OpenVINO's int8 is its own compression's: one scale for each row, where ours and Q8_0 have one for 32 inputs; its int4
has groups of 32 as ours; its keys and values have 8 bits, ours and llama.cpp's 16.
"""


def write(results: Mapping[str, Any]) -> None:
    """Write results.md and an SVG for each section with several numbers of streams."""
    parts = [_HEAD]
    for name, result in results.items():
        parts.append("\n".join(_section(name, result)))
    if not results:
        parts.append("Nothing has been measured yet: the machine at hand was never quiet.")
    (FOLDER / "results.md").write_text("\n".join(parts).rstrip() + "\n")
    plots.write(results, FOLDER)


def _section(name: str, result: Mapping[str, Any]) -> Iterator[str]:
    facts = result["machine"]
    yield f"## {name}\n"
    yield (
        f"{facts['date']} · commit {facts['commit']} · {facts['cores']} cores of {facts['processor']} "
        f"({', '.join(facts['instruction_sets'])}), {facts['memory_gb']} GB · load before {facts['load_before']}"
    )
    if facts["load_before"] > BUSY_LOAD * facts["cores"]:
        yield "\n**By the load before, other programs ran shortly before, or still: absolute figures may be too low.**"
    yield f"\nLimits in the same run: {_limits(result)}\n"
    rows = result["rows"]
    if rows and "case" in rows[0]:
        yield from _cases(result)
    elif name == "arrivals":
        yield from _arrivals(rows)
    elif rows:
        yield from _plain(rows)
    for peer, cause in result["unavailable"].items():
        yield f"\n{peer}: not measured ({cause})"
    yield ""


def _limits(result: Mapping[str, Any]) -> str:
    units = {
        "read_gb_per_s": "reading memory {} GB/s",
        "avx2_int8_gmac_per_s": "8-bit multiply-adds with AVX2 {} G/s",
        "vnni_int8_gmac_per_s": "with VNNI {} G/s",
        "avx2_fma_gmac_per_s": "float32 FMA with AVX2 {} G/s",
    }
    before, after = result["limits"], result["limits_after"]
    texts = [text.format(f"{before[key]:.0f}") for key, text in units.items() if key in before]
    if "read_gb_per_s" in after:
        texts.append(f"after the run: {after['read_gb_per_s']:.0f} GB/s")
    return "; ".join(texts) or "not measured (no compiler or no x86)"


def _cases(result: Mapping[str, Any]) -> Iterator[str]:
    peers = list(dict.fromkeys(row["peer"] for row in result["rows"]))
    others = [peer for peer in peers if peer not in OURS]
    yield "| case | engine | TTFT | prefill | decode | all tokens/s | ITL median, p99 |" + " ratio |" * len(others)
    yield "|---|---|---|---|---|---|---|" + "---|" * len(others)
    for label in dict.fromkeys(_label(row) for row in result["rows"]):
        here = {row["peer"]: row for row in result["rows"] if _label(row) == label}
        for peer, row in here.items():
            ratios = [_ratios(row, here[other]) if other in here and peer in OURS else "" for other in others]
            yield f"| {label} | {peer} | {_figures(row)} |" + "".join(f" {text} |" for text in ratios)
    if others:
        yield f"\nRatios are ours over {' and '.join(others)}: prefill / decode / all tokens."
    yield from _memory_share(result)


def _label(row: Mapping[str, Any]) -> str:
    case = row["case"]
    return f"B={case['num_streams']} n={case['num_prompt']}"


def median(row: Mapping[str, Any], key: str) -> float:
    """Over the rounds."""
    value: float = statistics.median(each[key] for each in row["rounds"])
    return value


def prefill_rate(row: Mapping[str, Any]) -> float:
    """Prompt tokens of all streams over the median time to a first token."""
    num_tokens: int = row["case"]["num_streams"] * row["case"]["num_prompt"]
    return num_tokens / median(row, "ttft_s")


def _figures(row: Mapping[str, Any]) -> str:
    return " | ".join(
        [
            f"{median(row, 'ttft_s'):.3f} s",
            f"{prefill_rate(row):.0f} tok/s" if row["case"]["num_streams"] == 1 else "",
            f"{median(row, 'decode_tokens_per_s'):.1f} tok/s",
            f"{median(row, 'tokens_per_s'):.1f}",
            f"{1000 * median(row, 'itl_median_s'):.1f}, {1000 * median(row, 'itl_p99_s'):.1f} ms",
        ]
    )


def _ratios(ours: Mapping[str, Any], peer: Mapping[str, Any]) -> str:
    pairs = [(prefill_rate(ours), prefill_rate(peer))]
    pairs += [(median(ours, key), median(peer, key)) for key in ("decode_tokens_per_s", "tokens_per_s")]
    return " / ".join(f"{a / b:.2f}×" if b else "–" for a, b in pairs)


def _memory_share(result: Mapping[str, Any]) -> Iterator[str]:
    """What decoding one stream reads, against what the memory gives."""
    bandwidth = result["limits"].get("read_gb_per_s")
    single = [row for row in result["rows"] if row["case"]["num_streams"] == 1 and row["case"]["num_prompt"] < 128]
    if not bandwidth or not single:
        return
    num_bytes = SHAPES[result["model"]].bytes_per_token(LAYER_BITS[result["weights"]])
    shares = [
        f"{row['peer']} {median(row, 'decode_tokens_per_s') * num_bytes / 1e9:.1f} GB/s "
        f"({100 * median(row, 'decode_tokens_per_s') * num_bytes / 1e9 / bandwidth:.0f} %)"
        for row in single
    ]
    yield f"\nOne stream reads {num_bytes / 1e9:.3f} GB a token: {', '.join(shares)} of {bandwidth:.1f} GB/s."


def _arrivals(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    yield "16 streams decode; a prompt of 512 tokens arrives every 3 s. Gaps between tokens of the 16 from then on;"
    yield "before: their median until then.\n"
    yield "| engine | weights | ITL median | p99 | p99 / median | longest | before | TTFT of arrivals | arrivals |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for row in rows:
        times = [f"{1000 * row[key]:.0f} ms" for key in ("itl_median_s", "itl_p99_s")]
        ratio = row["itl_p99_s"] / row["itl_median_s"] if row["itl_median_s"] else 0.0
        rest = [f"{1000 * row[key]:.0f} ms" for key in ("itl_max_s", "itl_median_before_s")]
        cells = [row["peer"], row["weights"], *times, f"{ratio:.1f}", *rest, f"{row['ttft_s']:.1f} s"]
        yield f"| {' | '.join(cells)} | {row['num_arrivals_while_decoding']} |"


def _plain(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    keys = list(rows[0])
    yield f"| {' | '.join(keys)} |"
    yield "|---" * len(keys) + "|"
    for row in rows:
        cells = [f"{row[key]:.2f}" if isinstance(row[key], float) else str(row[key]) for key in keys]
        yield f"| {' | '.join(cells)} |"
    yield "\nTimes in seconds, memory in MB (10^6 bytes): VmHWM is the peak with mapped files, RssAnon what is its"
    yield "own, RssAnonPeak the most of that while it started."
