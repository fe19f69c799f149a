import json
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from documents import ROOT, blocks
from firstbyte.containers.lmi.handlers import djl_python
from firstbyte.containers.lmi.handlers.djl_python import input_formatter, output_formatter
from firstbyte.containers.lmi.handlers.inputs import Input
from firstbyte.containers.lmi.handlers.outputs import Output
from firstbyte.containers.lmi.handlers.request_io import TextGenerationOutput, TextInput
from firstbyte.containers.lmi.handlers.user_code import UserCode


@pytest.fixture
def code() -> Iterator[Callable[..., UserCode]]:
    made: list[UserCode] = []

    def make(output_formatter_name: str | None = None, **functions: Any) -> UserCode:
        made.append(UserCode(SimpleNamespace(**functions), "handle", output_formatter_name))
        return made[-1]

    yield make
    for one in made:
        one.close()


def asked(body: bytes = b"{}") -> Input:
    inputs = Input()
    inputs.content.add("data", body)
    return inputs


def raises(error: Exception) -> Callable[[Input], Output]:
    def handle(inputs: Input) -> Output:
        raise error

    return handle


@pytest.mark.parametrize(
    ("handle", "status", "error"),
    [
        (lambda inputs: Output().add("x"), 200, None),
        (lambda inputs: None, 204, None),
        (lambda inputs: "x", 424, "Invalid output type: <class 'str'>"),
        (raises(ValueError("broken")), 424, "broken"),
        (raises(MemoryError("full")), 507, None),
    ],
)
def test_what_becomes_of_an_answer(code: Any, handle: Any, status: int, error: str | None) -> None:
    output = code(handle=handle).handle(asked())
    assert output.code == status
    if error is not None:
        assert json.loads(output.body)["error"] == error


def test_handler_may_be_asynchronous_and_so_may_its_stream(code: Any) -> None:
    async def items() -> AsyncIterator[str]:
        for item in "ab":
            yield item

    async def handle(inputs: Input) -> Output:
        assert inputs.get_function_name() == "handle"
        return Output().add_stream_content(items(), output_formatter=None)

    one = code(handle=handle)
    assert list(one.items(one.handle(asked()))) == ["a", "b"]


def test_formatters_are_found_by_their_marks(code: Any) -> None:
    @output_formatter
    def word(output: TextGenerationOutput) -> str:
        return ""

    @input_formatter
    def read(inputs: Input) -> TextInput:
        return TextInput()

    one = code(word=word, read=read)
    assert (one.handler, one.output_formatter, one.input_formatter) == (None, word, read)


def test_formatter_may_be_named_instead(code: Any) -> None:
    assert code("mine", mine=str).output_formatter is str
    with pytest.raises(AttributeError, match=r"option\.output_formatter names other"):
        code("other", mine=str)


def test_the_documents_example_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    [example] = blocks(ROOT / "docs/lmi.md", "text")
    file = tmp_path / "documented.py"
    file.write_text(example)
    monkeypatch.setattr(sys, "path", list(sys.path))
    for name in (*djl_python.MODULES, "documented"):
        monkeypatch.setitem(sys.modules, name, None)  # gone again after the test
    djl_python.install()
    documented = UserCode.load(file, "handle")
    assert documented.handle(Input()).code == 204
    assert json.loads(documented.handle(asked(b'{"inputs": "hi"}')).body) == {"answer": "HI"}
    documented.close()


def step(index: int, text: str, finish: str | None = None) -> dict[str, Any]:
    return {
        "stream": "s",
        "asked": {"parameters": {"a": 1}, "input_text": "hi", "input_ids": [1], "tgi_compat": False}
        if index == 1
        else None,
        "token": {"id": index, "text": text, "log_prob": -0.5, "special_token": False},
        "top_tokens": [],
        "prompt_tokens": [],
        "finish_reason": finish,
    }


def word(output: TextGenerationOutput) -> str:
    token, is_first, is_last = output.sequences[output.best_sequence_index].get_next_token()
    assert token is not None
    reason = output.sequences[0].finish_reason
    return json.dumps([token.text, is_first, is_last, reason, output.finished, output.input.parameters])


def test_steps_of_an_answer_are_worded_one_after_the_other(code: Any) -> None:
    one = code("word", word=word)
    assert json.loads(one.word(step(1, "a"))) == ["a", True, False, None, False, {"a": 1}]
    assert json.loads(one.word(step(2, "b", "length"))) == ["b", False, True, "length", True, {"a": 1}]
    with pytest.raises(LookupError, match="is gone"):
        one.word(step(3, "c"))


def test_todays_formatter_is_given_the_object(code: Any) -> None:
    one = code("word", word=lambda response_data: response_data | {"more": "é"})
    assert one.word({"response": {"a": 1}}) == '{"a": 1, "more": "é"}'.encode()


def test_input_formatter_of_either_kind(code: Any) -> None:
    def today(decoded_payload: dict[str, Any], tokenizer: Any = None, **attributes: Any) -> dict[str, Any]:
        return {"inputs": decoded_payload["prompt"], "parameters": attributes["configs"]}

    def before(input_item: Input) -> TextInput:
        made = TextInput()
        made.input_text, made.parameters = input_item.get_as_json()["prompt"], {"max_new_tokens": 2}
        return made

    body, attributes = asked(b'{"prompt": "hi"}'), {"configs": {"x": "1"}}
    read = code(read=input_formatter(today)).read(body, attributes)
    assert json.loads(read) == {"inputs": "hi", "parameters": {"x": "1"}}
    read = code(read=input_formatter(before)).read(body, attributes)
    assert json.loads(read) == {"inputs": "hi", "parameters": {"max_new_tokens": 2}}
    with pytest.raises(TypeError, match="has to return a RequestInput or a dict, not str"):
        code(read=input_formatter(lambda input_item: "x")).read(body, attributes)
