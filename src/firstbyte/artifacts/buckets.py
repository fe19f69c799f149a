"""Objects in buckets: the embedded store, whose objects are plain files, or any S3 endpoint.

The embedded store is read straight from disk; `s3://b/k` is OBJECTS_DIR/b/k. From an endpoint a prefix is copied into
the cache, into a folder named after what the listing says, so that it is copied again only when it has changed.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from firstbyte.artifacts.errors import ModelDataNotFound, SourceUnreachable
from firstbyte.artifacts.uris import S3Uri, relative_parts


class ObjectFolder:
    """The embedded store."""

    def __init__(self, objects_dir: Path) -> None:
        self._objects_dir = objects_dir

    def has_bucket(self, bucket: str) -> bool:
        """True when the bucket is here; otherwise another endpoint may have it."""
        return (self._objects_dir / bucket).is_dir()

    def find(self, uri: S3Uri) -> Path:
        """The file of an object, or the folder of a prefix.

        Raises:
            ModelDataNotFound: there is neither.
            HostileArchive: the key leads out of the bucket.
        """
        path = self._objects_dir.joinpath(uri.bucket, *relative_parts(uri.key))
        if not path.exists():
            raise ModelDataNotFound(f"there is no object or prefix {uri}")
        return path


@dataclass(frozen=True, slots=True)
class S3Object:
    """A line of a listing."""

    key: str
    etag: str
    num_bytes: int


class S3Endpoint:
    """Any other S3, by boto3 and the credentials that boto3 finds."""

    def __init__(self, endpoint_url: str | None, cache_dir: Path) -> None:
        # Imported here: most containers read from disk, and this takes longer than the rest of their start.
        import boto3

        self._client: Any = boto3.client("s3", endpoint_url=endpoint_url)
        self._cache_dir = cache_dir

    def find(self, uri: S3Uri) -> Path:
        """A local copy of an object or of all objects below a prefix.

        Raises:
            ModelDataNotFound: there is neither.
            HostileArchive: a key could not be a file below a folder.
            SourceUnreachable: the endpoint did not answer as it should.
        """
        with _translated_errors(uri):
            objects = [item for item in self._list(uri) if _is_below(item.key, uri.key)]
            if not objects:
                raise ModelDataNotFound(f"there is no object or prefix {uri}")
            return self._copy(uri, objects)

    def _list(self, uri: S3Uri) -> Iterator[S3Object]:
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=uri.bucket, Prefix=uri.key)
        for page in pages:
            for item in page.get("Contents", []):
                yield S3Object(item["Key"], item["ETag"], item["Size"])

    def _copy(self, uri: S3Uri, objects: list[S3Object]) -> Path:
        digest = hashlib.sha256(repr((uri, sorted((o.key, o.etag, o.num_bytes) for o in objects))).encode()).hexdigest()
        folder = self._cache_dir / "s3" / digest[:32]
        single = [item for item in objects if item.key == uri.key and not item.key.endswith("/")]
        if not folder.is_dir():
            self._download(uri, single or objects, folder)
        return folder / single[0].key.rpartition("/")[2] if single else folder

    def _download(self, uri: S3Uri, objects: list[S3Object], folder: Path) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".copy.", dir=folder.parent))
        try:
            for item in objects:
                if item.key.endswith("/"):  # the mark of an empty folder, as consoles make it
                    continue
                name = item.key.rpartition("/")[2] if item.key == uri.key else item.key[len(uri.key) :].lstrip("/")
                target = temporary.joinpath(*relative_parts(name))
                target.parent.mkdir(parents=True, exist_ok=True)
                self._client.download_file(uri.bucket, item.key, str(target))
            temporary.rename(folder)
        except FileExistsError:
            shutil.rmtree(temporary, ignore_errors=True)  # another container copied the same meanwhile
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise


def _is_below(key: str, prefix: str) -> bool:
    """True for the object itself and for what lies under it as a folder: `a/b` has `a/b` and `a/b/c`, not `a/bc`."""
    return key == prefix or key.startswith(prefix if prefix.endswith("/") or not prefix else prefix + "/")


@contextmanager
def _translated_errors(uri: S3Uri) -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        if code in ("404", "NoSuchBucket", "NoSuchKey"):
            raise ModelDataNotFound(f"there is no object or prefix {uri}") from error
        raise SourceUnreachable(f"{uri} could not be read: {error}") from error
    except BotoCoreError as error:
        raise SourceUnreachable(f"{uri} could not be read: {error}") from error


def link_tree(source: Path, into: Path) -> None:
    """Put the files below `source` below `into` as well, by hard links where the file system can, else as copies."""

    def link_or_copy(old: str, new: str) -> str:
        try:
            os.link(old, new)
        except OSError:
            shutil.copy2(old, new)
        return new

    shutil.copytree(source, into, copy_function=link_or_copy, dirs_exist_ok=True)
