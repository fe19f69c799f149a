"""What `quantize` asks for, in this engine's names and in those that TGI and LMI users write."""

import difflib
import enum
import logging

from firstbyte.engine.errors import OptionsError

_log = logging.getLogger(__name__)


class Quantization(enum.StrEnum):
    """How weights are kept. Integers come in groups of 32 inputs with a float16 scale each."""

    NONE = "none"
    """As stored; all arithmetic in float32."""
    INT8 = "int8"
    INT4 = "int4"


_NEAREST = {
    "bitsandbytes": Quantization.INT8,
    "bitsandbytes-nf4": Quantization.INT4,
    "bitsandbytes-fp4": Quantization.INT4,
    "eetq": Quantization.INT8,
    "fp8": Quantization.INT8,
    "smoothquant": Quantization.INT8,
    "awq": Quantization.INT4,
    "gptq": Quantization.INT4,
    "marlin": Quantization.INT4,
    "exl2": Quantization.INT4,
}
"""Kernels of GPUs, and the format of about the same size here."""


def read_quantization(quantize: str | None) -> Quantization:
    """Read the option; raises `OptionsError` naming the nearest known value for one that means nothing."""
    if quantize is None:
        _log.info("quantize is not set: on a CPU the weights are kept as int8 (`none` keeps them as stored)")
        return Quantization.INT8
    name = quantize.lower()
    if name in _NEAREST:
        _log.warning("quantize=%s is made for GPUs: taking %s", quantize, _NEAREST[name])
        return _NEAREST[name]
    if name not in list(Quantization):
        known = [*map(str, Quantization), *_NEAREST]
        nearest = difflib.get_close_matches(name, known, n=1, cutoff=0)[0]
        raise OptionsError(
            f"quantize={quantize!r} is unknown: did you mean {str(nearest)!r}? ({', '.join(Quantization)})"
        )
    return Quantization(name)
