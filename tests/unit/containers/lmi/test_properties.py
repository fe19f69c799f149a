import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firstbyte.containers.errors import StartupFailed
from firstbyte.containers.lmi.properties import parse_properties

REFERENCE = """\
engine=MPI
option.entryPoint=djl_python.huggingface
option.tensor_parallel_degree=1
option.rolling_batch=lmi-dist
option.rolling_batch_type=LmiDistRollingBatch
option.max_rolling_batch_size=16
option.model_id=s3://bucket-1/llama2/7b/
"""


def test_reads_the_reference_workload() -> None:
    properties = parse_properties(REFERENCE)
    assert properties["engine"] == "MPI"
    assert properties["option.model_id"] == "s3://bucket-1/llama2/7b/"
    assert len(properties) == 7


@pytest.mark.parametrize(
    ("text", "properties"),
    [
        ("", {}),
        ("# a=1\n! b=2\n  # c=3\n\n", {}),
        ("a=1\r\nb=2\rc=3", {"a": "1", "b": "2", "c": "3"}),
        ("a = 1 \nb:2\nc 3\nd\t=\t4", {"a": "1 ", "b": "2", "c": "3", "d": "4"}),
        ("key\nempty=", {"key": "", "empty": ""}),
        ("a=1\na=2", {"a": "2"}),
        ("a=1,\\\n   2,\\\n   3", {"a": "1,2,3"}),
        ("a=1\\\\\nb=2", {"a": "1\\", "b": "2"}),
        ("a\\=b=c\\:d", {"a=b": "c:d"}),
        ("a=\\u00e9\\t\\n\\x", {"a": "é\t\nx"}),
        ("a=b=c:d", {"a": "b=c:d"}),
        ("a=1\\", {"a": "1"}),
    ],
)
def test_reads_the_format_of_java(text: str, properties: dict[str, str]) -> None:
    assert parse_properties(text) == properties


def test_malformed_escape_is_an_error() -> None:
    with pytest.raises(StartupFailed, match="Malformed"):
        parse_properties("a=\\u12")


@settings(deadline=None)  # the machine may be busy
@given(st.text())
def test_no_text_makes_it_fail_otherwise(text: str) -> None:
    try:
        parse_properties(text)
    except StartupFailed:
        assert "\\u" in text
