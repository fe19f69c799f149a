"""What an image URI means here. URIs are read, never pulled: one of our containers stands for the image they name.

Serving images of the reference workload: Hugging Face's TGI image names the TGI version in its tag
(`…/huggingface-pytorch-tgi-inference:2.3.0-tgi2.0.2-gpu-py310-cu121-ubuntu22.04`), the LMI image starts its tag with
the DJL Serving version (`…/djl-inference:0.28.0-lmi10.0.0-cu124`).
"""

import enum
import re
from dataclasses import dataclass

from firstbyte.hosting.errors import UnknownImage

DEFAULT_TGI_VERSION = "2.0.2"
DEFAULT_LMI_VERSION = "0.28.0"

RUNNABLE = (
    "This host can run …/huggingface-pytorch-tgi-inference:…-tgi<version>-…, …/djl-inference:<version>-…, "
    "firstbyte/tgi[:<version>], firstbyte/lmi[:<version>] and firstbyte/echo."
)
"""The sentence that lists what can run here."""


class Dialect(enum.StrEnum):
    """Which server's requests and answers a container speaks (FIRSTBYTE_DIALECT)."""

    TGI = "tgi"
    LMI = "lmi"
    ECHO = "echo"


@dataclass(frozen=True, slots=True)
class StandIn:
    """The container of ours that stands for an image."""

    dialect: Dialect
    version: str


_VERSION = r"(?P<version>\d+\.\d+\.\d+)"
_PATTERNS = (
    (re.compile(rf"(?:.+/)?huggingface-pytorch-tgi-inference:(?:[\w.]+-)*tgi{_VERSION}(?:[-+].*)?"), Dialect.TGI, ""),
    (re.compile(rf"(?:.+/)?djl-inference:{_VERSION}(?:[-+].*)?"), Dialect.LMI, ""),
    (re.compile(rf"firstbyte/tgi(?::{_VERSION})?"), Dialect.TGI, DEFAULT_TGI_VERSION),
    (re.compile(rf"firstbyte/lmi(?::{_VERSION})?"), Dialect.LMI, DEFAULT_LMI_VERSION),
    (re.compile(rf"firstbyte/echo(?::{_VERSION})?"), Dialect.ECHO, "0.0.0"),
)


def read_image(uri: str) -> StandIn:
    """What stands for the image `uri`. Raises UnknownImage with a sentence that says what can run here."""
    for pattern, dialect, default_version in _PATTERNS:
        if match := pattern.fullmatch(uri):
            return StandIn(dialect, match["version"] or default_version)
    raise UnknownImage(f"The image {uri} cannot run on this host. {RUNNABLE}")
