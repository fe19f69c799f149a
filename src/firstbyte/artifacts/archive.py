"""Unpacks `model.tar.gz` into a folder, whole or not at all, and trusts nothing that the archive says.

An archive is data from a stranger: names may be absolute or climb out by `..`, links may lead out, at once or
through each other, devices may be made, and a few bytes may unpack to terabytes. So every member is checked before it
is written, nothing is ever written through a link, links are followed once more when all of them lie there, and bytes
are counted as they are written and not as headers declare them.
"""

import gzip
import os
import shutil
import stat
import tarfile
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from firstbyte.artifacts.errors import ArchiveTooLarge, ArtifactError, DamagedArchive, HostileArchive
from firstbyte.artifacts.uris import relative_parts

COPY_BYTES = 1 << 20
MAX_HEADER_BYTES = 1 << 24
"""The most that may be read at once: an extended header that claims more is an attempt to fill the memory."""


@dataclass(frozen=True, slots=True)
class ArchiveLimits:
    """How large an archive may become."""

    max_total_bytes: int = 256 << 30
    max_num_members: int = 100_000


def extract_archive(archive: Path, into: Path, limits: ArchiveLimits | None = None) -> None:
    """Unpack a .tar.gz into the folder `into`, which must be empty or not be there yet; its layout is kept.

    Raises:
        DamagedArchive: it cannot be read to its end.
        HostileArchive: it is no plain tree of files below its own root.
        ArchiveTooLarge: it is over `limits`, or the disk is full.
        ArtifactError: `into` holds something already.
    """
    if into.exists() and any(into.iterdir()):
        raise ArtifactError(f"{into} is not empty")
    into.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{into.name}.", dir=into.parent))
    try:
        _extract(archive, temporary, limits or ArchiveLimits())
        temporary.chmod(0o755)
        temporary.rename(into)
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)
        raise


def _extract(archive: Path, root: Path, limits: ArchiveLimits) -> None:
    writer = _TreeWriter(root, limits)
    try:
        with gzip.open(archive) as unzipped, _open_tar(unzipped) as tar:
            for num_members, member in enumerate(tar, start=1):
                if num_members > limits.max_num_members:
                    raise ArchiveTooLarge(f"{archive.name} has more than {limits.max_num_members} members")
                writer.write(tar, member)
            _read_to_the_end(unzipped, limits)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile, UnicodeError, ValueError) as error:
        raise DamagedArchive(f"{archive.name} is not a whole .tar.gz: {error}") from error
    except OSError as error:
        raise DamagedArchive(f"{archive.name} could not be unpacked: {error.strerror or error}") from error
    _check_links(root)


def _read_to_the_end(unzipped: gzip.GzipFile, limits: ArchiveLimits) -> None:
    """Read what follows the last member: only at its very end does gzip know whether the archive is whole."""
    num_bytes = 0
    while piece := unzipped.read(COPY_BYTES):
        num_bytes += len(piece)
        if num_bytes > limits.max_total_bytes:
            raise ArchiveTooLarge(f"the archive unpacks to more than {limits.max_total_bytes} bytes")


class _BoundedReader:
    """What tarfile reads from: the unzipped stream, but never very much of it at once."""

    def __init__(self, stream: gzip.GzipFile) -> None:
        self._stream = stream
        self.seek = stream.seek
        self.tell = stream.tell

    def read(self, size: int = -1) -> bytes:
        """Read `size` bytes."""
        if not 0 <= size <= MAX_HEADER_BYTES:
            raise HostileArchive(f"a header of the archive claims {size} bytes")
        return self._stream.read(size)


def _open_tar(unzipped: gzip.GzipFile) -> tarfile.TarFile:
    return tarfile.open(fileobj=cast("IO[bytes]", _BoundedReader(unzipped)), mode="r:")


class _TreeWriter:
    """Writes members below `root`."""

    def __init__(self, root: Path, limits: ArchiveLimits) -> None:
        self._root = root
        self._limits = limits
        self._num_bytes = 0

    def write(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        """Check one member and write it."""
        parts = relative_parts(member.name)
        if not parts:
            if not member.isdir():
                raise HostileArchive(f"{member.name!r} would replace the folder itself")
            return
        target = self._root.joinpath(*parts)
        self._make_folder(target.parent)
        if member.isdir():
            self._make_folder(target)
        elif member.isreg():
            self._make_way(target)
            self._write_file(tar, member, target)
        elif member.issym():
            self._make_way(target)
            self._write_symlink(member, target)
        elif member.islnk():
            self._write_hard_link(member, target)
        else:
            raise HostileArchive(f"{member.name!r} is a device, a pipe or of an unknown kind")

    def _make_folder(self, folder: Path) -> None:
        """Make `folder` and those above it; each must be a real folder, so that nothing is written through a link."""
        for ancestor in (*reversed(folder.relative_to(self._root).parents), folder.relative_to(self._root)):
            path = self._root / ancestor
            if path.is_symlink() or (path.exists() and not path.is_dir()):
                raise HostileArchive(f"'{ancestor}' is both a file or link and a folder")
            path.mkdir(exist_ok=True)

    def _make_way(self, target: Path) -> None:
        """Of members with the same name the last one counts, as with tar."""
        if target.is_dir() and not target.is_symlink():
            raise HostileArchive(f"'{target.relative_to(self._root)}' is both a file and a folder")
        target.unlink(missing_ok=True)

    def _write_file(self, tar: tarfile.TarFile, member: tarfile.TarInfo, target: Path) -> None:
        source = tar.extractfile(member)
        assert source is not None, "tarfile opens every regular member"
        with source, target.open("xb") as file:
            while piece := source.read(COPY_BYTES):
                self._num_bytes += len(piece)
                if self._num_bytes > self._limits.max_total_bytes:
                    raise ArchiveTooLarge(f"the archive unpacks to more than {self._limits.max_total_bytes} bytes")
                file.write(piece)
        target.chmod(0o755 if member.mode & stat.S_IXUSR else 0o644)

    def _write_symlink(self, member: tarfile.TarInfo, target: Path) -> None:
        if member.linkname.startswith("/") or not _is_inside(target.parent / member.linkname, self._root):
            raise HostileArchive(f"{member.name!r} links to {member.linkname!r}, outside of the archive")
        target.symlink_to(member.linkname)

    def _write_hard_link(self, member: tarfile.TarInfo, target: Path) -> None:
        source = self._root.joinpath(*relative_parts(member.linkname))
        if source.is_symlink() or not source.is_file() or not _is_inside(source, self._root):
            raise HostileArchive(f"{member.name!r} links to {member.linkname!r}, which is no file of the archive")
        if source != target:
            self._make_way(target)
            os.link(source, target)


def _check_links(root: Path) -> None:
    """Follow every link now that all of them are there: each alone may stay inside while a chain of them leads out."""
    for folder, folder_names, file_names in os.walk(root):
        for name in (*folder_names, *file_names):
            path = Path(folder) / name
            if path.is_symlink() and not _is_inside(path, root):
                raise HostileArchive(f"'{path.relative_to(root)}' links to a place outside of the archive")


def _is_inside(path: Path, root: Path) -> bool:
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError, ValueError):  # a loop of links, or a name that no system takes
        return False
