"""A Llama in PyTorch, small enough to be trained on a CPU; names follow the Hugging Face checkpoint."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional

Cache = list[tuple[Tensor, Tensor]]
QUERY_BLOCK = 128
LAYER = re.compile(r"layers\.(\d+)\.(.+)")
"""The number of a layer and the name within it, of a weight."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes at the start of training; widths are multiples of 32, because engines quantise in groups of 32. `deepen.py` adds layers."""

    vocab_size: int = 1536
    hidden_size: int = 192
    intermediate_size: int = 512
    num_layers: int = 5
    num_heads: int = 6
    num_kv_heads: int = 3
    rope_theta: float = 10000.0
    rms_norm_eps: float = 1e-5
    max_positions: int = 4096

    @property
    def head_dim(self) -> int:
        return self.hidden_size // self.num_heads


def shape_of(names: Iterable[str]) -> Shape:
    """The shape of a checkpoint whose weights have these names."""
    places = [int(match[1]) for name in names if (match := LAYER.fullmatch(name))]
    return replace(Shape(), num_layers=1 + max(places))


def rotary_table(shape: Shape) -> tuple[Tensor, Tensor]:
    """Cosines and sines for every position, in the half-split layout that Hugging Face checkpoints use."""
    steps = torch.arange(0, shape.head_dim, 2, dtype=torch.float32) / shape.head_dim
    angles = torch.outer(torch.arange(shape.max_positions, dtype=torch.float32), shape.rope_theta**-steps)
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Turn each pair of coordinates of `x` by the angle of its position."""
    first, second = x.chunk(2, dim=-1)
    cos, sin = cos.to(x.dtype), sin.to(x.dtype)
    return x * cos + torch.cat((-second, first), dim=-1) * sin


def project(layer: nn.Linear, x: Tensor) -> Tensor:
    """A linear layer in the precision of what comes in; the weights themselves stay in float32."""
    return functional.linear(x, layer.weight.to(x.dtype))


def attend_causally(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Causal attention as plain products, a block of queries at a time: in bfloat16 on a CPU faster than PyTorch's fused one."""
    size, length = query.shape[-1], query.shape[-2]
    later = torch.full((QUERY_BLOCK, QUERY_BLOCK), float("-inf"), dtype=query.dtype).triu(1)
    parts = []
    for start in range(0, length, QUERY_BLOCK):
        end = min(start + QUERY_BLOCK, length)
        scores = (query[..., start:end, :] * size**-0.5) @ key[..., :end, :].mT
        scores[..., start:] += later[: end - start, : end - start]
        parts.append(scores.softmax(-1) @ value[..., :end, :])
    return torch.cat(parts, dim=-2)


class Attention(nn.Module):
    """Grouped-query attention, causal unless a mask says more."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.num_heads, self.num_kv_heads, self.head_dim = shape.num_heads, shape.num_kv_heads, shape.head_dim
        kv_size = shape.num_kv_heads * shape.head_dim
        self.q_proj = nn.Linear(shape.hidden_size, shape.hidden_size, bias=False)
        self.k_proj = nn.Linear(shape.hidden_size, kv_size, bias=False)
        self.v_proj = nn.Linear(shape.hidden_size, kv_size, bias=False)
        self.o_proj = nn.Linear(shape.hidden_size, shape.hidden_size, bias=False)

    def forward(
        self, x: Tensor, turn: tuple[Tensor, Tensor], mask: Tensor | None, past: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        batch, length, width = x.shape
        query = project(self.q_proj, x).view(batch, length, self.num_heads, self.head_dim).transpose(1, 2)
        key = project(self.k_proj, x).view(batch, length, self.num_kv_heads, self.head_dim).transpose(1, 2)
        value = project(self.v_proj, x).view(batch, length, self.num_kv_heads, self.head_dim).transpose(1, 2)
        query, key = rotate(query, *turn), rotate(key, *turn)
        if past is not None:
            key, value = torch.cat((past[0], key), dim=2), torch.cat((past[1], value), dim=2)
        group = self.num_heads // self.num_kv_heads
        heads = query, key.repeat_interleave(group, dim=1), value.repeat_interleave(group, dim=1)
        if mask is None and x.dtype == torch.bfloat16:
            mixed = attend_causally(*heads)
        else:
            mixed = functional.scaled_dot_product_attention(*heads, attn_mask=mask, is_causal=mask is None)
        return project(self.o_proj, mixed.transpose(1, 2).reshape(batch, length, width)), (key, value)


class FeedForward(nn.Module):
    """SwiGLU."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(shape.hidden_size, shape.intermediate_size, bias=False)
        self.up_proj = nn.Linear(shape.hidden_size, shape.intermediate_size, bias=False)
        self.down_proj = nn.Linear(shape.intermediate_size, shape.hidden_size, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        gated = functional.silu(project(self.gate_proj, x)) * project(self.up_proj, x)
        return project(self.down_proj, gated)


class Layer(nn.Module):
    """One block: attention, then the feed-forward, each after a norm and added to the stream, which stays in float32."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.precision = torch.float32
        self.input_layernorm = nn.RMSNorm(shape.hidden_size, eps=shape.rms_norm_eps)
        self.self_attn = Attention(shape)
        self.post_attention_layernorm = nn.RMSNorm(shape.hidden_size, eps=shape.rms_norm_eps)
        self.mlp = FeedForward(shape)

    def forward(
        self, x: Tensor, turn: tuple[Tensor, Tensor], mask: Tensor | None, past: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        mixed, present = self.self_attn(self.input_layernorm(x).to(self.precision), turn, mask, past)
        x = x + mixed
        return x + self.mlp(self.post_attention_layernorm(x).to(self.precision)), present


class Llama(nn.Module):
    """The whole model, with one matrix for the embedding and the head."""

    cos: Tensor
    sin: Tensor

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embed_tokens = nn.Embedding(shape.vocab_size, shape.hidden_size)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.num_layers))
        self.norm = nn.RMSNorm(shape.hidden_size, eps=shape.rms_norm_eps)
        cos, sin = rotary_table(shape)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        self.apply(self._initialise)

    def _initialise(self, module: nn.Module) -> None:
        if isinstance(module, nn.Linear | nn.Embedding):
            nn.init.normal_(module.weight, std=0.02)

    def hidden(self, tokens: Tensor, tap: int = 0) -> tuple[Tensor, Tensor]:
        """The stream after the last norm, and before layer `tap`, for whole sequences that start at position 0."""
        length = tokens.shape[1]
        turn = self.cos[:length], self.sin[:length]
        x = tapped = self.embed_tokens(tokens)
        for index, layer in enumerate(self.layers):
            tapped = x if index == tap else tapped
            x, _ = layer(x, turn, None, None)
        return self.norm(x), tapped

    def logits(self, hidden: Tensor) -> Tensor:
        return functional.linear(hidden, self.embed_tokens.weight)

    def forward(self, tokens: Tensor) -> Tensor:
        return self.logits(self.hidden(tokens)[0])

    def step(self, tokens: Tensor, positions: Tensor, mask: Tensor, past: Cache | None) -> tuple[Tensor, Cache]:
        """Logits of the last position of each row, and the cache; rows have their own positions (left padding)."""
        turn = self.cos[positions].unsqueeze(1), self.sin[positions].unsqueeze(1)
        x, present = self.embed_tokens(tokens), []
        for index, layer in enumerate(self.layers):
            x, pair = layer(x, turn, mask, None if past is None else past[index])
            present.append(pair)
        return self.logits(self.norm(x[:, -1])), present
