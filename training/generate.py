"""Batched generation with a key-value cache, greedy or sampled; for scoring only, the package has its own engine."""

from dataclasses import dataclass

import torch
from torch import Tensor

from training.model import Llama

EOS = 2


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is drawn; a temperature of 0 is greedy."""

    temperature: float = 0.0
    top_k: int = 50
    top_p: float = 0.6
    repetition_penalty: float = 1.0
    max_new_tokens: int = 300


REFERENCE = Sampling(temperature=0.9, top_k=50, top_p=0.6, repetition_penalty=1.03)
"""The parameters of the reference workload."""


def padded(prompts: list[list[int]]) -> tuple[Tensor, Tensor]:
    """Prompts as one left-padded matrix, and which places hold a token."""
    width = max(map(len, prompts))
    tokens = torch.full((len(prompts), width), EOS)
    filled = torch.zeros((len(prompts), width), dtype=torch.bool)
    for row, prompt in enumerate(prompts):
        tokens[row, width - len(prompt) :] = torch.tensor(prompt)
        filled[row, width - len(prompt) :] = True
    return tokens, filled


def draw(logits: Tensor, seen: Tensor, sampling: Sampling) -> Tensor:
    """The next token of each row, after repetition penalty, temperature, top-k and top-p."""
    if sampling.repetition_penalty != 1.0:
        penalised = torch.where(logits > 0, logits / sampling.repetition_penalty, logits * sampling.repetition_penalty)
        logits = torch.where(seen, penalised, logits)
    if sampling.temperature == 0.0:
        return logits.argmax(-1)
    values, order = (logits / sampling.temperature).topk(sampling.top_k, dim=-1)
    shares = values.softmax(-1)
    shares[shares.cumsum(-1) - shares > sampling.top_p] = 0.0
    return order.gather(1, torch.multinomial(shares, 1)).squeeze(1)


@torch.inference_mode()
def generate(model: Llama, prompts: list[list[int]], sampling: Sampling) -> list[list[int]]:
    """Continue every prompt until its end-of-sequence token, which is left out, or the limit."""
    tokens, filled = padded(prompts)
    rows, width = tokens.shape
    positions = (filled.cumsum(-1) - 1).clamp(min=0)
    causal = torch.ones(width, width, dtype=torch.bool).tril()
    # A padded place may look at itself, for a row of attention without any key has no value.
    mask = (causal & filled[:, None, :]) | torch.eye(width, dtype=torch.bool)
    logits, cache = model.step(tokens, positions, mask[:, None], None)
    seen = torch.zeros(rows, model.shape.vocab_size, dtype=torch.bool).scatter_(1, tokens, filled)
    answers: list[list[int]] = [[] for _ in prompts]
    going = torch.ones(rows, dtype=torch.bool)
    for _ in range(sampling.max_new_tokens):
        chosen = draw(logits, seen, sampling)
        going &= chosen != EOS
        if not going.any():
            break
        for row in going.nonzero().flatten().tolist():
            answers[row].append(int(chosen[row]))
        seen.scatter_(1, chosen[:, None], True)
        filled = torch.cat((filled, torch.ones(rows, 1, dtype=torch.bool)), dim=1)
        position = filled.sum(-1, keepdim=True) - 1
        logits, cache = model.step(chosen[:, None], position, filled[:, None, None], cache)
    return answers
