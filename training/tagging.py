"""A second task for the middle of the model: say for each token of a prompt which field it begins or continues.

The answer must find, say, the company among all the capitalised words of a prompt. The loss on the answer teaches that
slowly, a few tokens an e-mail; tags teach it at every token. The head that predicts them is not shipped.
"""

import re

import torch
from torch import Tensor, nn
from torch.nn import functional

from training.drills import NO_TAG
from training.fields import FIELD_NAMES, Fields

TAP = 5
"""The layer before which the tags are read; the two layers from there on do the copying."""
NUM_TAGS = 1 + 2 * len(FIELD_NAMES)
OUTSIDE_WEIGHT, INSIDE_WEIGHT = 0.1, 1.0
SHARE = 0.5  # of the tagging loss, beside the loss on the answer


def pattern(field: str, value: str) -> re.Pattern[str]:
    """Where a field stands in a prompt, in any of the spellings that the generator uses."""
    after = {"percent": r"(?=\s?%|[ -][Pp]er ?cent)", "months": r"(?=[ -]months?\b)"}.get(field, r"(?!\w)")
    return re.compile(r"(?<!\w)" + re.escape(value) + after)


def spans(prompt: str, fields: Fields) -> list[tuple[int, int, int]]:
    """Start, end and number of every field in the prompt."""
    return [
        (match.start(), match.end(), number)
        for number, field in enumerate(FIELD_NAMES)
        if getattr(fields, field)
        for match in pattern(field, getattr(fields, field)).finditer(prompt)
    ]


def tags(offsets: list[tuple[int, int]], prompt_len: int, found: list[tuple[int, int, int]]) -> list[int]:
    """0 outside, 2n + 1 where field n begins, 2n + 2 where it goes on; none in the answer."""
    result = [0 if end <= prompt_len else NO_TAG for _, end in offsets]
    for start, end, number in found:
        inside = [index for index, (first, last) in enumerate(offsets) if first < end and last > start]
        for place, index in enumerate(inside):
            result[index] = 2 * number + (1 if place == 0 else 2)
    return result


class Tagger(nn.Module):
    """A linear head on the stream in the middle."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.head = nn.Linear(hidden_size, NUM_TAGS)
        self.hidden_size = hidden_size

    def loss(self, stream: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
        """Mean loss by weight, and the share of the fields' tokens that are tagged right."""
        chosen = (wanted != NO_TAG).reshape(-1).nonzero().squeeze(1)
        if not len(chosen):
            return stream.new_zeros(()), stream.new_zeros(())
        normed = functional.rms_norm(stream, (self.hidden_size,)).reshape(-1, self.hidden_size)[chosen]
        logits, target = self.head(normed), wanted.reshape(-1)[chosen]
        weight = torch.where(target > 0, INSIDE_WEIGHT, OUTSIDE_WEIGHT)
        losses = functional.cross_entropy(logits, target, reduction="none")
        inside = (target > 0).float()
        right = ((logits.detach().argmax(-1) == target).float() * inside).sum() / inside.sum().clamp(min=1)
        return (losses * weight).sum() / weight.sum(), right
