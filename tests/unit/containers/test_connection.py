from collections.abc import Sequence

import pytest

from fakes.containers import asgi_scope
from firstbyte.containers.connection import ClientLeft, Connection, Message
from firstbyte.containers.errors import BodyTooLarge
from firstbyte.containers.exchange import Answer, Request


class Peer:
    """The server's side of ASGI: gives the prepared messages, keeps what is sent."""

    def __init__(self, messages: Sequence[Message] = ()) -> None:
        self.incoming = list(messages)
        self.sent: list[Message] = []

    async def receive(self) -> Message:
        return self.incoming.pop(0)

    async def send(self, message: Message) -> None:
        self.sent.append(message)

    def connect(self) -> Connection:
        return Connection(self.receive, self.send)


def part(body: bytes, more_body: bool) -> Message:
    return {"type": "http.request", "body": body, "more_body": more_body}


LEFT: Message = {"type": "http.disconnect"}


async def test_body_is_put_together() -> None:
    scope = asgi_scope("POST", "/a", {"content-type": "text/plain; charset=utf-8"})
    request = await Peer([part(b"ab", True), part(b"", True), part(b"c", False)]).connect().read_request(scope, 3)
    assert request == Request("POST", "/a", {"content-type": "text/plain; charset=utf-8"}, b"abc")
    assert request.media_type == "text/plain"


async def test_body_over_the_limit_is_not_read_on() -> None:
    peer = Peer([part(b"abcd", True), part(b"e", False)])
    with pytest.raises(BodyTooLarge):
        await peer.connect().read_request(asgi_scope("POST", "/", {}), 3)
    assert len(peer.incoming) == 1
    declared = Peer([part(b"abcd", False)])
    with pytest.raises(BodyTooLarge):
        await declared.connect().read_request(asgi_scope("POST", "/", {"content-length": "4"}), 3)
    assert len(declared.incoming) == 1


async def test_client_that_leaves_while_sending() -> None:
    with pytest.raises(ClientLeft):
        await Peer([part(b"a", True), LEFT]).connect().read_request(asgi_scope("POST", "/", {}), 9)


async def test_whole_answer_is_two_messages_with_a_length() -> None:
    peer = Peer()
    await peer.connect().answer(Answer(201, (("x-a", "b"),), b"body"))
    assert peer.sent == [
        {"type": "http.response.start", "status": 201, "headers": [(b"x-a", b"b"), (b"content-length", b"4")]},
        {"type": "http.response.body", "body": b"body"},
    ]


async def test_error_of_an_answer_is_not_swallowed() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    peer = Peer([part(b"", False), LEFT])
    with pytest.raises(ZeroDivisionError):
        await peer.connect().while_connected(fail())
