"""Makes the checkpoints that are measured: random weights in known shapes, for every engine in the form it reads.

    python -m bench.models NAME...            Hugging Face format, bfloat16, into bench/models/NAME
    LLAMA_PYTHON -m bench.gguf NAME FORMAT    the same weights as GGUF (bench/gguf.py), in llama.cpp's environment

Every token of the vocabulary is one word, so that a prompt of n random tokens is also a text of n words, for servers
that take only text. No token ends a text: every answer is as long as was asked for.
"""

import json
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MODELS_DIR = Path(__file__).parent / "models"
VOCAB_SIZE = 32_000
CONTEXT_LEN = 4096
RMS_NORM_EPS = 1e-5
FIRST_WORD = 259
"""Before it are <unk>, <s>, </s> and the 256 bytes, as in Llama 2's vocabulary."""
_SHARD_BYTES = 2 << 30
_STD = 0.02


@dataclass(frozen=True, slots=True)
class Shape:
    """A Llama 2 architecture."""

    hidden_size: int
    num_layers: int
    num_heads: int
    num_kv_heads: int
    intermediate_size: int

    @property
    def head_dim(self) -> int:
        """Of queries, keys and values."""
        return self.hidden_size // self.num_heads

    def tensors(self) -> Iterator[tuple[str, tuple[int, ...]]]:
        """Every tensor's name and shape, in the order of the layers."""
        hidden, inner, kv_size = self.hidden_size, self.intermediate_size, self.num_kv_heads * self.head_dim
        yield "model.embed_tokens.weight", (VOCAB_SIZE, hidden)
        for layer in range(self.num_layers):
            prefix = f"model.layers.{layer}"
            yield f"{prefix}.input_layernorm.weight", (hidden,)
            yield f"{prefix}.self_attn.q_proj.weight", (hidden, hidden)
            yield f"{prefix}.self_attn.k_proj.weight", (kv_size, hidden)
            yield f"{prefix}.self_attn.v_proj.weight", (kv_size, hidden)
            yield f"{prefix}.self_attn.o_proj.weight", (hidden, hidden)
            yield f"{prefix}.post_attention_layernorm.weight", (hidden,)
            yield f"{prefix}.mlp.gate_proj.weight", (inner, hidden)
            yield f"{prefix}.mlp.up_proj.weight", (inner, hidden)
            yield f"{prefix}.mlp.down_proj.weight", (hidden, inner)
        yield "model.norm.weight", (hidden,)
        yield "lm_head.weight", (VOCAB_SIZE, hidden)

    @property
    def num_read_per_token(self) -> int:
        """Weights of all matrices that one decoded token goes through: all but the embedding."""
        return sum(int(np.prod(shape)) for name, shape in self.tensors() if len(shape) == 2) - (
            VOCAB_SIZE * self.hidden_size
        )

    def bytes_per_token(self, layer_bits: float) -> float:
        """Bytes of weights that one decoded token reads, with the output projection in 8.5 bits as all have it here."""
        head = VOCAB_SIZE * self.hidden_size
        return ((self.num_read_per_token - head) * layer_bits + head * max(layer_bits, 8.5)) / 8


SHAPES = {
    "24m": Shape(288, 6, 6, 6, 768),
    "134m": Shape(768, 12, 12, 12, 2048),
    "1b": Shape(2048, 22, 32, 4, 5632),
    "7b": Shape(4096, 32, 32, 32, 11008),
}
"""Name -> shape; `7b` is Llama 2's own, `1b` TinyLlama's."""


def vocabulary() -> list[str]:
    """The tokens: SentencePiece's form, one made-up word each."""
    words = [f"▁w{i}" for i in range(FIRST_WORD, VOCAB_SIZE)]
    return ["<unk>", "<s>", "</s>", *(f"<0x{i:02X}>" for i in range(256)), *words]


def text_of(token_ids: list[int]) -> str:
    """A text of these words."""
    return " ".join(f"w{i}" for i in token_ids)


def random_prompts(num_prompts: int, num_tokens: int, seed: int) -> list[list[int]]:
    """Token ids of words."""
    return np.random.default_rng(seed).integers(FIRST_WORD, VOCAB_SIZE, (num_prompts, num_tokens)).tolist()


