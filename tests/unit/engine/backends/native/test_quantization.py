"""What `quantize` may say."""

import logging

import pytest

from firstbyte.engine.backends.native.quantization import Quantization, read_quantization
from firstbyte.engine.errors import OptionsError


@pytest.mark.parametrize("name", ["int8", "int4", "none", "INT8"])
def test_its_own_names(name: str) -> None:
    assert read_quantization(name) == name.lower()


def test_nothing_means_int8_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)

    assert read_quantization(None) is Quantization.INT8
    assert "int8" in caplog.text


@pytest.mark.parametrize(("name", "taken"), [("bitsandbytes", "int8"), ("bitsandbytes-nf4", "int4"), ("awq", "int4")])
def test_names_of_gpu_kernels_mean_the_nearest_and_say_so(
    name: str, taken: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert read_quantization(name) == taken
    assert f"quantize={name} is made for GPUs: taking {taken}" in caplog.text


def test_a_slip_is_told_with_the_nearest_name() -> None:
    with pytest.raises(OptionsError, match="did you mean 'int4'"):
        read_quantization("in4")
