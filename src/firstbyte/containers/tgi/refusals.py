"""Refusals that need a slot first: TGI takes its permit before it validates, so a full server says so instead."""

from collections.abc import Callable

from firstbyte.containers.dialect import Refusal
from firstbyte.containers.errors import ContainerError, Overloaded
from firstbyte.containers.exchange import Head, chunked_answer
from firstbyte.containers.tgi.rendering import error_answer


def refuse_whole(error: ContainerError) -> Refusal:
    """With a status of its own."""
    return Refusal(error_answer(error), error_answer(Overloaded()))


def refuse_in_stream(
    head: Head, render: Callable[[ContainerError], tuple[bytes, ...]], error: ContainerError
) -> Refusal:
    """Inside the stream, whose status is 200 by the time TGI validates."""
    return Refusal(chunked_answer(head, render(error)), chunked_answer(head, render(Overloaded())))