def make(name: str) -> Path:
    """Write a checkpoint unless it is there; one tensor in memory at a time. Returns its folder.

    At most some 1.4 GB of memory (a table of `7b`, twice in 4 bytes and once in 2). Raises `OSError` before it begins
    where the disk has no room.
    """
    folder, shape = MODELS_DIR / name, SHAPES[name]
    if (folder / "config.json").is_file():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    _check_room(folder, shape)
    write_tokenizer(folder)
    shards = list(_shards(shape))
    weight_map = {}
    for number, shard in enumerate(shards, 1):
        file_name = f"model-{number:05}-of-{len(shards):05}.safetensors"
        _write_shard(folder / file_name, shard)
        weight_map |= {tensor: file_name for tensor, _ in shard}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    # Last: a folder with it is complete.
    (folder / "config.json").write_text(json.dumps(config(shape), indent=1))
    return folder


def _check_room(folder: Path, shape: Shape) -> None:
    wanted = 2 * sum(int(np.prod(dims)) for _, dims in shape.tensors())
    free = shutil.disk_usage(folder).free
    if free < wanted:
        raise OSError(f"{folder.name} takes {wanted / 1e9:.1f} GB on disk, {free / 1e9:.1f} are free")


def config(shape: Shape) -> dict[str, object]:
    """config.json."""
    return {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_act": "silu",
        "vocab_size": VOCAB_SIZE,
        "hidden_size": shape.hidden_size,
        "intermediate_size": shape.intermediate_size,
        "num_hidden_layers": shape.num_layers,
        "num_attention_heads": shape.num_heads,
        "num_key_value_heads": shape.num_kv_heads,
        "max_position_embeddings": CONTEXT_LEN,
        "rms_norm_eps": RMS_NORM_EPS,
        "rope_theta": 10000.0,
        "tie_word_embeddings": False,
        "attention_bias": False,
        "torch_dtype": "bfloat16",
        "bos_token_id": None,
        "eos_token_id": None,
    }


def write_tokenizer(folder: Path) -> None:
    """tokenizer.json of the words, and its config."""
    import tokenizers  # only here: bench.gguf runs in an environment without it

    inner = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({token: i for i, token in enumerate(vocabulary())}, unk_token="<unk>")
    )
    inner.pre_tokenizer = tokenizers.pre_tokenizers.Metaspace()
    inner.decoder = tokenizers.decoders.Metaspace()
    inner.add_special_tokens(["<unk>", "<s>", "</s>"])
    inner.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "<unk>", "add_bos_token": False}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))


def random_tensor(name: str, shape: tuple[int, ...]) -> NDArray[np.uint16]:
    """Values as bfloat16: norms near 1, the rest even around 0. The name is the seed."""
    rng = np.random.default_rng(list(name.encode()))
    values = rng.random(shape, np.float32)
    values -= np.float32(0.5)
    values *= np.float32(_STD * 12**0.5)
    if "norm" in name:
        values += np.float32(1.0)
    return (values.view(np.uint32) >> 16).astype(np.uint16)


def _shards(shape: Shape) -> Iterator[list[tuple[str, tuple[int, ...]]]]:
    shard: list[tuple[str, tuple[int, ...]]] = []
    num_bytes = 0
    for name, dims in shape.tensors():
        if shard and num_bytes + 2 * int(np.prod(dims)) > _SHARD_BYTES:
            yield shard
            shard, num_bytes = [], 0
        shard.append((name, dims))
        num_bytes += 2 * int(np.prod(dims))
    yield shard


def _write_shard(path: Path, tensors: list[tuple[str, tuple[int, ...]]]) -> None:
    """Format: https://github.com/huggingface/safetensors#format; written here because the library wants all at once."""
    header, end = {}, 0
    for name, shape in tensors:
        begin, end = end, end + 2 * int(np.prod(shape))
        header[name] = {"dtype": "BF16", "shape": list(shape), "data_offsets": [begin, end]}
    encoded = json.dumps(header).encode()
    encoded += b" " * (-len(encoded) % 64)
    with path.open("wb") as file:
        file.write(len(encoded).to_bytes(8, "little") + encoded)
        for name, shape in tensors:
            file.write(random_tensor(name, shape).data)


if __name__ == "__main__":
    for wanted in sys.argv[1:]:
        print(make(wanted))
