"""An OpenAI client and huggingface_hub's against a live LMI container of 0.36, which serves the demonstration model.

LMI's streams of chats and completions are lines of JSON, not events: OpenAI's client is asked for the lines, and reads
each with its own types. Completions have no route of their own there, so they are posted to `/invocations`.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from firstbyte.artifacts.local import find_demo_model

pytestmark = [pytest.mark.clients, pytest.mark.timeout(300)]
ROOT = Path(__file__).parents[2]

OPENAI = """
import json, sys
import openai
from openai.types import Completion
from openai.types.chat import ChatCompletionChunk
url = sys.argv[1]
client = openai.OpenAI(base_url=f"{url}/v1", api_key="-", max_retries=0)
MESSAGES = [{"role": "user", "content": "Hello, who are you?"}]
chat = {"model": "model", "messages": MESSAGES, "max_tokens": 8, "temperature": 0}

def stream(**asked):
    with client.chat.completions.with_streaming_response.create(**chat | asked, stream=True) as response:
        assert response.headers["content-type"] == "application/jsonlines", response.headers
        return [ChatCompletionChunk.model_validate_json(line) for line in response.iter_lines() if line]

answer = client.chat.completions.create(**chat, logprobs=True, top_logprobs=2)
[choice] = answer.choices
assert choice.message.role == "assistant" and choice.message.content, answer
assert choice.finish_reason == "length", answer
assert len(choice.logprobs.content) == 8 and len(choice.logprobs.content[0].top_logprobs) == 2, answer
assert (answer.object, answer.usage.completion_tokens) == ("chat.completion", 8), answer
assert answer.usage.total_tokens == answer.usage.prompt_tokens + 8, answer

chunks = stream(stream_options={"include_usage": True})
assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]) == choice.message.content, chunks
assert chunks[0].choices[0].delta.role == "assistant", chunks
assert chunks[-2].choices[0].finish_reason == "length", chunks
assert chunks[-1].usage == answer.usage and chunks[-1].choices == [], chunks
assert len({chunk.id for chunk in chunks}) == 1, chunks

parameters = {"type": "object", "properties": {"sure": {"type": "boolean"}}, "required": ["sure"]}
tools = [{"type": "function", "function": {"name": "answer", "parameters": parameters}}]
calling = {"tools": tools, "tool_choice": "required", "max_tokens": 60}
answer = client.chat.completions.create(**chat | calling)
[call] = answer.choices[0].message.tool_calls
assert (answer.choices[0].finish_reason, call.type, call.function.name) == ("tool_calls", "function", "answer"), answer
assert isinstance(json.loads(call.function.arguments)["sure"], bool), answer
deltas = [chunk.choices[0].delta for chunk in stream(**calling)]
parts = [part for delta in deltas for part in delta.tool_calls or []]
assert [part.function.name for part in parts if part.function.name] == ["answer"], parts
assert "".join(part.function.arguments or "" for part in parts) == call.function.arguments, parts

form = {"type": "json_schema", "json_schema": {"name": "form", "schema": parameters}}
answer = client.chat.completions.create(**chat | {"response_format": form, "max_tokens": 30})
assert isinstance(json.loads(answer.choices[0].message.content)["sure"], bool), answer

direct = openai.OpenAI(base_url=url, api_key="-", max_retries=0)
asked = {"model": "model", "prompt": "Hello", "max_tokens": 4, "temperature": 0}
completion = direct.post("/invocations", body=asked, cast_to=Completion)
assert completion.choices[0].text and completion.usage.completion_tokens == 4, completion
lines = direct.post("/invocations", body=asked | {"stream": True}, cast_to=str).splitlines()
chunks = [Completion.construct(**json.loads(line)) for line in lines]  # as the client does: no reason is null
assert "".join(chunk.choices[0].text for chunk in chunks) == completion.choices[0].text, chunks
assert [chunk.choices[0].finish_reason for chunk in chunks] == [None, None, None, "length"], chunks

