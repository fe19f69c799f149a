"""The extension module built from native/; see its sources for what each function computes."""

import enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
Int32 = NDArray[np.int32]

class Format(enum.Enum):
    F32 = ...
    BF16 = ...
    F16 = ...
    INT8 = ...
    INT4 = ...

class KvFormat(enum.Enum):
    F32 = ...
    F16 = ...
    INT8 = ...

class ModelShape:
    def __init__(
        self,
        *,
        vocab_size: int,
        hidden_size: int,
        intermediate_size: int,
        num_heads: int,
        num_kv_heads: int,
        head_dim: int,
        rms_norm_eps: float,
    ) -> None: ...

class Matrix:
    def __init__(self, weight_format: Format, num_outputs: int, num_inputs: int, packed: NDArray[np.uint8]) -> None: ...

class Layer:
    def __init__(
        self,
        *,
        attention_norm: Float32,
        qkv: Matrix,
        qkv_bias: Float32 | None,
        query_norm: Float32 | None,
        key_norm: Float32 | None,
        output: Matrix,
        output_bias: Float32 | None,
        mlp_norm: Float32,
        gate_up: Matrix,
        gate_up_bias: Float32 | None,
        down: Matrix,
        down_bias: Float32 | None,
        window: int,
    ) -> None: ...

class Model:
    def __init__(
        self,
        *,
        shape: ModelShape,
        embedding: Matrix,
        layers: list[Layer],
        norm: Float32,
        head: Matrix,
        frequencies: Float32,
        num_threads: int,
        isa: str,
    ) -> None: ...
    @property
    def num_threads(self) -> int: ...
    @property
    def isa(self) -> str: ...
    def allocate(self, kv_format: KvFormat, num_blocks: int, block_len: int) -> None: ...
    def run(self, batch: Any) -> tuple[Int32, Float32, Int32, Int32, Float32, Float32]: ...
    def logits(self, tokens: Int32) -> Float32: ...

class PagedAttention:
    def __init__(
        self,
        *,
        kv_format: KvFormat,
        num_blocks: int,
        block_len: int,
        num_heads: int,
        num_kv_heads: int,
        head_dim: int,
        num_threads: int,
        isa: str,
    ) -> None: ...
    def run(self, batch: Any, qkv: Float32, window: int) -> Float32: ...

def detect_isa() -> str: ...
def is_available(isa: str) -> bool: ...
def num_usable_cores() -> int: ...
def packed_bytes(weight_format: Format, num_outputs: int, num_inputs: int) -> int: ...
def pack(weight_format: Format, weights: Float32, num_threads: int) -> NDArray[np.uint8]: ...
def checksum(data: NDArray[np.uint8], num_threads: int) -> int: ...
def rms_norm(x: Float32, weight: Float32, eps: float, isa: str) -> Float32: ...
def rotate(x: Float32, cosines: Float32, sines: Float32, isa: str) -> Float32: ...
def swiglu(x: Float32, isa: str) -> Float32: ...
def linear(weight: Matrix, x: Float32, isa: str, num_threads: int) -> Float32: ...
def choose(logits: Float32, plans: Any, isa: str) -> tuple[Int32, Float32, Int32, Int32, Float32, Float32]: ...
def uniform(seed: int, draw: int) -> float: ...
