"""Trains the demo model phase by phase, each from the checkpoint of the one before; a broken run is resumed.

python -m training.train a b c
"""

import argparse
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from training import workers
from training.checkpoint import load
from training.emails import email_phase
from training.model import Llama, Shape, shape_of
from training.muon import Optimiser
from training.phases import Phase, symbols, whole_vocabulary
from training.tagging import FLAG_SHARE, LAYERS_ABOVE, SHARE, Tagger

RUNS = Path(__file__).parent / "runs"
SAVE_EVERY = 50
AVERAGE_KEEP = 0.99  # per step: the exported weights are the mean of about the last hundred steps

PHASES = {
    "a": Phase("a", 200, 5e-3, symbols),
    "b": Phase("b", 620, 5e-3, whole_vocabulary(Shape().vocab_size)),
    "c": email_phase("c", 1000, 3e-3, cool_down=0.5),
    "d": email_phase("d", 600, 3e-3, cool_down=0.0),
    "e": email_phase("e", 590, 2.4e-3, cool_down=1.0),
    "f": email_phase("f", 300, 1.5e-3, cool_down=1.0),
    "g": email_phase("g", 900, 2.4e-3, cool_down=0.0),
    "h": email_phase("h", 1200, 1.6e-3, cool_down=0.0),
    "i": email_phase("i", 2300, 1.5e-3, cool_down=1.0),
    "j": email_phase("j", 1800, 1.6e-3, cool_down=1.0),
    "k": email_phase("k", 5000, 1.8e-3, cool_down=1.0),
}


def precision() -> torch.dtype:
    """Of the layers' products: bfloat16 where the processor multiplies it itself (a step took two thirds of the time), else float32."""
    flags = Path("/proc/cpuinfo")
    return torch.bfloat16 if flags.exists() and "avx512_bf16" in flags.read_text() else torch.float32


