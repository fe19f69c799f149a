"""One file of a model's own code: loads it, calls its handler and its formatters. Used by `__main__` only."""

import asyncio
import importlib.util
import inspect
import json
import logging
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from firstbyte.containers.lmi.handlers.djl_python import IS_INPUT_FORMATTER, IS_OUTPUT_FORMATTER
from firstbyte.containers.lmi.handlers.inputs import Input
from firstbyte.containers.lmi.handlers.outputs import Output
from firstbyte.containers.lmi.handlers.request_io import TextGenerationOutput, TextInput, Token

logger = logging.getLogger(__name__)
OUT_OF_MEMORY = ("MemoryError", "OutOfMemoryError")
MAX_OUTPUTS = 4096
"""Answers that are worded at a time; far more than a container admits."""
Function = Callable[..., Any]


class UserCode:
    """The functions of one file."""

    def __init__(self, module: Any, handler_name: str, output_formatter_name: str | None = None) -> None:
        self._runner = asyncio.Runner()
        self.handler_name = handler_name
        self.handler: Function | None = _function(module, handler_name)
        if output_formatter_name is not None and _function(module, output_formatter_name) is None:
            raise AttributeError(f"option.output_formatter names {output_formatter_name}, which is no function of it")
        named = _function(module, output_formatter_name) if output_formatter_name else None
        self.output_formatter = named or _marked(module, IS_OUTPUT_FORMATTER)
        self.input_formatter = _marked(module, IS_INPUT_FORMATTER)
        self._outputs: dict[str, TextGenerationOutput] = {}
        """Answers under way, by stream; the oldest ones are dropped, whose clients have left."""

    @classmethod
    def load(cls, file: Path, handler_name: str, output_formatter_name: str | None = None) -> "UserCode":
        """Run the file. Whatever it raises comes out."""
        sys.path.insert(0, str(file.parent))
        spec = importlib.util.spec_from_file_location(file.stem, file)
        assert spec is not None, "the container has looked that it is a Python file"
        assert spec.loader is not None, "a file has a loader"
        module = importlib.util.module_from_spec(spec)
        sys.modules[file.stem] = module
        spec.loader.exec_module(module)
        return cls(module, handler_name, output_formatter_name)

    def close(self) -> None:
        """End the event loop that asynchronous functions ran on."""
        self._runner.close()

    def handle(self, inputs: Input) -> Output:
        """Call the handler; what it raises, or returns by mistake, becomes an error as LMI words it."""
        assert self.handler is not None, "the container asks for a handler that was reported only"
        inputs.function_name = self.handler_name
        try:
            outputs = self._call(self.handler, inputs)
        except Exception as error:
            logger.exception("%s failed", self.handler_name)
            if type(error).__name__ in OUT_OF_MEMORY:
                return Output(code=507, message=str(error))
            return Output().error(str(error))
        if outputs is None:
            return Output(code=204, message="No content")
        return outputs if isinstance(outputs, Output) else Output().error(f"Invalid output type: {type(outputs)}")

    def items(self, outputs: Output) -> Iterator[Any]:
        """The items of an answer that streams, asynchronous or not."""
        stream = outputs.stream_content
        assert stream is not None, "only an answer that streams is asked for its items"
        if isinstance(stream, Iterable):
            yield from stream
            return
        iterator = aiter(stream)
        while True:
            try:
                yield self._runner.run(_next(iterator))
            except StopAsyncIteration:
                return

    def read(self, inputs: Input, attributes: Mapping[str, Any]) -> bytes:
        """A request as the input formatter reads it: JSON of `inputs`, `parameters` and the rest.

        A formatter whose first parameter is named `decoded_payload`, as today's are, is given the value of the JSON.
        """
        assert self.input_formatter is not None, "the container asks for a formatter that was reported only"
        parameters = inspect.signature(self.input_formatter).parameters
        given = inputs.get_as_json() if next(iter(parameters), "") == "decoded_payload" else inputs
        takes_all = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values())
        known = {name: value for name, value in attributes.items() if takes_all or name in parameters}
        made = self._call(self.input_formatter, given, **known)
        if isinstance(made, TextInput):
            made = {"inputs": made.input_text, "parameters": made.parameters}
        if not isinstance(made, dict):
            raise TypeError(f"the input formatter has to return a RequestInput or a dict, not {type(made).__name__}")
        return json.dumps(made).encode()

    def word(self, step: Mapping[str, Any]) -> bytes:
        """One step of an answer as the output formatter words it; see `formatting.step_of` for its members."""
        assert self.output_formatter is not None, "the container asks for a formatter that was reported only"
        if "response" in step:
            return json.dumps(self._call(self.output_formatter, step["response"]), ensure_ascii=False).encode()
        output = self._output_of(step)
        sequence = output.sequences[0]
        sequence.finish_reason = step["finish_reason"]
        output.finished = step["finish_reason"] is not None
        output.prompt_tokens_details = [Token(**token) for token in step["prompt_tokens"]]
        sequence.set_next_token(Token(**step["token"]), output.finished)
        if step["top_tokens"]:
            sequence.set_next_top_tokens([Token(**token) for token in step["top_tokens"]])
        try:
            return str(self._call(self.output_formatter, output)).encode()
        finally:
            if output.finished:
                self._outputs.pop(step["stream"], None)

    def _output_of(self, step: Mapping[str, Any]) -> TextGenerationOutput:
        output = self._outputs.get(step["stream"])
        if output is not None:
            return output
        if step["asked"] is None:
            raise LookupError("the process that worded this answer so far is gone")
        while len(self._outputs) >= MAX_OUTPUTS:
            del self._outputs[next(iter(self._outputs))]
        asked = step["asked"]
        text = TextInput(server_parameters=asked["parameters"], **asked)
        return self._outputs.setdefault(step["stream"], TextGenerationOutput(request_id=0, input=text))

    def _call(self, function: Function, *arguments: Any, **named: Any) -> Any:
        result = function(*arguments, **named)
        return self._runner.run(_awaited(result)) if inspect.isawaitable(result) else result


async def _awaited(result: Any) -> Any:
    return await result


async def _next(iterator: AsyncIterator[Any]) -> Any:
    return await anext(iterator)


def _function(module: Any, name: str) -> Function | None:
    found = getattr(module, name, None)
    return found if callable(found) else None


def _marked(module: Any, mark: str) -> Function | None:
    for name in dir(module):
        found = getattr(module, name)
        if callable(found) and getattr(found, mark, False) is True:
            return found  # type: ignore[no-any-return]
    return None
