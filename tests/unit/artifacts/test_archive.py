import gzip
import io
import os
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstbyte.artifacts.archive import ArchiveLimits, extract_archive
from firstbyte.artifacts.errors import ArchiveTooLarge, ArtifactError, DamagedArchive, HostileArchive

Member = tuple[str, dict[str, Any], bytes]


def file(name: str, data: bytes = b"x", **fields: Any) -> Member:
    return name, fields, data


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> Member:
    return name, {"type": kind, "linkname": target}, b""


def folder(name: str) -> Member:
    return name, {"type": tarfile.DIRTYPE}, b""


def pack(path: Path, *members: Member) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, fields, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            for field, value in fields.items():
                setattr(info, field, value)
            tar.addfile(info, io.BytesIO(data))
    return path


def tree(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def test_keeps_the_layout(tmp_path: Path) -> None:
    archive = pack(
        tmp_path / "model.tar.gz",
        folder("./"),
        folder("./chat"),
        file("./chat/serving.properties", b"engine=MPI"),
        file("chat/deep/er/file", b"", mode=0o777),
    )
    into = tmp_path / "model"
    extract_archive(archive, into)
    assert tree(into) == {"chat/serving.properties": b"engine=MPI", "chat/deep/er/file": b""}
    assert (into / "chat/deep/er/file").stat().st_mode & 0o777 == 0o755
    assert (into / "chat/serving.properties").stat().st_mode & 0o777 == 0o644
    assert into.stat().st_mode & 0o777 == 0o755


def test_links_inside_are_kept(tmp_path: Path) -> None:
    archive = pack(
        tmp_path / "a.tar.gz",
        file("d/real", b"data"),
        link("d/soft", "real"),
        link("up", "d/../d/real"),
        link("hard", "d/real", tarfile.LNKTYPE),
    )
    extract_archive(archive, tmp_path / "into")
    assert {(tmp_path / "into" / name).read_bytes() for name in ("d/soft", "up", "hard")} == {b"data"}


def test_of_equal_names_the_last_counts(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.tar.gz", file("a", b"1"), file("a", b"2"), link("b", "a"), file("b", b"3"))
    extract_archive(archive, tmp_path / "into")
    assert tree(tmp_path / "into") == {"a": b"2", "b": b"3"}


HOSTILE = {
    "absolute": [file("/tmp/x")],
    "climbing": [file("../x")],
    "climbing inside": [file("a/../../x")],
    "absolute link": [link("a", "/etc/passwd")],
    "climbing link": [link("a/b", "../../x")],
    "written through a link": [link("a", "."), file("a/x")],
    "written through a link to a folder": [folder("d"), link("a", "d"), file("a/x")],
    "chain of links": [link("e", "d/../.."), folder("x")],
    "chain made later": [link("e", "d/.."), link("d", ".")],
    "hard link outside": [link("a", "../x", tarfile.LNKTYPE)],
    "hard link to nothing": [link("a", "b", tarfile.LNKTYPE)],
    "hard link to a link": [file("f"), link("s", "f"), link("a", "s", tarfile.LNKTYPE)],
    "loop of links": [link("a", "b"), link("b", "a")],
    "device": [("a", {"type": tarfile.CHRTYPE}, b"")],
    "pipe": [("a", {"type": tarfile.FIFOTYPE}, b"")],
    "file for a folder": [file("a"), file("a/b")],
    "folder for a file": [file("a/b"), file("a")],
    "file for the root": [file("./")],
    "empty component": [file("a//b")],
    "long name": [file("x" * 300)],
}


@pytest.mark.parametrize("members", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_archives_leave_nothing(tmp_path: Path, members: list[Member]) -> None:
    work = tmp_path / "work"
    work.mkdir()
    archive = pack(tmp_path / "a.tar.gz", file("good"), *members)
    with pytest.raises(HostileArchive):
        extract_archive(archive, work / "into")
    assert list(work.iterdir()) == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.tar.gz", "work"]


def test_bombs_are_stopped_as_they_are_written(tmp_path: Path) -> None:
    archive = pack(tmp_path / "a.tar.gz", file("a", bytes(3 << 20)))
    with pytest.raises(ArchiveTooLarge, match="more than 1048576 bytes"):
        extract_archive(archive, tmp_path / "into", ArchiveLimits(max_total_bytes=1 << 20))
    many = pack(tmp_path / "b.tar.gz", *(file(str(number), b"") for number in range(5)))
    with pytest.raises(ArchiveTooLarge, match="more than 4 members"):
        extract_archive(many, tmp_path / "into", ArchiveLimits(max_num_members=4))
    assert not (tmp_path / "into").exists()


def test_header_that_claims_gigabytes_is_not_read(tmp_path: Path) -> None:
    header = tarfile.TarInfo("pax")
    header.type, header.size = tarfile.XHDTYPE, 1 << 33
    path = tmp_path / "a.tar.gz"
    path.write_bytes(gzip.compress(header.tobuf(tarfile.GNU_FORMAT) + bytes(1024)))
    with pytest.raises(HostileArchive, match="claims"):
        extract_archive(path, tmp_path / "into")


@pytest.mark.parametrize(
    "damage",
    [b"", b"no gzip", gzip.compress(b"no tar" * 200), gzip.compress(bytes(5000))[:-8]],
    ids=["empty", "no gzip", "no tar", "cut short"],
)
def test_damaged_archives(tmp_path: Path, damage: bytes) -> None:
    path = tmp_path / "a.tar.gz"
    path.write_bytes(damage)
    with pytest.raises(DamagedArchive):
        extract_archive(path, tmp_path / "into")
    assert not (tmp_path / "into").exists()


def test_archive_that_ends_too_early(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.tar.gz", file("a", os.urandom(100_000)))
    path.write_bytes(path.read_bytes()[:-50_000])
    with pytest.raises(DamagedArchive):
        extract_archive(path, tmp_path / "into")
    assert sorted(found.name for found in tmp_path.iterdir()) == ["a.tar.gz"]


def test_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "into").mkdir()
    extract_archive(pack(tmp_path / "a.tar.gz", file("a")), tmp_path / "into")
    with pytest.raises(ArtifactError, match="not empty"):
        extract_archive(pack(tmp_path / "b.tar.gz", file("b")), tmp_path / "into")
    assert tree(tmp_path / "into") == {"a": b"x"}


NAMES = st.lists(st.sampled_from(["a", "b", "..", ".", "", "d"]), min_size=1, max_size=4).map("/".join)
KINDS = [tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE]


@settings(deadline=None)  # the machine may be busy
@given(st.lists(st.tuples(NAMES, st.sampled_from(KINDS), NAMES), max_size=6))
def test_whatever_an_archive_says_nothing_lies_or_leads_outside(plan: list[tuple[str, bytes, str]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        (root / "work").mkdir()
        members = [(member, {"type": kind, "linkname": target}, b"") for member, kind, target in plan]
        archive = pack(root / "a.tar.gz", *members)
        try:
            extract_archive(archive, root / "work" / "into")
        except ArtifactError:
            assert list((root / "work").iterdir()) == []
        else:
            into = (root / "work" / "into").resolve()
            assert [path.name for path in (root / "work").iterdir()] == ["into"]
            assert all(path.resolve().is_relative_to(into) for path in into.rglob("*"))
        assert sorted(path.name for path in root.iterdir()) == ["a.tar.gz", "work"]
