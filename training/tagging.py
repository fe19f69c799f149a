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

LAYERS_ABOVE = 2
"""Layers that follow the place where the tags are read: they do the copying."""
WISH, BAN = len(FIELD_NAMES), len(FIELD_NAMES) + 1
"""The word "emoji" where emojis are asked for, and where they are not, is tagged like two more fields."""
NUM_TAGS = 1 + 2 * (len(FIELD_NAMES) + 2)
EMOJI_WORD = re.compile(r"\bemoji\w*", re.IGNORECASE)
OUTSIDE_WEIGHT, INSIDE_WEIGHT = 0.1, 1.0
SHARE = 0.5  # of the tagging loss, beside the loss on the answer
FLAG_SHARE = 0.5  # of the loss of the flags


def pattern(field: str, value: str) -> re.Pattern[str]:
    """Where a field stands in a prompt, in any of the spellings that the generator uses."""
    after = {"percent": r"(?=\s?%|[ -][Pp]er ?cent)", "months": r"(?=[ -]months?\b)"}.get(field, r"(?![^\W_])")
    return re.compile(r"(?<![^\W_])" + re.escape(value) + after)


def spans(prompt: str, fields: Fields, wants_emojis: bool) -> list[tuple[int, int, int]]:
    """Start, end and number of every field in the prompt, and of every word about emojis."""
    words = [(*match.span(), WISH if wants_emojis else BAN) for match in EMOJI_WORD.finditer(prompt)]
    return words + [
        (match.start(), match.end(), number)
        for number, field in enumerate(FIELD_NAMES)
        if getattr(fields, field)
        for match in pattern(field, getattr(fields, field)).finditer(prompt)
    ]


def flags(tags: list[int]) -> list[int]:
    """What has been said of emojis up to each token: 0 nothing, 1 a wish, 2 a ban.

    Nothing else taught the model to look back for the word: the first tokens after it have it near, and those that
    follow learn from them to find it farther and farther away.
    """
    said, result = 0, []
    for tag in tags:
        said = {2 * WISH + 1: 1, 2 * BAN + 1: 2}.get(tag, said)
        result.append(said)
    return result


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
        self.flag_head = nn.Linear(hidden_size, 3)
        self.hidden_size = hidden_size

    def load(self, saved: dict[str, Tensor]) -> None:
        """Take the rows of the tags that were there when the checkpoint was written; later ones stay as they are."""
        with torch.no_grad():
            for name, own in self.state_dict().items():
                if name in saved:
                    rows = min(len(own), len(saved[name]))
                    own[:rows] = saved[name][:rows]

    def flag_loss(self, stream: Tensor, wanted: Tensor) -> tuple[Tensor, Tensor]:
        """Mean loss of the flags where there is one, and the share of right ones where something was said."""
        chosen = (wanted != NO_TAG).reshape(-1).nonzero().squeeze(1)
        if not len(chosen):
            return stream.new_zeros(()), stream.new_zeros(())
        normed = functional.rms_norm(stream, (self.hidden_size,)).reshape(-1, self.hidden_size)[chosen]
        logits, target = self.flag_head(normed), wanted.reshape(-1)[chosen]
        said = (target > 0).float()
        right = ((logits.detach().argmax(-1) == target).float() * said).sum() / said.sum().clamp(min=1)
        return functional.cross_entropy(logits, target), right

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
