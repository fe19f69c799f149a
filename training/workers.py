"""Training in several processes of one thread each, which meet once a step to average their gradients.

On a machine that others use as well this beats several threads in one process: those meet in every operation, and each
waits whenever one of them has lost its core. Used by `train.py`.
"""

import signal
import tempfile
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, distributed, multiprocessing


def num_workers() -> int:
    return distributed.get_world_size() if distributed.is_initialized() else 1


def is_first() -> bool:
    return not distributed.is_initialized() or distributed.get_rank() == 0


def rank() -> int:
    return distributed.get_rank() if distributed.is_initialized() else 0


def average_gradients(parameters: list[Tensor]) -> None:
    """Replace every gradient by the mean over the workers."""
    if num_workers() == 1:
        return
    gradients = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
    flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
    distributed.all_reduce(flat)
    flat /= num_workers()
    pieces = flat.split([gradient.numel() for gradient in gradients])
    for parameter, piece in zip(parameters, pieces, strict=True):
        parameter.grad = piece.view_as(parameter).clone()


def agreed(value: float) -> float:
    """The first worker's value, for all."""
    if num_workers() == 1:
        return value
    shared = torch.tensor([value], dtype=torch.float64)
    distributed.broadcast(shared, src=0)
    return float(shared)


def _work(index: int, count: int, meeting: str, job: Callable[[], None]) -> None:
    # PyTorch ends workers whose parent is gone by SIGINT, which a shell has its background jobs ignore.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{meeting}", rank=index, world_size=count)
    job()
    distributed.destroy_process_group()


def run(count: int, job: Callable[[], None]) -> None:
    """Do the job in so many processes, or in this one with all its threads."""
    if count == 1:
        job()
        return
    with tempfile.TemporaryDirectory() as folder:
        multiprocessing.spawn(_work, args=(count, str(Path(folder) / "meeting"), job), nprocs=count)
