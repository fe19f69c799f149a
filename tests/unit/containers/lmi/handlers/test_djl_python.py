import importlib
import sys
from collections.abc import Iterator

import pytest

from firstbyte.containers.lmi.handlers import djl_python
from firstbyte.containers.lmi.handlers.inputs import Input


@pytest.fixture(autouse=True)
def installed() -> Iterator[None]:
    djl_python.install()
    yield
    for name in djl_python.MODULES:
        del sys.modules[name]


def test_a_handlers_imports_work() -> None:
    names: dict[str, object] = {}
    exec(
        "from djl_python import Input, Output\n"
        "from djl_python.inputs import Input as Again\n"
        "from djl_python.output_formatter import RequestOutput, TextGenerationOutput, output_formatter\n"
        "from djl_python.input_parser import input_formatter\n"
        "from djl_python.encode_decode import decode, encode\n"
        "from djl_python.request_io import TextInput, Token\n"
        "import djl_python.outputs\n",
        names,
    )
    assert names["Input"] is names["Again"] is Input


def test_what_is_not_offered_is_named() -> None:
    with pytest.raises(ModuleNotFoundError, match=r"djl_python\.huggingface"):
        importlib.import_module("djl_python.huggingface")
