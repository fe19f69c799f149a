"""Turns a streamed answer into the texts of its tokens, whichever container wrote it.

Read are: TGI's server-sent events, LMI's JSON lines (of every version) and its JSON object in pieces, the OpenAI-style
chunks that both send for chat, and an answer that came whole because streaming was not asked for.
"""

import json
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any, TextIO

from firstbyte.client.errors import GenerationFailed, MalformedStream
from firstbyte.client.line_iterator import PIECES_HEAD, LineIterator

# The end of a JSON string: the first quote that no backslash escapes.
_STRING_END = re.compile(rb'((?:[^"\\]|\\.)*)"', re.DOTALL)


def stream_tokens(response: Mapping[str, Any]) -> Iterator[str]:
    """Yield the answer's text, token by token, as it arrives.

    `response` is what boto3's `invoke_endpoint_with_response_stream` returned. Special tokens (`</s>`) and tokens
    without text of their own (bytes of a character that is not whole yet) are left out. Raises GenerationFailed when
    the container reports an error inside the stream, MalformedStream when the bytes make no sense or end too early.
    """
    units = LineIterator(response["Body"])
    first = next(units, None)
    if first is None:
        return
    texts = _texts_of_pieces if PIECES_HEAD.match(first) else _texts_of_lines
    yield from filter(None, texts(chain([first], units)))


def print_response_stream(response: Mapping[str, Any], file: TextIO | None = None) -> None:
    """Write the answer's text to `file` (default: standard output) as it arrives, and a newline after it."""
    out = sys.stdout if file is None else file
    for text in stream_tokens(response):
        out.write(text)
        out.flush()
    out.write("\n")


def _texts_of_lines(lines: Iterable[bytes]) -> Iterator[str]:
    for line in lines:
        data = line.removeprefix(b"data:").strip()
        if data != b"[DONE]":
            yield from _texts_of_object(_load(data))


def _texts_of_pieces(pieces: Iterable[bytes]) -> Iterator[str]:
    """Read one `{"generated_text": "…", "details"?: {…}}`; the text as it comes, the rest at the end."""
    remaining = iter(pieces)
    first = next(remaining)
    head = PIECES_HEAD.match(first)
    assert head, "the caller looked at the first piece"
    for piece in chain([first[head.end() :]], remaining):
        if end := _STRING_END.match(piece):
            yield _load_string(end[1])
            rest = _load(b'{"generated_text":""' + b"".join((piece[end.end() :], *remaining)))
            _raise_reported_error(rest)
            return
        yield _load_string(piece)
    raise MalformedStream("the answer ended in the middle of its text")


def _texts_of_object(value: Any) -> Iterator[str]:
    """Find the text in one JSON value, by the shapes of TGI, of LMI's versions and of OpenAI's chunks."""
    match value:
        case {"token": {"text": str(text)} as token}:
            if not token.get("special"):
                yield text
            _raise_reported_error(value)
        case {"error": _}:
            _raise_reported_error(value)
        case {"choices": list(choices)}:
            yield from map(_text_of_choice, choices[:1])
        case {"outputs": [str(text), *_]} | {"generated_text": str(text)} | [{"generated_text": str(text)}, *_]:
            yield text
            _raise_reported_error(value)
        case _:
            raise MalformedStream(f"no text in {_shortened(json.dumps(value))}")


def _text_of_choice(choice: Any) -> str:
    match choice:
        case {"delta": {"content": str(text)}} | {"message": {"content": str(text)}} | {"text": str(text)}:
            return text
        case _:
            return ""  # a role, a tool call or a finish reason


def _raise_reported_error(value: Any) -> None:
    """Raise what an error object says: TGI's, LMI's, OpenAI's, or LMI's finish reason `error`."""
    match value:
        case {"error": {"message": str(message), **rest}}:
            raise GenerationFailed(message, _text_or_none(rest.get("http_status_code", rest.get("code"))))
        case {"error": error, **rest}:
            message = str(error) or "the container gave no reason"
            raise GenerationFailed(message, _text_or_none(rest.get("error_type", rest.get("code"))))
        case {"details": {"finish_reason": "error"}}:
            raise GenerationFailed("the container stopped generating with an error")


def _text_or_none(value: Any) -> str | None:
    return None if value is None else str(value)


def _load(data: bytes) -> Any:
    try:
        return json.loads(data)
    except ValueError as error:
        raise MalformedStream(f"not JSON: {_shortened(data.decode(errors='replace'))} ({error})") from None


def _load_string(data: bytes) -> str:
    """Decode the inside of a JSON string; LMI lets raw control characters through with `return_full_text`."""
    try:
        text = json.loads(b'"' + data + b'"', strict=False)
    except ValueError as error:
        raise MalformedStream(f"no JSON text: {_shortened(data.decode(errors='replace'))} ({error})") from None
    return str(text)


def _shortened(text: str, limit: int = 120) -> str:
    return text if len(text) <= limit else f"{text[:limit]}…"
