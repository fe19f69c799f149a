import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstbyte.artifacts.errors import HostileArchive, InvalidUri
from firstbyte.artifacts.uris import S3Uri, is_hub_id, is_local_path, relative_parts


@pytest.mark.parametrize(
    ("text", "uri"),
    [
        ("s3://bucket-1/a/b.tar.gz", S3Uri("bucket-1", "a/b.tar.gz")),
        ("s3://bucket.name/", S3Uri("bucket.name", "")),
        ("s3://abc", S3Uri("abc", "")),
    ],
)
def test_reads_s3_uris(text: str, uri: S3Uri) -> None:
    assert S3Uri.parse(text) == uri
    assert S3Uri.parse(str(uri)) == uri


@pytest.mark.parametrize(
    "text", ["", "s3:/a/b", "https://bucket/key", "s3://../key", "s3://A_B/key", "s3://ab/key", "s3:///k"]
)
def test_refuses_what_names_no_bucket(text: str) -> None:
    with pytest.raises(InvalidUri):
        S3Uri.parse(text)


@pytest.mark.parametrize("text", ["gpt2", "meta-llama/Llama-2-7b-chat-hf", "a/b.c_d-e"])
def test_hub_ids(text: str) -> None:
    assert is_hub_id(text)


@pytest.mark.parametrize("text", ["", "a/b/c", "/a", "a/", "-a/b", "a b", "a/..", "a/b--c", "a..b"])
def test_no_hub_ids(text: str) -> None:
    assert not is_hub_id(text)


def test_paths() -> None:
    assert all(is_local_path(text) for text in ("/m", "./m", "../m", "~/m"))
    assert not is_local_path("m/n")


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("a/b", ("a", "b")),
        ("./a/b/", ("a", "b")),
        (".", ()),
        ("./", ()),
        ("", ()),
        ("a..b", ("a..b",)),
        (".//a", ("a",)),
    ],
)
def test_names_below_a_folder(name: str, parts: tuple[str, ...]) -> None:
    assert relative_parts(name) == parts


@pytest.mark.parametrize(
    "name", ["/", "/etc/passwd", "..", "a/../b", "a//b", "a/./b", "a\0b", "x" * 256, "../../x", "./../x"]
)
def test_names_that_reach_outside(name: str) -> None:
    with pytest.raises(HostileArchive):
        relative_parts(name)


@settings(deadline=None)  # the machine may be busy
@given(st.text(alphabet="./a\0", max_size=12))
def test_no_accepted_name_climbs(name: str) -> None:
    try:
        parts = relative_parts(name)
    except HostileArchive:
        return
    assert not {"", ".", ".."} & set(parts)
    assert not any("/" in part or "\0" in part for part in parts)
