"""A Llama graph with OpenVINO's own operations, on the weights of bench/models.py: run in OpenVINO's environment.

    OPENVINO_PYTHON -m bench.peers.openvino_graph NAME WEIGHTS

The graph has the inputs, states and output of those that `optimum-intel` exports, which is what OpenVINO GenAI turns
into one with paged attention: `input_ids`, `attention_mask`, `position_ids` [batch, tokens], `beam_idx` [batch]; keys
and values as variables [batch, heads, tokens, head_dim]; `logits`. Rotation and norms are spelt in the operations that
its CPU plugin fuses.

Weights are stored as NNCF's weight compression stores them: symmetric integers, float16 scales, and operations that
multiply them out, which the plugin folds into its matrix product. `int4` has groups of 32 and 8 bits with one scale per
row for embedding and output projection; `int8` has one scale per row; `bf16` has the checkpoint's own values.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
import openvino.opset13 as op
from numpy.typing import NDArray
from openvino import op as core_op
from openvino.op.util import Variable, VariableInfo

from bench import models
from bench.models import MODELS_DIR, SHAPES, Shape

GROUP_LEN = 32
_TABLES = ("model.embed_tokens.weight", "lm_head.weight")
_MASKED = -65504.0
_TO_END = np.iinfo(np.int64).max

Node = Any
"""An operation or its output: OpenVINO's own types are not seen from our environment."""
Float32 = NDArray[np.float32]


def path_of(name: str, weights: str) -> Path:
    """The folder where a graph lies."""
    return MODELS_DIR / f"{name}-openvino-{weights}"


def convert(name: str, weights: str) -> Path:
    """Write the graph unless it is there. Returns its folder."""
    folder = path_of(name, weights)
    if folder.is_dir():
        return folder
    unfinished = folder.with_suffix(".part")
    unfinished.mkdir(parents=True, exist_ok=True)
    ov.save_model(build(SHAPES[name], weights), unfinished / "openvino_model.xml", compress_to_fp16=False)
    return unfinished.rename(folder)


def build(shape: Shape, weights: str) -> Any:
    """The whole model."""
    return _Builder(shape, weights).model()


