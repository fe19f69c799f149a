"""Which store is asked for an object. The real one is asked in tests/scenarios/test_async_inference.py."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from firstbyte.edge.buckets import Buckets
from firstbyte.edge.sidecar import SidecarAddress
from firstbyte.hosting.errors import ObjectFailed


class FakeS3:
    """Keeps objects by path; one server for each store."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                fake.objects[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
                self.answer(200, b"")

            def do_GET(self) -> None:
                found = fake.objects.get(self.path)
                self.answer(*((404, b"<Error><Code>NoSuchKey</Code></Error>") if found is None else (200, found)))

            def answer(self, status: int, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class FakeStore:
    def __init__(self, url: str) -> None:
        self._url = url

    async def address(self) -> SidecarAddress:
        return SidecarAddress(self._url, "AK", "secret")

    def object_to(self, bucket: str, key: str, is_upload: bool) -> str | None:
        return "it is odd" if key == "odd" else None


@pytest.fixture
def inside() -> Iterator[FakeS3]:
    server = FakeS3()
    yield server
    server.stop()


@pytest.fixture
def outside() -> Iterator[FakeS3]:
    server = FakeS3()
    yield server
    server.stop()


@pytest.fixture
def buckets(inside: FakeS3, tmp_path: Path) -> Iterator[Buckets]:
    made = Buckets(FakeStore(inside.url), tmp_path, region="us-east-1")
    yield made
    made.close()


async def test_what_is_written_can_be_read(buckets: Buckets, inside: FakeS3) -> None:
    await buckets.write("s3://b/a/k", b"data", "text/plain")

    assert inside.objects == {"/b/a/k": b"data"}
    assert await buckets.read("s3://b/a/k", 4) == b"data"


async def test_an_object_that_is_too_long_is_not_read(buckets: Buckets, inside: FakeS3) -> None:
    inside.objects["/b/k"] = b"12345"

    with pytest.raises(ObjectFailed, match="s3://b/k is longer than 4 bytes"):
        await buckets.read("s3://b/k", 4)


@pytest.mark.parametrize("location", ["s3://b/none", "s3://b/odd", "https://example.com/x"])
async def test_what_cannot_be_read_says_so(buckets: Buckets, location: str) -> None:
    with pytest.raises(ObjectFailed):
        await buckets.read(location, 100)


async def test_a_bucket_that_is_not_here_is_asked_for_outside(
    inside: FakeS3, outside: FakeS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "OUTSIDE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    (tmp_path / "here").mkdir()
    buckets = Buckets(FakeStore(inside.url), tmp_path, region="us-east-1", outside_url=outside.url)

    await buckets.write("s3://here/k", b"1", None)
    await buckets.write("s3://there/k", b"2", None)
    buckets.close()

    assert (inside.objects, outside.objects) == ({"/here/k": b"1"}, {"/there/k": b"2"})
