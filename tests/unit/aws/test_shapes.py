import datetime
import math
from typing import Any

import pytest
from botocore.model import Shape, ShapeResolver

from firstbyte.aws.errors import MalformedRequest, UnservableAnswer
from firstbyte.aws.shapes import parse, parse_text, serialise, serialise_text

MOMENT = datetime.datetime(2026, 11, 22, 12, 52, 51, 250000, tzinfo=datetime.UTC)
SHAPES: dict[str, Any] = {
    "Text": {"type": "string"},
    "Number": {"type": "integer"},
    "Big": {"type": "long"},
    "Ratio": {"type": "double"},
    "Flag": {"type": "boolean"},
    "Bytes": {"type": "blob"},
    "Moment": {"type": "timestamp"},
    "IsoMoment": {"type": "timestamp", "timestampFormat": "iso8601"},
    "Texts": {"type": "list", "member": {"shape": "Text"}},
    "Table": {"type": "map", "key": {"shape": "Text"}, "value": {"shape": "Number"}},
    "Free": {"type": "structure", "document": True, "members": {}},
    "Tree": {
        "type": "structure",
        "members": {
            "Name": {"shape": "Text", "locationName": "name"},
            "Children": {"shape": "Trees"},
            "Table": {"shape": "Table"},
        },
    },
    "Trees": {"type": "list", "member": {"shape": "Tree"}},
}
RESOLVER: Any = ShapeResolver(SHAPES)


def shape(name: str) -> Shape:
    found: Shape = RESOLVER.get_shape_by_name(name)
    return found


SCALARS = [
    ("Text", "é", "é"),
    ("Number", -5, -5),
    ("Big", 2**62, 2**62),
    ("Ratio", 0.5, 0.5),
    ("Ratio", "Infinity", math.inf),
    ("Ratio", "-Infinity", -math.inf),
    ("Flag", True, True),
    ("Bytes", "aGVsbG8=", b"hello"),
    ("Moment", 1795351971.25, MOMENT),
    ("IsoMoment", "2026-11-22T12:52:51.250Z", MOMENT),
]


@pytest.mark.parametrize(("name", "node", "value"), SCALARS)
def test_scalars_are_read_and_written(name: str, node: Any, value: Any) -> None:
    assert parse(shape(name), node) == value
    assert serialise(shape(name), value) == node


def test_not_a_number_is_a_word() -> None:
    assert math.isnan(parse(shape("Ratio"), "NaN"))
    assert serialise(shape("Ratio"), math.nan) == "NaN"


def test_whole_floats_are_integers() -> None:
    assert parse(shape("Number"), 3.0) == 3
    assert parse(shape("Ratio"), 3) == 3.0


def test_structures_use_wire_names_and_drop_nulls_and_unknown_members() -> None:
    node = {"name": "a", "Children": [{"name": "b"}, {}], "Table": {"x": 1}, "Other": 1, "Name": "wrong case"}
    value = {"Name": "a", "Children": [{"Name": "b"}, {}], "Table": {"x": 1}}
    assert parse(shape("Tree"), node) == value
    assert parse(shape("Tree"), {"name": None, "Children": None}) == {}
    known = {key: item for key, item in node.items() if key not in ("Other", "Name")}
    assert serialise(shape("Tree"), value) == known
    assert serialise(shape("Tree"), {**value, "Table": None}) == {"name": "a", "Children": [{"name": "b"}, {}]}


def test_documents_pass_as_they_are() -> None:
    free = {"any": ["thing", {"goes": None}]}
    assert parse(shape("Free"), free) == free
    assert serialise(shape("Free"), free) == free


@pytest.mark.parametrize(
    ("name", "node", "says"),
    [
        ("Text", 1, "NUMBER_VALUE can not be converted to a String"),
        ("Text", 1.5, "DECIMAL_VALUE can not be converted to a String"),
        ("Text", True, "TRUE_VALUE can not be converted to a String"),
        ("Text", [], "Start of list found where not expected"),
        ("Text", {}, "Start of structure or map found where not expected."),
        ("Number", "1", "STRING_VALUE can not be converted to an Integer"),
        ("Number", False, "FALSE_VALUE can not be converted to an Integer"),
        ("Number", 1.5, "DECIMAL_VALUE can not be converted to an Integer"),
        ("Number", 2**31, "2147483648 is out of the range of an Integer"),
        ("Number", 1e300, "is out of the range of an Integer"),
        ("Big", 2**63, "is out of the range of a Long"),
        ("Ratio", "1", "STRING_VALUE can not be converted to a Double"),
        ("Ratio", True, "TRUE_VALUE can not be converted to a Double"),
        ("Flag", "true", "STRING_VALUE can not be converted to a Boolean"),
        ("Flag", 1, "NUMBER_VALUE can not be converted to a Boolean"),
        ("Bytes", "*", "A blob is not valid base64"),
        ("Bytes", 1, "NUMBER_VALUE can not be converted to a Blob"),
        ("Moment", "soon", "STRING_VALUE can not be converted to milliseconds since epoch"),
        ("Moment", 1e300, "DECIMAL_VALUE can not be converted to milliseconds since epoch"),
        ("Moment", True, "TRUE_VALUE can not be converted to milliseconds since epoch"),
        ("Texts", "a", "Expected list or null"),
        ("Texts", {}, "Start of structure or map found where not expected."),
        ("Table", 1, "Expected map or null"),
        ("Table", [], "Start of list found where not expected"),
        ("Tree", "a", "Expected structure or null"),
        ("Tree", [], "Start of list found where not expected"),
        ("Tree", {"Children": [{"Children": [{"name": 1}]}]}, "NUMBER_VALUE can not be converted to a String"),
    ],
)
def test_a_node_of_another_type_is_refused_in_awss_words(name: str, node: Any, says: str) -> None:
    with pytest.raises(MalformedRequest) as refused:
        parse(shape(name), node)
    assert says in refused.value.message


def test_depth_is_the_clients_mistake() -> None:
    node: dict[str, Any] = {}
    for _ in range(5000):
        node = {"Children": [node]}
    with pytest.raises(MalformedRequest, match="nested too deeply"):
        parse(shape("Tree"), node)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("Text", "12", "12"),
        ("Number", "-12", -12),
        ("Ratio", "0.5", 0.5),
        ("Ratio", "Infinity", math.inf),
        ("Flag", "true", True),
        ("Flag", "false", False),
        ("Bytes", "aGVsbG8=", b"hello"),
        ("Moment", "2026-11-22T12:52:51.250Z", MOMENT),
    ],
)
def test_scalars_stand_as_text(name: str, text: str, value: Any) -> None:
    assert parse_text(shape(name), text) == value
    assert serialise_text(shape(name), value, timestamps="iso8601") == text


@pytest.mark.parametrize(("name", "text"), [("Number", "1.5"), ("Number", "x"), ("Ratio", "x"), ("Flag", "yes")])
def test_text_that_is_no_scalar_is_refused(name: str, text: str) -> None:
    with pytest.raises(MalformedRequest, match="STRING_VALUE can not be converted"):
        parse_text(shape(name), text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Text", 1),
        ("Number", "1"),
        ("Flag", 1),
        ("Bytes", "text"),
        ("Moment", 1.0),
        ("Moment", datetime.datetime(2026, 1, 1)),
        ("Texts", "ab"),
        ("Table", []),
        ("Tree", "a"),
        ("Tree", {"Nmae": "a"}),
    ],
)
def test_an_answer_that_does_not_fit_is_our_mistake(name: str, value: Any) -> None:
    with pytest.raises(UnservableAnswer):
        serialise(shape(name), value)
