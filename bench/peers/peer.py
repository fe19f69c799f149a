"""What all engines have in common: an environment of its own, a server process, and requests of random tokens.

An engine without an HTTP server of its own is measured through the door that it has, by a small server of ours
(`pipeline.py`) that does nothing but hand its tokens on as they come.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from bench.load import Request, Target

ROOT = Path(__file__).parent.parent.parent
ENVIRONMENTS = ROOT / ".venvs"
START_TIMEOUT_S = 900.0


class PeerUnavailable(Exception):
    """The engine cannot be installed or does not run here; the text is the cause."""


@dataclass(frozen=True, slots=True)
class Job:
    """What to serve."""

    model: str
    """A name of `models.SHAPES`."""
    weights: str
    """`int8`, `int4` or `bf16`: each engine takes its own format of those bits."""
    num_streams: int
    """Most streams at a time."""
    max_tokens: int = 1024
    """Most tokens of a stream, prompt and answer."""
    num_threads: int = os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Command:
    """How a server is started and asked."""

    arguments: Sequence[str]
    path: str
    """Of the streaming route."""
    ready_path: str = "/health"
    environment: Mapping[str, str] = field(default_factory=dict)


class Peer(Protocol):
    """One engine."""

    @property
    def name(self) -> str:
        """As the tables have it."""

    def prepare(self, job: Job) -> None:
        """Install it and convert the model, once. Raises `PeerUnavailable`."""

    def command(self, job: Job, port: int) -> Command:
        """Start a server for `job`."""

    def body(self, prompt_ids: list[int], num_new: int) -> bytes:
        """A greedy streaming request for exactly that many tokens, without use of cached prefixes."""


def install(name: str, *requirements: str) -> Path:
    """An environment of that name with these packages; returns its Python. Raises `PeerUnavailable`."""
    folder = ENVIRONMENTS / name
    python, stamp = folder / "bin" / "python", folder / ".requirements"
    if stamp.is_file() and stamp.read_text() == "\n".join(requirements):
        return python
    if not python.exists():
        venv.create(folder, with_pip=True)
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerUnavailable(f"pip install {' '.join(requirements)}: {_last_line(done.stderr)}")
    stamp.write_text("\n".join(requirements))
    return python


def run_tool(python: Path, *arguments: str) -> None:
    """Run a module of ours in a peer's environment. Raises `PeerUnavailable`."""
    done = subprocess.run([str(python), *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerUnavailable(f"{' '.join(arguments)}: {_last_line(done.stderr)}")


class Server:
    """A running peer; a context manager."""

    def __init__(self, peer: Peer, job: Job) -> None:
        self.peer = peer
        port = _free_port()
        command = peer.command(job, port)
        self.target = Target(port, command.path)
        self.started_at_s = time.perf_counter()
        self._peak_anon_mb = 0.0
        ENVIRONMENTS.mkdir(exist_ok=True)
        self._log = (ENVIRONMENTS / f"{peer.name.replace(' ', '-').replace('/', '-')}.log").open("wb")
        self._process = subprocess.Popen(
            list(command.arguments),
            cwd=ROOT,
            env=os.environ | dict(command.environment),
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        try:
            self._wait(f"http://127.0.0.1:{port}{command.ready_path}")
        except BaseException:
            self.close()
            raise
        self.ready_s = time.perf_counter() - self.started_at_s
        """From the start of the process until it took requests."""

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def request(self, prompt_ids: list[int], num_new: int, at_s: float = 0.0) -> Request:
        """One request in the peer's own form."""
        return Request(self.peer.body(prompt_ids, num_new), num_new, at_s)

    def cpu_s(self) -> float:
        """Processor time that all its threads have spent so far: what a busy machine leaves as it is, nearly."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mb(self) -> dict[str, float]:
        """Peak of all resident pages, and what is now its own (not of files), in MB (10^6 bytes).

        `RssAnonPeak` is the most of its own while it started: packing passes all of a mapped checkpoint through VmHWM,
        pages which the system takes back when it needs them.
        """
        fields = self._memory_fields()
        return {key: fields[key] for key in ("VmHWM", "VmRSS", "RssAnon", "RssFile")} | {
            "RssAnonPeak": max(self._peak_anon_mb, fields["RssAnon"])
        }

    def _memory_fields(self) -> dict[str, float]:
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        fields = (line.split(":", 1) for line in status.splitlines() if line.startswith(("Vm", "Rss")))
        return {key: int(value.split()[0]) * 1024 / 1e6 for key, value in fields}

    def close(self) -> None:
        """End the process."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._log.close()

    def _wait(self, url: str) -> None:
        while time.perf_counter() - self.started_at_s < START_TIMEOUT_S:
            if self._process.poll() is not None:
                self._log.flush()
                text = Path(self._log.name).read_text(errors="replace")
                raise PeerUnavailable(f"{self.peer.name} ended at its start: {_last_line(text)}")
            self._peak_anon_mb = max(self._peak_anon_mb, self._memory_fields().get("RssAnon", 0.0))
            try:
                with urllib.request.urlopen(url, timeout=5) as answer:
                    if answer.status == 200:
                        return
            except (urllib.error.URLError, OSError):
                pass
            try:
                self._process.wait(0.02)
            except subprocess.TimeoutExpired:
                continue
        raise PeerUnavailable(f"{self.peer.name} took no requests after {START_TIMEOUT_S:.0f} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "no output"


def openai_body(model: str, prompt_ids: list[int], num_new: int) -> bytes:
    """A request in the form of OpenAI's completions, as vLLM extends it."""
    return json.dumps(
        {"model": model, "prompt": prompt_ids, "max_tokens": num_new, "temperature": 0, "stream": True,
         "ignore_eos": True}
    ).encode()  # fmt: skip


OUR_PYTHON = sys.executable
