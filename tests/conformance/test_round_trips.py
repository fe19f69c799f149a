"""Every operation that the host serves, both ways: botocore serialises and we parse; we serialise and botocore parses.

Values are drawn from the service models. What the host serves is asked of the host itself, so that a new operation
is tested from its first day.
"""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from botocore.model import Shape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from firstbyte.app import list_services
from firstbyte.aws.gateway import PROTOCOLS
from firstbyte.aws.protocol import EventStream
from oracle import MODELS, input_values, operation_of, output_values, request_of, response_of

ANYTHING: Any = type("Anything", (), {"__getattr__": lambda self, name: None})()
SERVED = [
    (service, operation, protocol)
    for service, handlers in list_services(ANYTHING, ANYTHING, ANYTHING, ANYTHING, ANYTHING).items()
    for operation in handlers
    for protocol in MODELS.load(service).metadata["protocols"]
    if protocol in PROTOCOLS
]
PRINTABLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=12)
"""What a header carries as it is."""
NAME = st.from_regex(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,20}", fullmatch=True)
"""What a path carries as it is."""
EXAMPLES = settings(max_examples=15, suppress_health_check=list(HealthCheck))


def bound(shape: Any, drawn: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Values whose members in path and headers are what those can carry."""
    return drawn.flatmap(
        lambda values: st.fixed_dictionaries({name: _carried(shape.members[name], values[name]) for name in values})
    )


def _carried(member: Shape, value: Any) -> st.SearchStrategy[Any]:
    location = member.serialization.get("location")
    if member.type_name != "string" or location not in ("header", "uri"):
        return st.just(value)
    return NAME if location == "uri" else PRINTABLE


@pytest.mark.parametrize(("service", "operation", "protocol"), SERVED)
@EXAMPLES
@given(data=st.data())
def test_we_parse_what_botocore_serialises(service: str, operation: str, protocol: str, data: st.DataObject) -> None:
    shape = operation_of(service, operation).input_shape
    params = data.draw(bound(shape, input_values(service, operation))) if shape and shape.members else {}
    request = request_of(service, operation, params, signed=False, protocol=protocol)
    wire = PROTOCOLS[protocol]

    assert wire.find_operation(MODELS.load(service), request) == operation
    assert wire.parse(operation_of(service, operation), request) == params


@pytest.mark.parametrize(("service", "operation", "protocol"), SERVED)
@EXAMPLES
@given(data=st.data())
def test_botocore_parses_what_we_serialise(service: str, operation: str, protocol: str, data: st.DataObject) -> None:
    model = operation_of(service, operation)
    shape = model.output_shape
    answer = data.draw(bound(shape, output_values(service, operation))) if shape and shape.members else {}
    if model.has_event_stream_output:
        answer.pop("Body", None)
        pieces = data.draw(st.lists(st.binary(min_size=1, max_size=20), max_size=3))
        response = PROTOCOLS[protocol].serialise(model, EventStream(answer, _events(pieces)), "request-1")
        parsed = response_of(service, operation, response, protocol=protocol)
        assert [event["PayloadPart"]["Bytes"] for event in parsed.pop("Body")] == pieces
    else:
        response = PROTOCOLS[protocol].serialise(model, answer, "request-1")
        parsed = response_of(service, operation, response, protocol=protocol)

    assert parsed.pop("ResponseMetadata")["HTTPStatusCode"] == model.http.get("responseCode", 200)
    if "Body" in parsed:  # botocore leaves a body that is bytes on the socket
        assert parsed.pop("Body").read() == answer.pop("Body", b"")
    assert parsed == answer


async def _events(pieces: list[bytes]) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece
