"""A training so small that a test can do several: what the tests of the trainer and of its processes share."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import tests.tiny
from ot_grid import machine, stopping
from ot_grid.config import Cluster
from ot_grid.stages import train
from ot_grid.stages.training import encode, launcher, sft, tokens
from ot_grid.stages.work import Work

STEPS = 48
SETTINGS = {
    "function": "sft", "student": {"id": "tiny", "revision": None, "wheel": None, "stands_for": None},
    "learning_rate": 1e-3, "batch_size": 4, "epochs": 2, "max_length": 64, "template": None, "packing": False,
    "schedule": "cosine", "warmup_ratio": 0.1, "weight_decay": 0.0, "adam_betas": [0.9, 0.999], "adam_epsilon": 1e-8,
    "seed": 42, "checkpoint_steps": 20,
}  # fmt: skip


Make = Callable[..., Work]


@contextmanager
def trainings(folder: Path) -> Iterator[Make]:
    """Hand out a function that makes a training which writes to a folder; none sees a GPU, or a Slurm job around us."""
    models = {"tiny": str(tests.tiny.make(folder / "student"))}
    inputs = [dataset(folder / "dataset", folder / "student")]

    def make(out: Path, progress: Callable[[int, int, str], None] = lambda done, total, what: None) -> Work:
        cluster = Cluster("slurm", threads=1, dtype="auto", models=models, model_cache=str(out))
        out.mkdir(exist_ok=True)
        return Work("train", "", {"train": SETTINGS}, inputs, out, None, cluster, progress)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUDA_VISIBLE_DEVICES", "")
        patch.setattr(machine, "gpus", lambda: 0)
        patch.delenv("SLURM_JOB_NUM_NODES", raising=False)
        yield make


def dataset(folder: Path, student: Path) -> Path:
    """Make a dataset artifact of 96 sums."""
    return encoded(folder, student, [(f"{n} + {n % 7} =", str(n + n % 7)) for n in range(STEPS * 2)])


def encoded(folder: Path, student: Path, chats: list[tuple[str, str]], *, max_length: int = 64) -> Path:
    """Make a dataset artifact of questions and their answers, as a student reads them."""
    rows = [
        {"prompt": [{"role": "user", "content": asked}], "completion": [{"role": "assistant", "content": answered}]}
        for asked, answered in chats
    ]
    made = encode.encode(rows, encode.tokenizer_of(student, None), max_length)
    with tokens.writing(folder / "data" / tokens.FILE) as add:
        add([row for row in made.rows if row])
    return folder


@contextmanager
def in_process() -> Iterator[None]:
    """Train in this process: to start a trainer takes many times as long as these few steps."""
    import torch

    def trainer(work: Work, line: list[str]) -> None:
        sft.main(str(work.out / launcher.ORDER))
        if (work.out / launcher.STOPPED).exists():
            raise stopping.Stopped("told so")

    handlers = {number: signal.getsignal(number) for number in launcher.STOP_SIGNALS}
    threads = torch.get_num_threads()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(train, "_watch", trainer)
        patch.setattr(machine, "end_with_parent", lambda: None)
        patch.setattr(os, "getppid", lambda: 2)
        patch.setattr(torch.cuda, "is_available", lambda: False)
        try:
            yield
        finally:
            torch.set_num_threads(threads)
            for number, handler in handlers.items():
                signal.signal(number, handler)


def weights(work: Work) -> bytes:
    return (work.out / "model" / "model.safetensors").read_bytes()
