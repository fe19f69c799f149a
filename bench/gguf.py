"""The checkpoints of bench/models.py as GGUF, with the `gguf` package: run in llama.cpp's environment.

python -m bench.gguf NAME FORMAT, where FORMAT is F16, Q8_0 or Q4_0. Embedding and output projection of Q4_0 are Q8_0:
the same bits as our int4.
"""

import sys
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

from bench import models
from bench.models import MODELS_DIR, SHAPES, Shape

Type = gguf.GGMLQuantizationType
_FILE_TYPES = {"F16": 1, "Q4_0": 2, "Q8_0": 7}
"""`general.file_type`; OpenVINO asks for it."""
_NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


def path_of(name: str, stored: str) -> Path:
    """Where a converted checkpoint lies."""
    return MODELS_DIR / f"{name}-gguf" / f"{name}-{stored}.gguf"


def convert(name: str, stored: str) -> Path:
    """Write the file unless it is there; one tensor in memory at a time."""
    path, shape = path_of(name, stored), SHAPES[name]
    if path.is_file():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    writer = gguf.GGUFWriter(unfinished, "llama")
    _describe(writer, shape)
    writer.add_file_type(_FILE_TYPES[stored])
    for tensor, dims in shape.tensors():
        kind = _type_of(tensor, dims, Type[stored])
        raw = gguf.quant_shape_to_byte_shape(dims, kind)
        writer.add_tensor_info(_translate(tensor), raw, np.dtype(np.uint8), int(np.prod(raw)), kind)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    for tensor, dims in shape.tensors():
        values = gguf.quants.quantize(_values(tensor, dims, shape), _type_of(tensor, dims, Type[stored]))
        writer.write_tensor_data(values.view(np.uint8))
    writer.close()
    return unfinished.rename(path)


def _describe(writer: gguf.GGUFWriter, shape: Shape) -> None:
    writer.add_context_length(models.CONTEXT_LEN)
    writer.add_embedding_length(shape.hidden_size)
    writer.add_block_count(shape.num_layers)
    writer.add_feed_forward_length(shape.intermediate_size)
    writer.add_head_count(shape.num_heads)
    writer.add_head_count_kv(shape.num_kv_heads)
    writer.add_layer_norm_rms_eps(models.RMS_NORM_EPS)
    writer.add_rope_dimension_count(shape.head_dim)
    writer.add_rope_freq_base(10000.0)
    writer.add_vocab_size(models.VOCAB_SIZE)
    tokens = models.vocabulary()
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types([2, 3, 3] + [6] * 256 + [1] * (len(tokens) - models.FIRST_WORD))
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(False)


def _type_of(name: str, dims: tuple[int, ...], wanted: Type) -> Type:
    if len(dims) == 1:
        return Type.F32
    is_table = name in ("model.embed_tokens.weight", "lm_head.weight")
    return Type.Q8_0 if is_table and wanted is Type.Q4_0 else wanted


def _values(name: str, dims: tuple[int, ...], shape: Shape) -> NDArray[np.float32]:
    values = (models.random_tensor(name, dims).astype(np.uint32) << 16).view(np.float32)
    for part, num_heads in (("q_proj", shape.num_heads), ("k_proj", shape.num_kv_heads)):
        if part in name:  # llama.cpp rotates neighbouring pairs
            halves = values.reshape(num_heads, 2, -1, dims[1])
            values = np.ascontiguousarray(halves.swapaxes(1, 2).reshape(dims))
    return values


def _translate(name: str) -> str:
    module, kind = name.rsplit(".", 1)
    if ".layers." not in name:
        return f"{_NAMES[module]}.{kind}"
    layer, stem = module.removeprefix("model.layers.").split(".", 1)
    return f"blk.{layer}.{_NAMES[stem]}.{kind}"


if __name__ == "__main__":
    print(convert(*sys.argv[1:3]))
