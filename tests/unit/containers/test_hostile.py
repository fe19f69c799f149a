"""Whatever a body holds, a dialect has an answer for it: nothing that a client sends is a failure of ours."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fakes.containers import lmi, post, tgi
from firstbyte.containers.dialect import Dialect
from firstbyte.containers.exchange import Answer
from firstbyte.containers.tgi.chat_requests import CHAT_FIELDS
from firstbyte.containers.tgi.completions import FIELDS as COMPLETION_FIELDS
from firstbyte.containers.tgi.requests import PARAMETER_FIELDS

ROUTES = {
    "tgi": (
        *("/", "/generate", "/generate_stream", "/invocations", "/tokenize", "/chat_tokenize", "/vertex"),
        *("/v1/chat/completions", "/v1/completions"),
    ),
    "lmi": ("/invocations", "/v1/chat/completions"),
}
NAMES = sorted(
    {
        *(
            "inputs",
            "parameters",
            "stream",
            "messages",
            "prompt",
            "instances",
            "role",
            "content",
            "tool_calls",
            "function",
        ),
        *("name", "arguments", "type", "value", "properties", "required", "items", "$defs", "anyOf", "json_schema"),
        *("text", "image_url", "url", "include_usage", "adapters", "requestType", "guided_json", "guided_regex"),
        *("guided_choice", "structured_outputs", "stop_sequences", "output_formatter", "num_beams", "ignore_eos_token"),
        *CHAT_FIELDS,
        *COMPLETION_FIELDS,
        *PARAMETER_FIELDS,
    }
)
WORDS = ("json", "regex", "json_schema", "json_object", "text", "function", "auto", "required", "object", "user", "(")
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-2, 5)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(WORDS)
    | st.text(st.characters(), max_size=4)
    | st.just("9" * 5000)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=12,
)
TEXTS = st.fixed_dictionaries({"inputs": st.text(max_size=9)}, optional={"parameters": VALUES, "stream": VALUES})
MESSAGE = st.fixed_dictionaries({"role": st.sampled_from(WORDS), "content": VALUES | st.text(max_size=9)})
SCHEMA = st.dictionaries(st.sampled_from(("properties", "required", "items", "anyOf", "$ref", "$defs")), VALUES)
TOOL = st.fixed_dictionaries({"function": st.fixed_dictionaries({"name": st.text(max_size=3), "parameters": SCHEMA})})
CHATS = st.fixed_dictionaries(
    {"messages": st.lists(MESSAGE, max_size=2)},
    optional={
        **dict.fromkeys(CHAT_FIELDS.keys() - {"messages", "tools"}, VALUES),
        "tools": st.lists(TOOL, max_size=2) | VALUES,
        "guided_json": SCHEMA,
    },
)
GENERATIONS = st.fixed_dictionaries(
    {"inputs": st.text(max_size=9)},
    optional={
        "parameters": st.dictionaries(st.sampled_from(sorted(PARAMETER_FIELDS)), VALUES),
        "stream": st.booleans(),
    },
)
BODIES = st.one_of(VALUES, TEXTS, CHATS, GENERATIONS, st.builds(lambda body: {"instances": [body]}, TEXTS | CHATS))


def parse(dialect: Dialect, path: str, body: Any) -> None:
    request = post(path, json.dumps(body, ensure_ascii=True).encode())
    parsed = dialect.parse(request)
    assert not isinstance(parsed, Answer) or parsed.status < 500


@pytest.mark.parametrize("version", ["1.0.3", "2.0.2", "3.3.6"])
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=BODIES, path=st.sampled_from(ROUTES["tgi"]))
def test_tgi_has_an_answer(version: str, body: Any, path: str) -> None:
    parse(tgi(version), path, body)


@pytest.mark.parametrize("version", ["0.25.0", "0.28.0", "0.36.0"])
@pytest.mark.parametrize("rolling_batch", ["auto", "disable"])
@settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))
@given(body=BODIES, path=st.sampled_from(ROUTES["lmi"]))
def test_lmi_has_an_answer(version: str, rolling_batch: str, body: Any, path: str) -> None:
    parse(lmi(version, rolling_batch=rolling_batch), path, body)
