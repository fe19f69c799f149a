"""The Hugging Face hub as its clients see it, for programs that are told HF_ENDPOINT.

Models that the host has in the place of others (the model map) or on its disk are served from there through the hub's
own API; everything else is passed on to the real hub, with the client's own token. Formats: the hub's OpenAPI page, and
what `huggingface_hub` reads of an answer: X-Repo-Commit, ETag and Content-Length of a HEAD, `siblings` of a model.
"""

import asyncio
import hashlib
import json
import mimetypes
import re
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote

import aiohttp
import yarl

from firstbyte.artifacts.errors import ArtifactError
from firstbyte.aws.http import HttpRequest, HttpResponse

PREFIX = "/hub"
"""The path below which the hub lies; no S3 client sends unsigned requests there that could be granted."""
HUB_URL = "https://huggingface.co"
PIECE_BYTES = 256 * 1024

_REPO = r"(?P<repo>[\w.-]+(?:/[\w.-]+)?)"
_MODEL = re.compile(rf"/api/models/{_REPO}(?:/revision/(?P<revision>[^/]+))?")
_TREE = re.compile(rf"/api/models/{_REPO}/tree/(?P<revision>[^/]+)(?:/(?P<path>.*))?")
_PATHS = re.compile(rf"/api/models/{_REPO}/paths-info/(?P<revision>[^/]+)")
_FILE = re.compile(rf"/{_REPO}/(?:resolve|raw)/(?P<revision>[^/]+)/(?P<path>.+)")
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_PASSED_ON = ("accept", "authorization", "content-type", "range", "user-agent", "if-none-match", "x-xet-session-id")
_RETURNED = re.compile(
    "accept-ranges|cache-control|content-(disposition|encoding|length|range|type)|etag|last-modified|link|location"
    "|www-authenticate|x-(error|linked|repo|xet|request)-.+"
)

FindModel: TypeAlias = Callable[[str], Path | None]
"""The folder that stands for a model's id; None for one that the real hub has. Raises ArtifactError."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A folder, shown as the one revision of a repository."""

    repo: str
    folder: Path
    files: Mapping[str, Path]
    commit: str

    @classmethod
    def of(cls, repo: str, folder: Path) -> "Snapshot":
        """Look at a folder. Its commit is made of its files' names, sizes and times: it changes when they do."""
        found = sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("."))
        files = {path.relative_to(folder).as_posix(): path for path in found}
        digest = hashlib.sha1(usedforsecurity=False)
        for name, path in files.items():
            digest.update(f"{name}\0{etag(path)}\0".encode())
        return cls(repo, folder, files, digest.hexdigest())

    def info(self) -> dict[str, Any]:
        """What the hub says of a model."""
        return {
            "_id": self.commit[:24],
            "id": self.repo,
            "modelId": self.repo,
            "sha": self.commit,
            "lastModified": "2023-07-18T00:00:00.000Z",
            "createdAt": "2023-07-18T00:00:00.000Z",
            "private": False,
            "gated": False,
            "disabled": False,
            "downloads": 0,
            "likes": 0,
            "tags": ["transformers", "safetensors"],
            "library_name": "transformers",
            "pipeline_tag": "text-generation",
            "siblings": [{"rfilename": name, "size": path.stat().st_size} for name, path in self.files.items()],
        }

    def entries(self, folder: str, *, recursive: bool) -> list[dict[str, Any]]:
        """What the hub lists of a folder of the repository."""
        start = f"{folder.strip('/')}/" if folder.strip("/") else ""
        below = {name: path for name, path in self.files.items() if name.startswith(start)}
        folders = {name[: name.index("/", len(start))] for name in below if "/" in name[len(start) :]}
        return [
            *({"type": "directory", "path": name, "size": 0, "oid": self.commit} for name in sorted(folders)),
            *(self.entry(name) for name in below if recursive or "/" not in name[len(start) :]),
        ]

    def entry(self, name: str) -> dict[str, Any]:
        """What the hub lists of a file."""
        path = self.files[name]
        return {"type": "file", "path": name, "size": path.stat().st_size, "oid": etag(path)}


class Hub:
    """Serves the hub's API below PREFIX."""

    def __init__(self, find_model: FindModel, *, offline: bool, upstream_url: str = HUB_URL) -> None:
        """`offline`: never ask the real hub."""
        self._find_model = find_model
        self._offline = offline
        self._upstream_url = upstream_url
        self._http: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections to the real hub."""
        if self._http is not None:
            await self._http.close()

    async def handle(self, request: HttpRequest) -> HttpResponse:
        """Answer one request."""
        path = unquote(request.path.removeprefix(PREFIX))
        for pattern, serve in (
            (_FILE, _serve_file),
            (_TREE, _serve_tree),
            (_PATHS, _serve_paths),
            (_MODEL, _serve_info),
        ):
            if match := pattern.fullmatch(path):
                try:
                    folder = await asyncio.to_thread(self._find_model, match["repo"])
                    if folder is not None:
                        snapshot = await asyncio.to_thread(Snapshot.of, match["repo"], folder)
                        return serve(snapshot, match, request)
                except ArtifactError as error:
                    return _refuse(404, "RepoNotFound", str(error))
                break
        return await self._pass_on(request)

    async def _pass_on(self, request: HttpRequest) -> HttpResponse:
        """Ask the real hub. Its redirections are the client's to follow."""
        if self._offline:
            return _refuse(404, "RepoNotFound", "this host has no such model, and may not ask the hub (offline)")
        query = f"?{request.query}" if request.query else ""
        url = yarl.URL(f"{self._upstream_url}{request.path.removeprefix(PREFIX)}{query}", encoded=True)
        headers = {name: request.headers[name] for name in _PASSED_ON if name in request.headers}
        try:
            answer = await self._session().request(
                request.method, url, headers=headers, data=request.body or None, allow_redirects=False
            )
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            return _refuse(
                504,
                "HubUnreachable",
                f"the hub cannot be reached ({error}); `firstbyte up --model-map PATTERN=MODEL` serves another model",
            )
        returned = [
            (name.lower(), value) for name, value in answer.headers.items() if _RETURNED.fullmatch(name.lower())
        ]
        relocated = [(n, f"{PREFIX}{v}" if n == "location" and v.startswith("/") else v) for n, v in returned]
        return HttpResponse(answer.status, tuple(relocated), _relay(answer))

    def _session(self) -> aiohttp.ClientSession:
        # Made on the first call, when the loop runs.
        if self._http is None:
            self._http = aiohttp.ClientSession(
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=10, sock_read=60),
                auto_decompress=False,
                skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
                trust_env=True,
            )
        return self._http


