"""AWS Query: a form names operation and parameters, the answer is XML. sts and iam speak it.

Names in the form are paths: `Tags.member.1.Key=a`, and for maps `Attributes.entry.1.key=a`. Source: smithy.io,
"AWS query protocol".
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any, cast
from urllib.parse import parse_qsl
from xml.etree.ElementTree import Element, SubElement, tostring

from botocore.model import ListShape, MapShape, OperationModel, ServiceModel, Shape, StructureShape

from firstbyte.aws.errors import Family, MalformedRequest, ServiceError, UnservableAnswer
from firstbyte.aws.http import HttpRequest, HttpResponse
from firstbyte.aws.protocol import Answer, EventStream, describe_error
from firstbyte.aws.shapes import parse_text, present_members, serialise_text, wire_name

_XML = ("Content-Type", "text/xml")
_NO_XML_CHARACTER = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_Tree = dict[str, Any]
"""A form by the pieces of its names; the text of a name itself stands under `_TEXT`."""
_TEXT = "."
"""No piece of a name, since names are cut at dots."""


class Query:
    """The protocol, as the gateway uses it."""

    family = Family.QUERY
    unknown_operation_code = "InvalidAction"
    unknown_operation_status = 400

    def find_operation(self, model: ServiceModel, request: HttpRequest) -> str | None:
        """Read `Action`, if `Version` is the model's."""
        form = read_form(request)
        return form.get("Action") if form.get("Version", model.api_version) == model.api_version else None

    def parse(self, operation: OperationModel, request: HttpRequest) -> dict[str, Any]:
        """Read the form along the input shape."""
        shape = operation.input_shape
        return cast(dict[str, Any], _parse(shape, _plant(read_form(request)))) if shape else {}

    def serialise(self, operation: OperationModel, answer: Answer, request_id: str) -> HttpResponse:
        """Write `<XResponse xmlns=…><XResult>…</XResult><ResponseMetadata>…</ResponseMetadata></XResponse>`."""
        if isinstance(answer, EventStream):
            raise UnservableAnswer(f"{operation.name} does not stream")
        root = Element(f"{operation.name}Response", {"xmlns": _namespace(operation.service_model)})
        if (shape := operation.output_shape) is not None:
            result = SubElement(root, shape.serialization.get("resultWrapper", f"{operation.name}Result"))
            _write_structure(result, shape, answer)
        SubElement(SubElement(root, "ResponseMetadata"), "RequestId").text = request_id
        return HttpResponse(200, (_XML,), tostring(root))

    def serialise_error(self, model: ServiceModel | None, error: ServiceError, request_id: str) -> HttpResponse:
        """Write `<ErrorResponse xmlns=…><Error><Type/><Code/><Message/></Error><RequestId/></ErrorResponse>`."""
        root = Element("ErrorResponse", {"xmlns": _namespace(model)} if model else {})
        described = describe_error(model, error)
        fields = {"Type": "Sender" if error.fault == "client" else "Receiver", "Code": error.code}
        fields |= {"Message" if name.lower() == "message" else name: value for name, value in described.items()}
        parent = SubElement(root, "Error")
        for name, value in fields.items():
            SubElement(parent, name).text = xml_safe(str(value))
        SubElement(root, "RequestId").text = request_id
        return HttpResponse(error.status, (_XML,), tostring(root))


def _namespace(model: ServiceModel) -> str:
    return cast(str, model.metadata.get("xmlNamespace", ""))


def read_form(request: HttpRequest) -> dict[str, str]:
    """Return the parameters of a form post, or of the query of a presigned request."""
    body = request.body.decode("utf-8", "replace") if _is_form(request) else ""
    return dict(parse_qsl(request.query, keep_blank_values=True) + parse_qsl(body, keep_blank_values=True))


def _is_form(request: HttpRequest) -> bool:
    return request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")


# Reading ---------------------------------------------------------------------------------------------------------


def _plant(form: Mapping[str, str]) -> _Tree:
    root: _Tree = {}
    for path, text in form.items():
        node = root
        for piece in path.split("."):
            node = node.setdefault(piece, {})
        node[_TEXT] = text
    return root


def _parse(shape: Shape, node: _Tree) -> Any:
    if shape.type_name == "structure":
        members = cast(StructureShape, shape).members
        return {
            name: _parse(member, node[key])
            for name, member in members.items()
            if (key := wire_name(member, name)) in node
        }
    if shape.type_name == "list":
        return [
            _parse(cast(ListShape, shape).member, item) for item in _numbered(_list_root(cast(ListShape, shape), node))
        ]
    if shape.type_name == "map":
        return dict(_entries(cast(MapShape, shape), node))
    if _TEXT not in node:
        raise MalformedRequest(f"Start of structure or map found where {shape.name} was expected.")
    return parse_text(shape, node[_TEXT])


def _list_root(shape: ListShape, node: _Tree) -> _Tree:
    if shape.serialization.get("flattened"):
        return node
    return cast(_Tree, node.get(shape.member.serialization.get("name", "member"), {}))


def _numbered(node: _Tree) -> Iterator[_Tree]:
    """Yield the children called 1, 2, 3 … in their order; gaps are closed, as AWS does."""
    numbers = sorted(int(name) for name in node if name.isascii() and name.isdigit() and len(name) < 10)
    return (node[str(number)] for number in numbers if str(number) in node)


def _entries(shape: MapShape, node: _Tree) -> Iterator[tuple[str, Any]]:
    key_name, value_name = wire_name(shape.key, "key"), wire_name(shape.value, "value")
    for entry in _numbered(node if shape.serialization.get("flattened") else node.get("entry", {})):
        if key_name not in entry or value_name not in entry:
            raise MalformedRequest(f"An entry of {shape.name} needs both {key_name} and {value_name}")
        yield _parse(shape.key, entry[key_name]), _parse(shape.value, entry[value_name])


# Writing ---------------------------------------------------------------------------------------------------------


def _write_structure(parent: Element, shape: StructureShape, value: Any) -> None:
    for name, member in present_members(shape, value):
        _write(parent, wire_name(member, name), member, value[name])


def _write(parent: Element, tag: str, shape: Shape, value: Any) -> None:
    if shape.type_name == "structure":
        _write_structure(SubElement(parent, tag), cast(StructureShape, shape), value)
    elif shape.type_name == "list":
        _write_list(parent, tag, cast(ListShape, shape), value)
    elif shape.type_name == "map":
        _write_map(parent, tag, cast(MapShape, shape), value)
    else:
        SubElement(parent, tag).text = xml_safe(serialise_text(shape, value, timestamps="iso8601"))


def _write_list(parent: Element, tag: str, shape: ListShape, items: list[Any]) -> None:
    flattened = shape.serialization.get("flattened")
    under = parent if flattened else SubElement(parent, tag)
    item_tag = shape.member.serialization.get("name", tag if flattened else "member")
    for item in items:
        _write(under, item_tag, shape.member, item)


def _write_map(parent: Element, tag: str, shape: MapShape, entries: Mapping[str, Any]) -> None:
    flattened = shape.serialization.get("flattened")
    under = parent if flattened else SubElement(parent, tag)
    for key, value in entries.items():
        entry = SubElement(under, tag if flattened else "entry")
        _write(entry, wire_name(shape.key, "key"), shape.key, key)
        _write(entry, wire_name(shape.value, "value"), shape.value, value)


def xml_safe(text: str) -> str:
    """Return `text` without the characters that XML 1.0 cannot hold."""
    return _NO_XML_CHARACTER.sub("\ufffd", text)
