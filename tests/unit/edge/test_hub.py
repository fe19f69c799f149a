"""The hub: huggingface_hub's own requests against a folder, and what is passed on."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from firstbyte.artifacts.errors import ModelNotFound
from firstbyte.aws.http import HttpRequest, HttpResponse
from firstbyte.edge.hub import Hub, Snapshot, _read_range

CONFIG = b'{"model_type": "llama"}'
REPO = "meta-llama/Llama-2-7b-chat-hf"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "config.json").write_bytes(CONFIG)
    (tmp_path / "tokenizer").mkdir()
    (tmp_path / "tokenizer" / "vocab.txt").write_bytes(b"a\nb\n")
    return tmp_path


@pytest.fixture
async def hub(folder: Path) -> AsyncIterator[Hub]:
    hub = Hub(lambda repo: folder if repo.startswith("meta-llama/") else None, offline=True)
    yield hub
    await hub.close()


async def ask(hub: Hub, path: str, method: str = "GET", **request: Any) -> tuple[int, dict[str, str], bytes]:
    response = await hub.handle(HttpRequest(method, f"/hub{path}", **request))
    return response.status, dict(response.headers), await read(response)


async def read(response: HttpResponse) -> bytes:
    if isinstance(response.body, bytes):
        return response.body
    return b"".join([piece async for piece in response.body])


async def test_a_model_s_files_are_named(hub: Hub) -> None:
    for path in (f"/api/models/{REPO}", f"/api/models/{REPO}/revision/main"):
        status, headers, body = await ask(hub, path)
        info = json.loads(body)
        assert status == 200
        assert info["id"] == REPO
        assert info["siblings"] == [
            {"rfilename": "config.json", "size": len(CONFIG)},
            {"rfilename": "tokenizer/vocab.txt", "size": 4},
        ]
        assert headers["x-repo-commit"] == info["sha"]


async def test_its_tree_is_listed_flat_and_whole(hub: Hub) -> None:
    _, _, flat = await ask(hub, f"/api/models/{REPO}/tree/main")
    _, _, whole = await ask(hub, f"/api/models/{REPO}/tree/main", query="recursive=True&expand=False")
    _, _, below = await ask(hub, f"/api/models/{REPO}/tree/main/tokenizer")

    assert [entry["path"] for entry in json.loads(flat)] == ["tokenizer", "config.json"]
    assert [entry["path"] for entry in json.loads(whole)] == ["tokenizer", "config.json", "tokenizer/vocab.txt"]
    assert [entry["path"] for entry in json.loads(below)] == ["tokenizer/vocab.txt"]


async def test_a_file_has_what_a_download_needs(hub: Hub) -> None:
    path = f"/{REPO}/resolve/main/config.json"
    status, head, nothing = await ask(hub, path, "HEAD")
    assert (status, nothing) == (200, b"")
    assert head["content-length"] == str(len(CONFIG))
    assert len(head["x-repo-commit"]) == 40
    assert head["etag"].strip('"').isalnum()

    assert (await ask(hub, path))[2] == CONFIG
    status, part, body = await ask(hub, path, headers={"range": "bytes=5-9"})
    assert (status, body) == (206, CONFIG[5:10])
    assert part["content-range"] == f"bytes 5-9/{len(CONFIG)}"
    status, missed, _ = await ask(hub, path, headers={"range": "bytes=999-"})
    assert (status, missed["content-range"]) == (416, f"bytes */{len(CONFIG)}")


async def test_paths_are_looked_up(hub: Hub) -> None:
    for content_type, body in (
        ("application/json", b'{"paths": ["config.json", "nothing"]}'),
        ("application/x-www-form-urlencoded", b"paths=config.json&paths=nothing&expand=False"),
    ):
        _, _, found = await ask(
            hub, f"/api/models/{REPO}/paths-info/main", "POST", headers={"content-type": content_type}, body=body
        )
        assert [entry["path"] for entry in json.loads(found)] == ["config.json"]


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"/{REPO}/resolve/main/nothing.json", "EntryNotFound"),
        (f"/{REPO}/resolve/main/..%2F..%2Fetc%2Fpasswd", "EntryNotFound"),
        ("/somebody/else/resolve/main/config.json", "RepoNotFound"),
        ("/api/whoami-v2", "RepoNotFound"),
    ],
)
async def test_what_is_not_there_says_so_in_the_hub_s_way(hub: Hub, path: str, code: str) -> None:
    status, headers, _ = await ask(hub, path)
    assert (status, headers["x-error-code"]) == (404, code)


async def test_a_model_that_cannot_be_had_says_why(folder: Path) -> None:
    def find(_: str) -> Path:
        raise ModelNotFound("no folder at /nowhere")

    status, headers, _ = await ask(Hub(find, offline=False), f"/api/models/{REPO}")
    assert (status, headers["x-error-message"]) == (404, "no folder at /nowhere")


async def test_the_commit_changes_with_the_files(folder: Path) -> None:
    before = Snapshot.of("m", folder).commit
    (folder / "new.json").write_text("{}")
    assert Snapshot.of("m", folder).commit != before


async def test_everything_else_is_passed_on_with_the_client_s_token() -> None:
    async def serve(request: web.BaseRequest) -> web.Response:
        if request.path == "/m/resolve/main/moved":
            return web.Response(status=307, headers={"Location": "/api/resolve-cache/moved", "X-Repo-Commit": "c"})
        seen = {"token": request.headers.get("authorization"), "query": request.query_string}
        return web.json_response(seen, headers={"X-Secret": "kept", "ETag": '"e"'})

    server = web.Server(serve)
    listener = await asyncio.get_running_loop().create_server(server, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    hub = Hub(lambda _: None, offline=False, upstream_url=f"http://127.0.0.1:{port}")

    status, headers, body = await ask(hub, "/api/models/m", query="a=b", headers={"authorization": "Bearer hf_x"})
    assert (status, json.loads(body)) == (200, {"token": "Bearer hf_x", "query": "a=b"})
    assert headers["etag"] == '"e"'
    assert "x-secret" not in headers
    status, headers, _ = await ask(hub, "/m/resolve/main/moved")
    assert (status, headers["location"]) == (307, "/hub/api/resolve-cache/moved")

    await hub.close()
    listener.close()
    await server.shutdown()
    status, headers, _ = await ask(hub := Hub(lambda _: None, offline=False, upstream_url="http://127.0.0.1:1"), "/m")
    assert (status, headers["x-error-code"]) == (504, "HubUnreachable")
    await hub.close()


@given(st.binary(max_size=50), st.integers(0, 60), st.integers(0, 60))
def test_ranges_cut_as_slices_do(data: bytes, first: int, last: int) -> None:
    found = _read_range(f"bytes={first}-{last}", len(data))
    if found is None:
        assert first >= len(data) or last < first
    else:
        assert data[found[0] : found[1]] == data[first : last + 1]
