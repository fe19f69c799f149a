"""Names of places: `s3://bucket/key`, hub ids, the demo model. Text only; nothing is looked up here."""

import re
from dataclasses import dataclass
from typing import Self

from firstbyte.artifacts.errors import HostileArchive, InvalidUri

DEMO_NAMES = frozenset({"demo", "firstbyte/demo"})
MAX_NAME_BYTES = 255

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_HUB_PART = r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?"
_HUB_ID = re.compile(rf"{_HUB_PART}(?:/{_HUB_PART})?")


@dataclass(frozen=True, slots=True)
class S3Uri:
    """An object or a prefix in a bucket."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read `s3://bucket/key`; the key may be empty.

        Raises:
            InvalidUri: it is something else.
        """
        scheme, _, rest = text.partition("://")
        bucket, _, key = rest.partition("/")
        if scheme != "s3" or not _BUCKET.fullmatch(bucket):
            raise InvalidUri(f"not an S3 URI: {text!r}")
        return cls(bucket, key)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def is_s3_uri(text: str) -> bool:
    """True for what is meant as an S3 URI."""
    return text.startswith("s3://")


def is_hub_id(text: str) -> bool:
    """True for `name` and `owner/name` as the Hugging Face hub allows them."""
    return _HUB_ID.fullmatch(text) is not None and ".." not in text and "--" not in text


def is_local_path(text: str) -> bool:
    """True for what can only be meant as a path."""
    return text.startswith(("/", "./", "../", "~"))


def relative_parts(name: str) -> tuple[str, ...]:
    """The components of a key, or of an archive member's name, below a folder that it must not leave.

    A leading `./` and a closing `/` are taken off; nothing at all is the folder itself.

    Raises:
        HostileArchive: it is absolute, has an empty, `..` or too long component, or a NUL.
    """
    trimmed = name.rstrip("/")
    while trimmed.startswith("./"):
        trimmed = trimmed[2:].lstrip("/")
    if trimmed in ("", "."):
        if name.startswith("/"):
            raise HostileArchive(f"{name!r} is an absolute path")
        return ()
    parts = tuple(trimmed.split("/"))
    if name.startswith("/"):
        raise HostileArchive(f"{name!r} is an absolute path")
    if "\0" in name or any(part in ("", ".", "..") for part in parts):
        raise HostileArchive(f"{name!r} has an empty, '.' or '..' component")
    if any(len(part.encode("utf-8", "surrogateescape")) > MAX_NAME_BYTES for part in parts):
        raise HostileArchive(f"{name[:80]!r}… has a component longer than {MAX_NAME_BYTES} bytes")
    return parts
