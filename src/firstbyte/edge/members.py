"""The members and values that this version of Firstbyte knows of each operation it serves; anything newer is refused.

Requests are parsed by botocore's own models, and a newer botocore knows more than the handlers do: what it added would
be taken, and do nothing. members.json holds what there was when the handlers were written. `find_unknown` holds a call
against it, docs/operations.md is made of it, and `python -m firstbyte.edge.members` writes it anew by the botocore that
is installed: every line that this adds wants a handler, or a place in the tables of `edge.operations`.

A node of the file is an object (the members of a structure), a text (the values of an enumeration, parted by "|") or
null (anything goes, also whatever is kept or refused as a whole). Lists are not told from their items.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from botocore.model import ListShape, Shape, StructureShape

from firstbyte.aws.errors import ServiceError
from firstbyte.aws.gateway import Call, Handler, Service
from firstbyte.aws.protocol import Answer
from firstbyte.aws.service_models import ServiceModels
from firstbyte.edge.operations import RECORDED, REFUSED

Node: TypeAlias = Mapping[str, Any] | str | None
Members: TypeAlias = Mapping[str, Mapping[str, Mapping[str, Node]]]
"""Service to operation to its members."""

_FILE = Path(__file__).with_name("members.json")
_CODES = {
    "sagemaker": "ValidationException",
    "logs": "InvalidParameterException",
    "iam": "InvalidInput",
}
"""What a service calls a parameter that cannot be; the others say ValidationError."""


def read_members() -> Members:
    """Return what members.json holds."""
    known: Members = json.loads(_FILE.read_text(encoding="utf-8"))
    return known


def with_known_members(services: Mapping[str, Service]) -> dict[str, Service]:
    """Return the same handlers, each behind a look at what it was given."""
    known = read_members()
    return {
        service: {name: _guarded(handler, known[service][name]) for name, handler in handlers.items()}
        for service, handlers in services.items()
    }


def _guarded(handler: Handler, known: Node) -> Handler:
    async def handle(call: Call) -> Answer:
        if unknown := find_unknown(known, call.params):
            raise ServiceError(_CODES.get(call.service, "ValidationError"), unknown)
        return await handler(call)

    return handle


def find_unknown(known: Node, value: Any) -> str | None:
    """Say in a sentence which member or value of a call is not known here; None if all are."""
    found = next(_unknown(known, value, ""), None)
    return None if found is None else f"{found} cannot be given: this version of Firstbyte does not know it."


def _unknown(known: Node, value: Any, path: str) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _unknown(known, item, path)
    elif isinstance(known, str):
        if value not in known.split("|"):
            yield f"{path}={value}"
    elif isinstance(known, Mapping):
        for name, member in value.items():
            below = f"{path}.{name}".lstrip(".")
            if name in known:
                yield from _unknown(known[name], member, below)
            else:
                yield below


def list_members(served: Mapping[str, Iterable[str]], models: ServiceModels) -> Members:
    """Return what botocore's models know of the operations `served`."""
    return {
        service: {
            operation: _members(models.load(service).operation_model(operation).input_shape, operation)
            for operation in sorted(operations)
        }
        for service, operations in served.items()
    }


def _members(shape: Shape | None, operation: str) -> Mapping[str, Node]:
    as_a_whole = {*REFUSED.get(operation, ()), *RECORDED.get(operation, ())}
    assert shape is None or isinstance(shape, StructureShape), "an operation's input is a structure"
    return {} if shape is None else {name: _node(of, name, as_a_whole) for name, of in shape.members.items()}


def _node(shape: Shape, path: str, as_a_whole: set[str]) -> Node:
    if path in as_a_whole:
        return None
    if isinstance(shape, ListShape):
        return _node(shape.member, path, as_a_whole)
    if isinstance(shape, StructureShape):
        return {name: _node(of, f"{path}.{name}", as_a_whole) for name, of in shape.members.items()}
    return "|".join(shape.metadata.get("enum", ())) or None


def write_members() -> str:
    """Write members.json by the models of the botocore that is installed, of the operations that it holds already."""
    return json.dumps(list_members(read_members(), ServiceModels()), indent=1) + "\n"


if __name__ == "__main__":
    sys.stdout.write(write_members())
