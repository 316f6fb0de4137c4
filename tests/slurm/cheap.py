"""Choices that cost seconds, for tests of everything around them; a plug-in as any user's."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ot_grid import key, rows
from ot_grid.config import Model
from ot_grid.inference.models import locate
from ot_grid.registry import register
from ot_grid.rows import Question, Scored
from ot_grid.stages.work import Work
from tests.slurm import gate


@register("source")
def drills(name: str, domain: str, *, first: int, size: int) -> Iterator[Question]:
    """Yield sums of numbers that follow each other."""
    for number in range(first, first + size):
        text = f"What is {number} + {number % 7}?"
        yield rows.question(text, source=name, domain=domain, answer=str(number + number % 7), solution=None)


@register("filter")
def slow(questions: Iterable[Question], *, seed: int, seconds: float) -> Iterator[Scored]:
    """Rate by chance, and take so long for it, or until the test opens the gate."""
    gate.wait(seconds)
    for question in questions:
        yield Scored(question, key.fraction("slow", seed, question.row))


@register("train")
def copied(work: Work, *, student: Model, seed: int, seconds: float) -> dict[str, Any]:
    """Learn nothing: the trained student is the student."""
    time.sleep(seconds)
    folder = locate(student, known=work.cluster.models, cache=Path(work.cluster.model_cache).expanduser())
    shutil.copytree(folder, work.out / "model")
    return {"steps": 1, "rows": 1, "tokens": 0, "resumed_at": 0}


@register("filter")
def greedy(questions: Iterable[Question], *, megabytes: int) -> Iterator[Scored]:
    """Rate all the same, and take so much memory for it."""
    held = bytearray(megabytes * 1024**2)
    held[::4096] = b"x" * len(held[::4096])  # touched, so that it is really taken
    time.sleep(6)  # memory is looked at once a second
    for question in questions:
        yield Scored(question, float(held[0]))
