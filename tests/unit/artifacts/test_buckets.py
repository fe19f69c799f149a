"""The embedded store on disk, and boto3 against an S3 that answers on a socket."""

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from firstbyte.artifacts.buckets import ObjectFolder, S3Endpoint, link_tree
from firstbyte.artifacts.errors import HostileArchive, ModelDataNotFound, SourceUnreachable
from firstbyte.artifacts.models import ArtifactSettings, resolve_model
from firstbyte.artifacts.uris import S3Uri

LISTING = '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>false</IsTruncated>{}</ListBucketResult>'
NO_BUCKET = "<Error><Code>NoSuchBucket</Code><Message>no</Message></Error>"


class SmallS3(ThreadingHTTPServer):
    """ListObjectsV2, HeadObject and GetObject of one bucket, `bucket-1`."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), SmallS3Handler)
        self.objects: dict[str, bytes] = {}
        self.num_downloads = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class SmallS3Handler(BaseHTTPRequestHandler):
    server: SmallS3

    def do_GET(self) -> None:
        path = urlsplit(self.path)
        bucket, _, key = unquote(path.path).lstrip("/").partition("/")
        if bucket != "bucket-1":
            self.answer(404, NO_BUCKET.encode())
        elif key:
            self.server.num_downloads += self.command == "GET"
            self.answer(200, self.server.objects[key])
        else:
            self.answer(200, self.listing(parse_qs(path.query).get("prefix", [""])[0]).encode())

    do_HEAD = do_GET  # noqa: N815 - the name that http.server looks for

    def listing(self, prefix: str) -> str:
        items = ((key, data) for key, data in self.server.objects.items() if key.startswith(prefix))
        lines = (
            f'<Contents><Key>{key}</Key><Size>{len(data)}</Size><ETag>"{hashlib.sha256(data).hexdigest()}"</ETag></Contents>'
            for key, data in items
        )
        return LISTING.format("".join(lines))

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallS3]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "k")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with SmallS3() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_copies_a_prefix_once_and_again_when_it_changed(store: SmallS3, tmp_path: Path) -> None:
    store.objects = {"m/": b"", "m/config.json": b"{}", "m/sub/w.bin": b"w", "mother": b"no"}
    endpoint = S3Endpoint(store.url, tmp_path)
    folder = endpoint.find(S3Uri.parse("s3://bucket-1/m/"))
    assert (folder / "config.json").read_bytes() == b"{}"
    assert (folder / "sub" / "w.bin").read_bytes() == b"w"
    num_downloads = store.num_downloads
    assert endpoint.find(S3Uri.parse("s3://bucket-1/m/")) == folder
    assert store.num_downloads == num_downloads == 2
    store.objects["m/config.json"] = b"[]"
    assert (endpoint.find(S3Uri.parse("s3://bucket-1/m")) / "config.json").read_bytes() == b"[]"


def test_copies_one_object_under_its_name(store: SmallS3, tmp_path: Path) -> None:
    store.objects = {"a/model.tar.gz": b"data", "a/model.tar.gz.sha": b"no"}
    path = S3Endpoint(store.url, tmp_path).find(S3Uri.parse("s3://bucket-1/a/model.tar.gz"))
    assert (path.name, path.read_bytes()) == ("model.tar.gz", b"data")


@pytest.mark.parametrize("uri", ["s3://bucket-1/none/", "s3://bucket-2/m/"])
def test_missing_prefix_or_bucket(store: SmallS3, tmp_path: Path, uri: str) -> None:
    with pytest.raises(ModelDataNotFound):
        S3Endpoint(store.url, tmp_path).find(S3Uri.parse(uri))


def test_hostile_keys_leave_nothing(store: SmallS3, tmp_path: Path) -> None:
    store.objects = {"m/good": b"1", "m/../../x": b"2"}
    with pytest.raises(HostileArchive):
        S3Endpoint(store.url, tmp_path / "cache").find(S3Uri.parse("s3://bucket-1/m/"))
    assert list((tmp_path / "cache" / "s3").iterdir()) == []


def test_endpoint_that_does_not_answer(store: SmallS3, tmp_path: Path) -> None:
    with pytest.raises(SourceUnreachable):
        S3Endpoint("http://127.0.0.1:1", tmp_path).find(S3Uri.parse("s3://bucket-1/m/"))


def test_own_buckets_come_before_the_endpoint(store: SmallS3, tmp_path: Path) -> None:
    store.objects = {"m/config.json": b"far"}
    settings = ArtifactSettings(tmp_path / "objects", tmp_path / "cache", s3_endpoint_url=store.url)
    (tmp_path / "objects").mkdir()
    assert (resolve_model("s3://bucket-1/m/", settings) / "config.json").read_bytes() == b"far"
    near = tmp_path / "objects" / "bucket-1" / "m"
    near.mkdir(parents=True)
    assert resolve_model("s3://bucket-1/m/", settings) == near


def test_key_cannot_leave_its_bucket(tmp_path: Path) -> None:
    (tmp_path / "bucket-1").mkdir()
    with pytest.raises(HostileArchive):
        ObjectFolder(tmp_path).find(S3Uri("bucket-1", "../bucket-2/x"))


def test_links_trees(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "c").write_text("x")
    (tmp_path / "into").mkdir()
    link_tree(tmp_path / "a", tmp_path / "into")
    assert (tmp_path / "into" / "b" / "c").read_text() == "x"