class _Builder:
    def __init__(self, shape: Shape, weights: str) -> None:
        self._shape = shape
        self._store = _STORES[weights]
        self._dims = dict(shape.tensors())
        self._input_ids, self._mask, self._positions = (
            _parameter(name, [-1, -1], np.int64) for name in ("input_ids", "attention_mask", "position_ids")
        )
        self._beams = _parameter("beam_idx", [-1], np.int32)
        self._sinks: list[Node] = []

    def model(self) -> Any:
        hidden = op.gather(self._weight("model.embed_tokens.weight"), self._input_ids, _scalar(0))
        rotation, visible = self._rotation(), self._visible()
        for layer in range(self._shape.num_layers):
            prefix = f"model.layers.{layer}"
            normed = self._norm(hidden, f"{prefix}.input_layernorm.weight")
            hidden = op.add(hidden, self._attend(normed, layer, rotation, visible))
            normed = self._norm(hidden, f"{prefix}.post_attention_layernorm.weight")
            hidden = op.add(hidden, self._mlp(normed, f"{prefix}.mlp"))
        logits = self._linear(self._norm(hidden, "model.norm.weight"), "lm_head")
        result = op.result(logits)
        result.output(0).set_names({"logits"})
        inputs = [self._input_ids, self._mask, self._positions, self._beams]
        return ov.Model([result], self._sinks, inputs, "llama")

    def _rotation(self) -> tuple[Node, Node]:
        """Cosine and sine [batch, 1, tokens, head_dim]."""
        head_dim = self._shape.head_dim
        frequencies = 10000.0 ** (-np.arange(0, head_dim, 2, dtype=np.float64) / head_dim)
        positions = op.unsqueeze(op.convert(self._positions, "f32"), _scalar(2))
        angles = op.multiply(positions, frequencies.astype(np.float32)[None, None, :])
        both = op.unsqueeze(op.concat([angles, angles], -1), _scalar(1))
        return op.cos(both), op.sin(both)

    def _visible(self) -> Node:
        """What attention adds [batch, 1, tokens, all tokens]; paged attention knows it by itself and drops it."""
        num_all = op.gather(op.shape_of(self._mask), _scalar(1), _scalar(0))
        num_new = op.gather(op.shape_of(self._input_ids), _scalar(1), _scalar(0))
        keys = op.range(_scalar(0), num_all, _scalar(1), "i64")
        queries = op.range(op.subtract(num_all, num_new), num_all, _scalar(1), "i64")
        causal = op.less_equal(op.unsqueeze(keys, _scalar(0)), op.unsqueeze(queries, _scalar(1)))
        real = op.unsqueeze(op.convert(self._mask, "boolean"), np.array([1, 2], np.int64))
        return op.select(op.logical_and(causal, real), np.float32(0), np.float32(_MASKED))

    def _attend(self, hidden: Node, layer: int, rotation: tuple[Node, Node], visible: Node) -> Node:
        shape, prefix = self._shape, f"model.layers.{layer}.self_attn"
        queries, keys, values = (
            self._heads(self._linear(hidden, f"{prefix}.{part}_proj"), num_heads)
            for part, num_heads in (("q", shape.num_heads), ("k", shape.num_kv_heads), ("v", shape.num_kv_heads))
        )
        queries, keys = self._rotate(queries, rotation), self._rotate(keys, rotation)
        keys, values = self._remember(keys, layer, "key"), self._remember(values, layer, "value")
        attended = op.scaled_dot_product_attention(
            queries, self._repeat(keys), self._repeat(values), visible, np.float32(shape.head_dim**-0.5)
        )
        joined = op.reshape(_transpose(attended), np.array([0, 0, shape.hidden_size], np.int64), True)
        return self._linear(joined, f"{prefix}.o_proj")

    def _heads(self, flat: Node, num_heads: int) -> Node:
        """[batch, tokens, heads * head_dim] -> [batch, heads, tokens, head_dim]."""
        return _transpose(op.reshape(flat, np.array([0, 0, num_heads, self._shape.head_dim], np.int64), True))

    def _rotate(self, heads: Node, rotation: tuple[Node, Node]) -> Node:
        half = self._shape.head_dim // 2
        first, second = (_slice(heads, begin, end) for begin, end in ((0, half), (half, _TO_END)))
        turned = op.concat([op.multiply(second, np.float32(-1).reshape(1, 1, 1, 1)), first], -1)
        return op.add(op.multiply(heads, rotation[0]), op.multiply(turned, rotation[1]))

    def _remember(self, new: Node, layer: int, part: str) -> Node:
        """All keys or values so far, these at the end."""
        shape = self._shape
        info = VariableInfo()
        info.data_shape = ov.PartialShape([-1, shape.num_kv_heads, -1, shape.head_dim])
        info.data_type = ov.Type.f32
        info.variable_id = f"past_key_values.{layer}.{part}present.{layer}.{part}"
        variable = Variable(info)
        batch = op.gather(op.shape_of(self._input_ids), np.array([0], np.int64), _scalar(0))
        dims = op.concat([batch, np.array([shape.num_kv_heads, 0, shape.head_dim], np.int64)], 0)
        past = op.read_value(op.broadcast(np.float32(0), dims), variable)
        kept = op.concat([op.gather(past, self._beams, _scalar(0)), new], -2)
        self._sinks.append(op.assign(kept, variable))
        return kept

    def _repeat(self, heads: Node) -> Node:
        """Each key or value head for all queries of its group."""
        shape = self._shape
        num_times = shape.num_heads // shape.num_kv_heads
        if num_times == 1:
            return heads
        dims = op.shape_of(heads)
        front = op.gather(dims, np.array([0, 1], np.int64), _scalar(0))
        back = op.gather(dims, np.array([2, 3], np.int64), _scalar(0))
        wide = op.concat([front, np.array([num_times], np.int64), back], 0)
        repeated = op.broadcast(op.unsqueeze(heads, _scalar(2)), wide, "BIDIRECTIONAL")
        return op.reshape(repeated, np.array([0, shape.num_heads, -1, shape.head_dim], np.int64), True)

    def _mlp(self, hidden: Node, prefix: str) -> Node:
        gate, up = (self._linear(hidden, f"{prefix}.{part}_proj") for part in ("gate", "up"))
        return self._linear(op.multiply(op.swish(gate), up), f"{prefix}.down_proj")

    def _norm(self, hidden: Node, name: str) -> Node:
        mean = op.reduce_mean(op.power(hidden, np.float32(2)), np.array([-1], np.int64), True)
        inverse = op.divide(np.float32(1), op.sqrt(op.add(mean, np.float32(models.RMS_NORM_EPS))))
        gamma = _values(name, self._dims[name])[None, None, :]
        return op.multiply(op.multiply(hidden, inverse), op.constant(gamma))

    def _linear(self, hidden: Node, module: str) -> Node:
        return op.matmul(hidden, self._weight(f"{module}.weight"), False, True)

    def _weight(self, name: str) -> Node:
        return self._store(name, self._dims[name])


