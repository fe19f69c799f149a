"""Runs the engines side by side and writes results.json, results.md and the plots.

    python -m bench.run [SECTION...]

All servers of a section are up at once and only one of them is ever asked; rounds go from one to the next, so that what
else the machine does hits all alike. Every round has prompts of its own, the same for all. Medians over the rounds are
reported, and ratios of medians. Sections that are not run keep their figures of last time, with their own date.
"""

import contextlib
import json
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bench import limits, machine, report
from bench.load import LoadFailed, Stream, figures_of, run_load
from bench.models import random_prompts
from bench.peers.firstbyte import Firstbyte
from bench.peers.llama_cpp import LlamaCpp
from bench.peers.openvino import OpenVino
from bench.peers.peer import Job, Peer, PeerUnavailable, Server
from bench.peers.transformers import Transformers
from bench.peers.vllm import Vllm

RESULTS = Path(__file__).with_name("results.json")
BEST, AVX2 = Firstbyte(), Firstbyte("firstbyte avx2", "avx2")
NUM_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Case:
    """Streams started together."""

    num_streams: int
    num_prompt: int
    num_new: int = 32

    @property
    def label(self) -> str:
        """As the tables have it."""
        return f"B={self.num_streams} n={self.num_prompt}"


@dataclass(frozen=True, slots=True)
class Section:
    """Cases on one model and one format of weights."""

    model: str
    weights: str
    peers: tuple[Peer, ...]
    cases: tuple[Case, ...]
    num_rounds: int = NUM_ROUNDS


_LARGE = (Case(1, 32), Case(1, 512), Case(1, 128), Case(8, 128))
_TOGETHER = (Case(16, 32, 64),)
"""With few new tokens, or long prompts, the first streams would end before the last ones begin."""
_SMALL = (Case(1, 32, 64), Case(4, 32, 64), Case(16, 32, 64), Case(64, 32, 64))
SECTIONS = {
    "1b-int8": Section("1b", "int8", (BEST, AVX2, LlamaCpp()), _LARGE),
    "1b-int4": Section("1b", "int4", (BEST, AVX2, LlamaCpp()), _LARGE),
    "1b-int8-together": Section("1b", "int8", (BEST, AVX2, LlamaCpp()), _TOGETHER),
    "1b-int4-together": Section("1b", "int4", (BEST, AVX2, LlamaCpp()), _TOGETHER),
    "24m-int8": Section("24m", "int8", (BEST, AVX2, LlamaCpp()), _SMALL),
    "1b-int8-openvino": Section("1b", "int8", (BEST, OpenVino()), _LARGE),
    "1b-int4-openvino": Section("1b", "int4", (BEST, OpenVino()), _LARGE),
    "134m-bf16": Section("134m", "bf16", (BEST, OpenVino(), Transformers(), Vllm()), _LARGE),
}


def measure_section(section: Section) -> dict[str, Any]:
    """All cases of a section, its servers up together."""
    unavailable: dict[str, str] = {}
    rows: list[dict[str, Any]] = []
    with contextlib.ExitStack() as stack:
        servers = _start(section, stack, unavailable)
        for case in section.cases:
            print(f"{section.model} {section.weights} {case.label}", flush=True)
            rounds = [_round(servers, case, number, unavailable) for number in range(section.num_rounds + 1)][1:]
            for name in servers:
                figures = [each[name] for each in rounds if name in each]
                if figures:
                    rows.append({"peer": name, "case": asdict(case), "rounds": figures})
                    print(f"  {name}: {_median(figures)}", flush=True)
    return {"model": section.model, "weights": section.weights, "rows": rows, "unavailable": unavailable}


def _start(section: Section, stack: contextlib.ExitStack, unavailable: dict[str, str]) -> dict[str, Server]:
    job = Job(
        section.model,
        section.weights,
        max(case.num_streams for case in section.cases),
        max(case.num_prompt + case.num_new for case in section.cases) + 8,
    )
    servers = {}
    for peer in section.peers:
        try:
            peer.prepare(job)
            servers[peer.name] = stack.enter_context(Server(peer, job))
        except PeerUnavailable as error:
            unavailable[peer.name] = str(error)
            print(f"  {peer.name} is not measured: {error}", flush=True)
    return servers


