"""Packs a checkpoint's weights once, and keeps them in the cache folder for every later start."""

import contextlib
import hashlib
import logging
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from firstbyte.engine.backends.native._kernels import pack
from firstbyte.engine.backends.native.packed_file import VERSION, Bytes, DamagedFile, map_packed, write_packed
from firstbyte.engine.backends.native.plan import PackedEntry
from firstbyte.engine.checkpoint import Checkpoint
from firstbyte.engine.errors import CheckpointError
from firstbyte.engine.tensors import Tensor

try:
    import fcntl
except ImportError:  # not on this system: two first starts at once then pack twice, which is slow but right
    fcntl = None  # type: ignore[assignment]

_log = logging.getLogger(__name__)

_SAMPLE_BYTES, _SAMPLE_EVERY_BYTES = 4096, 1 << 20


def load_weights(
    checkpoint: Checkpoint, entries: Sequence[PackedEntry], cache_dir: Path | None, num_threads: int
) -> Mapping[str, Bytes]:
    """Packed entries by name: mapped from the cache, or packed now. Raises `CheckpointError`."""
    if cache_dir is None:
        return _pack_in_memory(checkpoint, entries, num_threads)
    path = cache_dir / "packed" / f"{fingerprint(checkpoint, entries)}.weights"
    try:
        return _map_or_pack(path, checkpoint, entries, num_threads)
    except OSError as error:
        _log.warning("packed weights cannot be kept in %s (%s): packing in memory", path.parent, error)
        return _pack_in_memory(checkpoint, entries, num_threads)


def fingerprint(checkpoint: Checkpoint, entries: Sequence[PackedEntry]) -> str:
    """Name a checkpoint's content, packed in this way.

    Hashes every tensor's name, type and shape, its beginning and end, and 4 KiB of every MiB: some milliseconds a GiB,
    where reading all of it would take as long as packing does on a slow disk. Two checkpoints that differ by training
    differ everywhere; a tensor that was edited by hand in a few places could pass.
    """
    digest = hashlib.blake2b(f"{VERSION} {entries}".encode(), digest_size=16)
    for name, tensor in sorted(checkpoint.tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tensor.shape}".encode())
        data = tensor.raw
        for start in range(0, len(data), _SAMPLE_EVERY_BYTES):
            digest.update(data[start : start + _SAMPLE_BYTES].tobytes())
        digest.update(data[-_SAMPLE_BYTES:].tobytes())
    return digest.hexdigest()


def _map_or_pack(
    path: Path, checkpoint: Checkpoint, entries: Sequence[PackedEntry], num_threads: int
) -> Mapping[str, Bytes]:
    with contextlib.suppress(FileNotFoundError, DamagedFile):
        return map_packed(path, entries, num_threads)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path.with_suffix(".lock")):
        try:  # another instance may have written it meanwhile
            return map_packed(path, entries, num_threads)
        except FileNotFoundError:
            pass
        except DamagedFile as error:
            _log.warning("%s is damaged (%s): packing again", path, error)
        write_packed(path, entries, _pack(checkpoint, entries, num_threads), num_threads)
    return map_packed(path, entries, num_threads)


def _pack_in_memory(checkpoint: Checkpoint, entries: Sequence[PackedEntry], num_threads: int) -> Mapping[str, Bytes]:
    arrays = _pack(checkpoint, entries, num_threads)
    return {entry.name: array for entry, array in zip(entries, arrays, strict=True)}


def _pack(checkpoint: Checkpoint, entries: Sequence[PackedEntry], num_threads: int) -> Iterator[Bytes]:
    total, done, told = sum(entry.num_bytes for entry in entries), 0, 0
    _log.info("packing %.1f GB of weights", total / 1e9)
    for entry in entries:
        yield _pack_entry([checkpoint.tensors[source] for source in entry.sources], entry, num_threads)
        done += entry.num_bytes
        if done * 10 // total > told:
            told = done * 10 // total
            _log.info("packed %d %%", told * 10)


def _pack_entry(tensors: Sequence[Tensor], entry: PackedEntry, num_threads: int) -> Bytes:
    values = tensors[0].float32() if len(tensors) == 1 else np.concatenate([tensor.float32() for tensor in tensors])
    if entry.format is None:
        return values.view(np.uint8)
    try:
        return pack(entry.format, values, num_threads)
    except ValueError as error:
        raise CheckpointError(f"{', '.join(entry.sources)}: {error}") from error


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def as_float32(array: NDArray[np.uint8]) -> NDArray[np.float32]:
    """A vector's entry as numbers."""
    return array.view(np.float32)
