"""A file of packed weights: written once, then mapped read-only, so that instances of one model share its pages.

    8 bytes   magic
    8 bytes   checksum of all that follows (native/checksum.h), little-endian
    8 bytes   length of the header
    header    JSON: {"version", "entries": [{"name", "begin", "end"}]}, offsets from the start of the data
    padding   to the next multiple of 4096
    data      entries, each on a multiple of 64

It is written beside its place and moved there when it is whole.
"""

import json
import mmap
import os
import struct
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firstbyte.engine.backends.native._kernels import checksum
from firstbyte.engine.backends.native.plan import PackedEntry

Bytes = NDArray[np.uint8]

VERSION = 1
"""Of this format and of the layouts in native/linear/format.h: changes with either."""
_MAGIC = b"FBPACKED"
_PREFIX = struct.Struct("<8sQQ")
_HASHED_FROM = 16
_PAGE, _ALIGNMENT = 4096, 64


class DamagedFile(Exception):
    """The file is not what was written."""


def write_packed(path: Path, entries: Sequence[PackedEntry], arrays: Iterable[Bytes], num_threads: int) -> None:
    """Write the arrays of `entries`, which come in the same order. Raises `OSError`; then nothing is left behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    places = _places(entries)
    header = json.dumps({"version": VERSION, "entries": places}).encode()
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(descriptor, "w+b") as file:
            file.write(_PREFIX.pack(_MAGIC, 0, len(header)) + header)
            start = _data_start(len(header))
            for place, array in zip(places, arrays, strict=True):
                file.seek(start + int(place["begin"]))
                file.write(array.data)
            file.flush()
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                total = checksum(np.frombuffer(mapped, np.uint8)[_HASHED_FROM:], num_threads)
            file.seek(0)
            file.write(_PREFIX.pack(_MAGIC, total, len(header)))
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def map_packed(path: Path, entries: Sequence[PackedEntry], num_threads: int) -> Mapping[str, Bytes]:
    """Map the file and check all of it; raises `DamagedFile`, and `FileNotFoundError`.

    The check reads the whole file: what would be read from the disk by the first requests is in memory then.
    """
    data = np.memmap(path, np.uint8, mode="r") if path.stat().st_size else np.zeros(0, np.uint8)
    if len(data) < _PREFIX.size:
        raise DamagedFile("it is cut")
    magic, total, header_len = _PREFIX.unpack(data[: _PREFIX.size].tobytes())
    if magic != _MAGIC or checksum(data[_HASHED_FROM:], num_threads) != total:
        raise DamagedFile("its checksum is not the one it was written with")
    header = json.loads(data[_PREFIX.size : _PREFIX.size + header_len].tobytes())
    if header != {"version": VERSION, "entries": _places(entries)}:
        raise DamagedFile("it holds other entries")
    start = _data_start(header_len)
    return {place["name"]: data[start + place["begin"] : start + place["end"]] for place in header["entries"]}


def _places(entries: Sequence[PackedEntry]) -> list[dict[str, str | int]]:
    places: list[dict[str, str | int]] = []
    begin = 0
    for entry in entries:
        places.append({"name": entry.name, "begin": begin, "end": begin + entry.num_bytes})
        begin += -(-entry.num_bytes // _ALIGNMENT) * _ALIGNMENT
    return places


def _data_start(header_len: int) -> int:
    return -(-(_PREFIX.size + header_len) // _PAGE) * _PAGE