for wrong, status, words in (
    ({"temperature": 3}, 424, "temperature must be between 0 and 2."),
    ({"max_tokens": 0}, 400, "max_tokens must be at least 1, got 0."),
    ({"n": 2}, 400, "n must be 1"),
):
    try:
        client.chat.completions.create(**chat | wrong)
    except openai.APIStatusError as error:
        assert error.status_code == status and words in error.response.json()["error"], error
    else:
        raise AssertionError(wrong)
"""

HUGGINGFACE_HUB = """
import json, sys
from huggingface_hub import InferenceClient
from huggingface_hub.errors import HfHubHTTPError
url = sys.argv[1]
client = InferenceClient(f"{url}/invocations")
asked = {"prompt": "Hello", "max_new_tokens": 6, "do_sample": False, "return_full_text": False}

text = client.text_generation(**asked)
assert text, text
pieces = list(client.text_generation(**asked, stream=True))
assert "".join(pieces) == text and len(pieces) == 6, pieces
detailed = client.text_generation(**asked, details=True)
assert detailed.generated_text == text, detailed
assert (detailed.details.finish_reason, detailed.details.generated_tokens) == ("length", 6), detailed
assert "".join(token.text for token in detailed.details.tokens) == text, detailed
*_, last = client.text_generation(**asked, details=True, stream=True)
assert (last.generated_text, last.details.finish_reason, last.details.generated_tokens) == (text, "length", 6), last
try:
    client.text_generation("Hello", top_p=-1.0)
except HfHubHTTPError as error:
    assert error.response.status_code == 400 and "top_p must be in (0, 1]" in error.response.text, error
else:
    raise AssertionError("refused")

chats = InferenceClient(base_url=url)
asked = {"messages": [{"role": "user", "content": "Hello, who are you?"}], "temperature": 0.0}
answer = chats.chat_completion(**asked, max_tokens=8)
assert answer.choices[0].message.content and answer.usage.completion_tokens == 8, answer
parameters = {"type": "object", "properties": {"sure": {"type": "boolean"}}, "required": ["sure"]}
tools = [{"type": "function", "function": {"name": "answer", "parameters": parameters}}]
answer = chats.chat_completion(**asked, max_tokens=60, tools=tools, tool_choice="required")
[call] = answer.choices[0].message.tool_calls
assert call.function.name == "answer" and isinstance(json.loads(call.function.arguments)["sure"], bool), answer
"""


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where a container listens; it is ready when it says so."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "PYTHONPATH": str(ROOT / "src"),
        "SAGEMAKER_BIND_TO_PORT": "0",
        "FIRSTBYTE_DIALECT": "lmi",
        "FIRSTBYTE_DIALECT_VERSION": "0.36.0",
        "FIRSTBYTE_MODEL_DIR": str(find_demo_model()),
        **request.param,
    }
    command = [sys.executable, "-m", "firstbyte.containers"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as process:
        assert process.stdout is not None
        try:
            port = next(match[1] for line in process.stdout if (match := re.search(r"listening on [\d.]+:(\d+)", line)))
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.communicate(timeout=30)
    assert process.returncode == 0


def run_client(name: str, program: str, url: str) -> None:
    """Run a program in the client's own environment; what it asserts holds."""
    python = ROOT / ".venvs" / name / "bin" / "python"
    assert python.exists(), f"{python} is missing: `make test-clients` makes it"
    foreign = {key: value for key, value in os.environ.items() if key not in ("PYTHONPATH", "HF_TOKEN")}
    done = subprocess.run([python, "-c", program, url], capture_output=True, text=True, check=False, env=foreign)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("url", [{}], indirect=True, ids=["json"])
def test_openai(url: str) -> None:
    run_client("openai", OPENAI, url)


@pytest.mark.parametrize("url", [{"OPTION_TGI_COMPAT": "true"}], indirect=True, ids=["tgi_compat"])
def test_inference_client(url: str) -> None:
    """With the option that LMI has for clients of TGI: its streams are events then."""
    run_client("huggingface_hub", HUGGINGFACE_HUB, url)
