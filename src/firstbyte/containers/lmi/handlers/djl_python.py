"""Puts in place the modules that a handler imports: `djl_python` and those of it that have a meaning here.

The real package needs PyTorch and a server of its own. These are the names that its documentation gives to handlers and
formatters; another module of `djl_python` cannot be imported, and Python says so.
"""

import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any, TypeVar

from firstbyte.containers.lmi.handlers import request_io
from firstbyte.containers.lmi.handlers.decoding import decode, encode
from firstbyte.containers.lmi.handlers.inputs import Input, PairList
from firstbyte.containers.lmi.handlers.outputs import Output

IS_OUTPUT_FORMATTER = "is_output_formatter"
IS_INPUT_FORMATTER = "is_input_formatter"

Function = TypeVar("Function", bound=Callable[..., Any])


def output_formatter(function: Function) -> Function:
    """Mark the function that words every step of every answer."""
    setattr(function, IS_OUTPUT_FORMATTER, True)
    return function


def input_formatter(function: Function) -> Function:
    """Mark the function that reads every request."""
    setattr(function, IS_INPUT_FORMATTER, True)
    return function


_REQUEST_IO: dict[str, Any] = {
    name: getattr(request_io, name)
    for name in ("Token", "Sequence", "RequestInput", "TextInput", "RequestOutput", "TextGenerationOutput")
}
MODULES: dict[str, dict[str, Any]] = {
    "djl_python": {"Input": Input, "Output": Output},
    "djl_python.inputs": {"Input": Input},
    "djl_python.outputs": {"Output": Output},
    "djl_python.pair_list": {"PairList": PairList},
    "djl_python.request_io": _REQUEST_IO,
    "djl_python.encode_decode": {"decode": decode, "encode": encode},
    "djl_python.input_parser": {"input_formatter": input_formatter},
    "djl_python.output_formatter": {"output_formatter": output_formatter, **_REQUEST_IO},
}
"""Module -> what it holds."""


def install() -> None:
    """Make the modules importable in this process."""
    for name, members in MODULES.items():
        module = ModuleType(name, "A part of djl_python as Firstbyte offers it to a model's own code.")
        vars(module).update(members)
        sys.modules[name] = module
        parent, _, child = name.rpartition(".")
        if parent:
            setattr(sys.modules[parent], child, module)
    sys.modules["djl_python"].__path__ = []  # a package, so that a missing part is named in the error