def _draw_prompts(case: Case, number: int) -> list[list[int]]:
    """The prompts of one round; no case has the beginnings of another's, which a prefix cache would know."""
    seed = 1_000_000 * case.num_prompt + 1000 * number + case.num_streams
    return random_prompts(case.num_streams, case.num_prompt, seed)


def _round(servers: dict[str, Server], case: Case, number: int, unavailable: dict[str, str]) -> dict[str, Any]:
    """One round of all servers; round 0 warms up and is dropped."""
    prompts = _draw_prompts(case, number)
    figures = {}
    for name, server in servers.items():
        if name in unavailable:
            continue
        before = machine.processor_times()
        try:
            streams = run_load(server.target, [server.request(prompt, case.num_new) for prompt in prompts])
        except (LoadFailed, OSError) as error:
            unavailable[name] = f"{case.label}: {error}"
            continue
        figures[name] = asdict(figures_of(streams)) | {"busy": machine.busy_share(before, machine.processor_times())}
    return figures


def _median(rounds: Sequence[dict[str, float]]) -> dict[str, float]:
    return {key: round(statistics.median(each[key] for each in rounds), 4) for key in rounds[0]}


ARRIVALS = {"num_streams": 16, "num_new": 200, "num_arrivals": 8, "first_s": 3.0, "every_s": 3.0}


def measure_arrivals() -> dict[str, Any]:
    """16 streams decode while prompts of 512 tokens keep arriving: gaps between tokens from the first arrival on."""
    rows, unavailable = [], {}
    for weights in ("int8", "int4"):
        job = Job("1b", weights, 24, 600)
        for peer in (BEST, AVX2, LlamaCpp()):
            try:
                peer.prepare(job)
                with Server(peer, job) as server:
                    rows += [{"peer": peer.name, "weights": weights} | _arrive(server, seed) for seed in range(1, 3)]
                    print(f"  {rows[-1]}", flush=True)
            except (PeerUnavailable, LoadFailed) as error:
                unavailable[f"{peer.name} {weights}"] = str(error)
    return {"model": "1b", "rows": rows, "unavailable": unavailable}


def _arrive(server: Server, seed: int) -> dict[str, float]:
    num_streams, num_arrivals = int(ARRIVALS["num_streams"]), int(ARRIVALS["num_arrivals"])
    decoding = [server.request(prompt, int(ARRIVALS["num_new"])) for prompt in random_prompts(num_streams, 32, seed)]
    arriving = [
        server.request(prompt, 4, ARRIVALS["first_s"] + i * ARRIVALS["every_s"])
        for i, prompt in enumerate(random_prompts(num_arrivals, 512, seed + 1))
    ]
    streams = run_load(server.target, [*decoding, *arriving])
    return _gaps(streams[:num_streams], streams[num_streams:])


def _gaps(decoding: Sequence[Stream], arriving: Sequence[Stream]) -> dict[str, float]:
    """Only gaps while prompts arrive: from the first arrival to the last one's first token."""
    begin_s = arriving[0].sent_at_s
    end_s = min(max(stream.token_times_s[0] for stream in arriving), max(s.token_times_s[-1] for s in decoding))
    times = [(t, gap) for stream in decoding for t, gap in zip(stream.token_times_s[1:], stream.itl_s, strict=True)]
    during = [gap for t, gap in times if begin_s < t <= end_s]
    before = [gap for t, gap in times if t <= begin_s]
    overlapping = [stream for stream in arriving if stream.sent_at_s < max(s.token_times_s[-1] for s in decoding)]
    return {
        "num_gaps": len(during),
        "num_arrivals_while_decoding": len(overlapping),
        "itl_median_s": float(np.median(during)) if during else 0.0,
        "itl_p99_s": float(np.percentile(during, 99)) if during else 0.0,
        "itl_max_s": max(during, default=0.0),
        "itl_median_before_s": float(np.median(before)) if before else 0.0,
        "ttft_s": float(np.median([stream.ttft_s for stream in overlapping])) if overlapping else 0.0,
    }


def measure_start() -> dict[str, Any]:
    """From the start of the process to the first token, files in the page cache and packed weights on the disk."""
    rows: list[dict[str, Any]] = []
    unavailable: dict[str, str] = {}
    for weights in ("int8", "int4"):
        job = Job("1b", weights, 1, 256)
        for number in range(NUM_ROUNDS + 1):
            for peer in (BEST, LlamaCpp()):
                try:
                    peer.prepare(job)
                    row = {"peer": peer.name, "weights": weights} | _first_token(peer, job, number)
                except (PeerUnavailable, LoadFailed) as error:
                    unavailable[peer.name] = str(error)
                    continue
                if number:
                    rows.append(row)
                print(f"  {row}", flush=True)
    return {"model": "1b", "rows": rows, "unavailable": unavailable}