def _parameter(name: str, dims: list[int], dtype: type) -> Node:
    node = op.parameter(dims, dtype)
    # By both names: what makes the attention paged looks for one, the pipeline for the other.
    node.set_friendly_name(name)
    node.output(0).set_names({name})
    return node


def _scalar(value: int) -> Node:
    return op.constant(np.int64(value))


def _transpose(heads: Node) -> Node:
    return op.transpose(heads, np.array([0, 2, 1, 3], np.int64))


def _slice(heads: Node, begin: int, end: int) -> Node:
    bounds = (np.array([bound], np.int64) for bound in (begin, end, 1, 3))
    return op.slice(heads, *bounds)


def _values(name: str, dims: tuple[int, ...]) -> Float32:
    return (models.random_tensor(name, dims).astype(np.uint32) << 16).view(np.float32)


def _store_int8(name: str, dims: tuple[int, ...]) -> Node:
    """One scale per row."""
    values = _values(name, dims)
    scales = _scales(values, 127)
    quants = np.rint(values / scales.astype(np.float32)).clip(-127, 127).astype(np.int8)
    return op.convert(_multiply_out(op.constant(quants), scales), "f32")


def _store_int4(name: str, dims: tuple[int, ...]) -> Node:
    """One scale per 32 inputs; tables in 8 bits."""
    if name in _TABLES:
        return _store_int8(name, dims)
    values = _values(name, dims).reshape(dims[0], -1, GROUP_LEN)
    scales = _scales(values, -8)
    quants = np.rint(values / scales.astype(np.float32)).clip(-8, 7).astype(np.int8).ravel()
    # Two to a byte, the first in the low half.
    packed = ((quants[0::2] & 15) | (quants[1::2] << 4)).astype(np.uint8)
    stored = _constant(packed, values.shape, ov.Type.i4)
    flat = op.reshape(_multiply_out(stored, scales), np.array(dims, np.int64), False)
    return op.convert(flat, "f32")


def _store_bf16(name: str, dims: tuple[int, ...]) -> Node:
    """As they are."""
    return op.convert(_constant(models.random_tensor(name, dims), dims, ov.Type.bf16), "f32")


def _constant(raw: NDArray[Any], dims: Sequence[int], kind: Any) -> Node:
    """Of a type that NumPy lacks. A copy: the tensor does not keep `raw` alive."""
    return core_op.Constant(ov.Tensor(raw, ov.Shape(list(dims)), kind), shared_memory=False)


def _scales(values: Float32, most: int) -> NDArray[np.float16]:
    """What the largest value of each last axis is divided by to become `most`; never 0."""
    place = np.abs(values).argmax(-1, keepdims=True)
    largest = np.take_along_axis(values, place, -1)
    scales = (largest if most < 0 else np.abs(largest)) / np.float32(most)
    return np.where(scales == 0, 1, scales).astype(np.float16)


def _multiply_out(quants: Node, scales: NDArray[np.float16]) -> Node:
    return op.multiply(op.convert(quants, "f16"), op.constant(scales))


_STORES: dict[str, Callable[[str, tuple[int, ...]], Node]] = {
    "int8": _store_int8,
    "int4": _store_int4,
    "bf16": _store_bf16,
}


if __name__ == "__main__":
    print(convert(*sys.argv[1:3]))