def etag(path: Path) -> str:
    """Forty hexadecimal digits that stand for a file as it is now; hashing gigabytes for each request would not do."""
    stat = path.stat()
    text = f"{path.name}\0{stat.st_size}\0{stat.st_mtime_ns}"
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


def _serve_info(snapshot: Snapshot, _match: re.Match[str], _request: HttpRequest) -> HttpResponse:
    return _json(snapshot.info(), ("x-repo-commit", snapshot.commit))


def _serve_tree(snapshot: Snapshot, match: re.Match[str], request: HttpRequest) -> HttpResponse:
    recursive = "recursive=true" in request.query.lower() or "recursive=1" in request.query
    return _json(snapshot.entries(match["path"] or "", recursive=recursive), ("x-repo-commit", snapshot.commit))


def _serve_paths(snapshot: Snapshot, _match: re.Match[str], request: HttpRequest) -> HttpResponse:
    is_json = "json" in request.headers.get("content-type", "")
    try:
        asked = json.loads(request.body)["paths"] if is_json else _form_paths(request.body)
    except (ValueError, KeyError, TypeError):
        return _refuse(400, "BadRequest", "the body must name paths")
    return _json([snapshot.entry(name) for name in asked if name in snapshot.files])


def _form_paths(body: bytes) -> list[str]:
    pairs = (pair.partition("=") for pair in body.decode().split("&"))
    return [unquote(value.replace("+", " ")) for name, _, value in pairs if name == "paths"]


def _serve_file(snapshot: Snapshot, match: re.Match[str], request: HttpRequest) -> HttpResponse:
    path = snapshot.files.get(match["path"])
    if path is None:
        return _refuse(404, "EntryNotFound", f"{snapshot.repo} has no file {match['path']}", snapshot.commit)
    size = path.stat().st_size
    headers = [
        ("x-repo-commit", snapshot.commit),
        ("etag", f'"{etag(path)}"'),
        ("accept-ranges", "bytes"),
        ("content-type", mimetypes.guess_type(path.name)[0] or "application/octet-stream"),
    ]
    wanted = _read_range(request.headers.get("range", ""), size)
    if wanted is None:
        return HttpResponse(416, (*headers, ("content-range", f"bytes */{size}")))
    start, end = wanted
    is_part = "range" in request.headers
    if is_part:
        headers.append(("content-range", f"bytes {start}-{end - 1}/{size}"))
    headers.append(("content-length", str(end - start)))
    body: bytes | AsyncIterator[bytes] = b"" if request.method == "HEAD" else _read_file(path, start, end)
    return HttpResponse(206 if is_part else 200, tuple(headers), body)


def _read_range(text: str, size: int) -> tuple[int, int] | None:
    """Start and end of what a Range header asks for, all of it without one; None for what the file does not have."""
    match = _RANGE.fullmatch(text)
    if match is None or match.groups() == ("", ""):
        return 0, size
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    end = min(int(last) + 1, size) if last else size
    return (int(first), end) if int(first) < end else None


async def _read_file(path: Path, start: int, end: int) -> AsyncIterator[bytes]:
    with await asyncio.to_thread(path.open, "rb") as file:
        file.seek(start)
        while start < end and (piece := await asyncio.to_thread(file.read, min(PIECE_BYTES, end - start))):
            start += len(piece)
            yield piece


async def _relay(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for piece in answer.content.iter_chunked(PIECE_BYTES):
            yield piece
    finally:
        answer.close()


def _json(value: Any, *headers: tuple[str, str]) -> HttpResponse:
    return HttpResponse(
        200, (("content-type", "application/json; charset=utf-8"), *headers), json.dumps(value).encode()
    )


def _refuse(status: int, code: str, message: str, commit: str | None = None) -> HttpResponse:
    """Refuse in the hub's way: code and message in headers, which its client puts into its own exceptions."""
    plain = message.encode("ascii", "replace").decode().replace("\n", " ")
    headers = [("x-error-code", code), ("x-error-message", plain), ("content-type", "application/json")]
    if commit:
        headers.append(("x-repo-commit", commit))
    return HttpResponse(status, tuple(headers), json.dumps({"error": message}).encode())
