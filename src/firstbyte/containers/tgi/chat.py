"""TGI's OpenAI chat route: messages in, the same generation, OpenAI's objects out."""

import time
from collections.abc import Callable
from typing import Any

from firstbyte.containers.dialect import Call, Refusal, StreamCall, WholeCall
from firstbyte.containers.exchange import Answer, json_answer
from firstbyte.containers.tgi.chat_answers import ChatStream, ChatStyle, ChatWhole
from firstbyte.containers.tgi.chat_requests import read_chat_body
from firstbyte.containers.tgi.failures import ValidationFailed
from firstbyte.containers.tgi.information import Served, simple_tokens
from firstbyte.containers.tgi.openai import Envelope
from firstbyte.containers.tgi.refusals import refuse_in_stream, refuse_whole
from firstbyte.containers.tgi.rendering import compute_headers, dump, stream_head
from firstbyte.containers.tgi.requests import (
    plan_generation,
)


def plan_chat(body: Any, served: Served, clock: Callable[[], float] = time.time) -> Call | Refusal:
    """Turn a chat request into a call; what validation finds wrong with a streaming one is said inside its stream.

    Raises:
        ContainerError: the request is refused with a status of its own, before it needs a slot.
    """
    chat = read_chat_body(body, served)
    options, request = served.options, chat.generate
    envelope = Envelope(options.version, options.model_id, int(clock()))
    style = ChatStyle(envelope, chat.has_logprobs, chat.has_usage, chat.tools)
    headers = compute_headers(options.compute_type, len(request.inputs))
    stream = ChatStream(style, stream_head(headers))
    try:
        plan = plan_generation(request, served.bounds, served.tokenizer)
    except ValidationFailed as error:
        return refuse_in_stream(stream.head, stream.render_error, error) if request.stream else refuse_whole(error)
    return StreamCall(plan[0], stream) if request.stream else WholeCall(plan, ChatWhole(style, headers))


def chat_tokenize_answer(body: Any, served: Served) -> Answer:
    """The prompt that the template makes of a chat, and its tokens.

    Raises:
        ContainerError: the request is refused.
    """
    request = read_chat_body(body, served).generate
    tokens = simple_tokens(request.inputs, served.tokenizer, add_special_tokens=request.add_special_tokens)
    return json_answer(200, dump({"tokenize_response": tokens, "templated_text": request.inputs}))