def weighted_loss(hidden: Tensor, model: Llama, tokens: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Mean cross-entropy by weight, and the share of the heaviest targets that greedy decoding would get right."""
    weight = weights[:, 1:].reshape(-1)
    counted = weight.nonzero().squeeze(1)
    # Logits of the places that count alone: most of an e-mail's tokens are prompt, and the head is a large part.
    logits = model.logits(hidden.reshape(-1, hidden.shape[-1])[counted])
    target, weight = tokens[:, 1:].reshape(-1)[counted], weight[counted]
    losses = functional.cross_entropy(logits, target, reduction="none")
    heavy = (weight == weight.max()).float()
    hits = ((logits.detach().argmax(-1) == target).float() * heavy).sum() / heavy.sum()
    return (losses * weight).sum() / weight.sum(), hits


def note(text: str) -> None:
    """Print a line and keep it in the run's log."""
    line = f"{time.strftime('%H:%M:%S')} {text}"
    print(line, flush=True)
    with (RUNS / "progress.txt").open("a") as log:
        log.write(line + "\n")


def read(source: Path) -> dict:
    """What a checkpoint holds; an exported folder holds the model alone."""
    return {"model": load(source)[0].state_dict()} if source.is_dir() else torch.load(source, weights_only=True)


class Run:
    """One phase in progress: the model, its optimiser and the step reached, all of which a checkpoint holds."""

    def __init__(self, phase: Phase, start: Path | None, minutes: float | None = None) -> None:
        self.phase, self.path = phase, RUNS / f"{phase.name}.pt"
        self.minutes, self.began, self.share, self.next_step = minutes, time.time(), 0.0, 0
        torch.manual_seed(0)
        source = self.path if self.path.exists() else start
        saved = read(source) if source is not None else {}
        self.model = Llama(shape_of(saved["model"]) if saved else Shape())
        self.tap = self.model.shape.num_layers - LAYERS_ABOVE
        chosen = precision()
        for layer in self.model.layers:
            layer.precision = chosen
        self.optimiser = Optimiser(self.model, chosen)
        self.tagger = Tagger(self.model.shape.hidden_size)
        self.tagger_adam = torch.optim.AdamW(self.tagger.parameters(), lr=2e-3)
        self._restore(saved, resumed=source == self.path)
        self.average = {name: tensor.clone() for name, tensor in self.model.state_dict().items()}

    def _restore(self, saved: dict, resumed: bool) -> None:
        if "model" in saved:
            self.model.load_state_dict(saved["model"])
        if "optimiser" in saved:  # a deepened checkpoint and an exported folder have none
            self.optimiser.load(saved["optimiser"])
        if "tagger" in saved:
            self.tagger.load(saved["tagger"])
        self.next_step = saved["step"] if resumed else 0

    def save(self) -> None:
        state = {
            "model": self.model.state_dict(),
            "average": self.average,
            "optimiser": self.optimiser.state(),
            "tagger": self.tagger.state_dict(),
            "step": self.next_step,
        }
        torch.save(state, self.path.with_suffix(".tmp"))
        self.path.with_suffix(".tmp").replace(self.path)

    def part_done(self) -> float:
        """The part of the phase that is done, by steps or, where minutes are given, by the clock."""
        by_steps = self.next_step / self.phase.num_steps
        by_clock = 0.0 if self.minutes is None else (time.time() - self.began) / (60 * self.minutes)
        return workers.agreed(min(1.0, by_steps if self.minutes is None else by_clock))

    def step(self) -> tuple[float, ...]:
        """One batch: the loss, and the shares of choices right in the answer, of tags and of flags right."""
        # Seeded by step, so that a resumed run sees the data it would have seen.
        rng = np.random.default_rng([ord(self.phase.name[0]), self.next_step, workers.rank()])
        tokens, weights, wanted, told = map(torch.from_numpy, self.phase.source(rng, self.next_step))
        hidden, middle = self.model.hidden(tokens[:, :-1], self.tap)
        loss, hits = weighted_loss(hidden, self.model, tokens, weights)
        tag_loss, tagged = self.tagger.loss(middle, wanted[:, :-1])
        flag_loss, flagged = self.tagger.flag_loss(middle, told[:, :-1])
        (loss + SHARE * tag_loss + FLAG_SHARE * flag_loss).backward()
        workers.average_gradients([*self.model.parameters(), *self.tagger.parameters()])
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimiser.step(self.phase.rate_at(self.next_step, self.share))
        self.tagger_adam.step()
        self.tagger_adam.zero_grad(set_to_none=True)
        for name, tensor in self.model.state_dict().items():
            self.average[name].lerp_(tensor, 1 - AVERAGE_KEEP)
        self.next_step += 1
        return loss.item(), hits.item(), tagged.item(), flagged.item()

    def train(self) -> None:
        seen = []
        while (share := self.part_done()) < 1.0:
            self.share = share
            seen.append(self.step())
            if not workers.is_first():
                continue
            if self.next_step % 20 == 0:
                loss, hits, tagged, flagged = np.mean(seen[-20:], axis=0)
                pace = f"{(time.time() - self.began) / len(seen):.2f} s/step"
                note(
                    f"phase {self.phase.name} step {self.next_step} loss {loss:.3f} hits {hits:.3f} tags {tagged:.3f} flags {flagged:.3f} {pace}"
                )
            if self.next_step % SAVE_EVERY == 0:
                self.save()
        if workers.is_first():
            self.save()
        workers.agreed(0.0)  # the others wait here until the checkpoint is written


@dataclass(frozen=True, slots=True)
class Job:
    """What each worker does: the phases one after the other."""

    phases: tuple[str, ...]
    start: Path | None
    minutes: float | None
    rate: float | None

    def __call__(self) -> None:
        start = self.start
        for name in self.phases:
            phase = PHASES[name] if self.rate is None else replace(PHASES[name], rate=self.rate)
            run = Run(phase, start, self.minutes)
            run.train()
            start = run.path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("phases", nargs="+", choices=sorted(PHASES))
    parser.add_argument("--start", type=Path, help="checkpoint, or exported folder, to begin from")
    parser.add_argument("--minutes", type=float, help="end each phase after this time instead of its number of steps")
    parser.add_argument("--rate", type=float, help="highest rate, in place of the phase's own")
    parser.add_argument("--workers", type=int, default=1, help="processes of one thread each; each has its own batch")
    options = parser.parse_args()
    RUNS.mkdir(exist_ok=True)
    workers.run(options.workers, Job(tuple(options.phases), options.start, options.minutes, options.rate))


if __name__ == "__main__":
    main()