def _first_token(peer: Peer, job: Job, seed: int) -> dict[str, float]:
    with Server(peer, job) as server:
        stream = run_load(server.target, [server.request(random_prompts(1, 8, seed)[0], 1)])[0]
        return {
            "ready_s": server.ready_s,
            "first_token_s": stream.token_times_s[0] - server.started_at_s,
            **server.memory_mb(),
        }


def measure_7b() -> dict[str, Any]:
    """Llama-2-7B's shape in int4: memory at the first start (which packs) and at the second, and its speed."""
    rows: list[dict[str, Any]] = []
    unavailable: dict[str, str] = {}
    job = Job("7b", "int4", 1, 576)
    try:
        BEST.prepare(job)
        for start in ("first or packed before", "packed"):
            with Server(BEST, job) as server:
                streams = run_load(server.target, [server.request(random_prompts(1, 128, 1)[0], 24)])
                row = {"peer": BEST.name, "start": start, "ready_s": server.ready_s} | server.memory_mb()
                rows.append(row | asdict(figures_of(streams)))
                print(f"  {rows[-1]}", flush=True)
    except (PeerUnavailable, LoadFailed, OSError) as error:
        unavailable[BEST.name] = str(error)
        print(f"  {error}", flush=True)
    return {"model": "7b", "weights": "int4", "rows": rows, "unavailable": unavailable}


def measure_cpu_time() -> dict[str, Any]:
    """Processor seconds of one thread each, for a machine that is never quiet: waiting for a core costs nothing here.

    What contention for caches and memory adds hits all alike. One prompt of 512 tokens with one token of answer; then
    16 streams of 16 tokens with 8 of answer.
    """
    rows: list[dict[str, Any]] = []
    unavailable: dict[str, str] = {}
    for weights in ("int8", "int4"):
        job = Job("1b", weights, 16, 520, num_threads=1)
        with contextlib.ExitStack() as stack:
            servers = {}
            for peer in (BEST, AVX2, LlamaCpp()):
                peer.prepare(job)
                servers[peer.name] = stack.enter_context(Server(peer, job))
            for number in range(NUM_CPU_ROUNDS):
                for name, server in servers.items():
                    costs = {label: _cpu_time(server, case, number) for label, case in CPU_CASES.items()}
                    rows.append({"peer": name, "weights": weights, "round": number} | costs)
                    print(f"  {rows[-1]}", flush=True)
    return {"model": "1b", "rows": rows, "unavailable": unavailable}


NUM_CPU_ROUNDS = 2
CPU_CASES = {"cpu_s B=1 n=512 new=1": Case(1, 512, 1), "cpu_s B=16 n=16 new=8": Case(16, 16, 8)}


def _cpu_time(server: Server, case: Case, number: int) -> float:
    prompts = _draw_prompts(case, number)
    before_s = server.cpu_s()
    run_load(server.target, [server.request(prompt, case.num_new) for prompt in prompts])
    return server.cpu_s() - before_s


OTHERS: dict[str, Callable[[], dict[str, Any]]] = {
    "arrivals": measure_arrivals,
    "start": measure_start,
    "7b": measure_7b,
    "1b-cpu-time": measure_cpu_time,
}


def main(names: Sequence[str]) -> int:
    """Run sections, all of them unless some are named."""
    known = [*SECTIONS, *OTHERS]
    if unknown := set(names) - set(known):
        print(f"unknown: {', '.join(unknown)}; there are {', '.join(known)}")
        return 2
    results: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.is_file() else {}
    for name in names or known:
        print(f"== {name}", flush=True)
        facts = machine.describe() | {"load_before": machine.load_average()}
        allowed = limits.measure(facts["cores"])
        print(f"  {allowed}, load {facts['load_before']}", flush=True)
        measured = measure_section(SECTIONS[name]) if name in SECTIONS else OTHERS[name]()
        again = limits.measure(facts["cores"])
        results[name] = measured | {"machine": facts, "limits": allowed, "limits_after": again}
        RESULTS.write_text(json.dumps(results, indent=1))
        report.write(results)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
