"""Made stores: sweeps and eval artifacts on disk, written through the real doors."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from ot_grid.report.build import Asked, Report, build
from ot_grid.stages.eval import MATRIX, counts
from ot_grid.store import Store, write_json
from ot_grid.tables import write_rows

Answers = Sequence[Sequence[float | None]]  # questions x repeats: a score, True and False too


def key_of(*parts: object) -> str:
    return f"{zlib.crc32(repr(parts).encode()):08x}" * 2


@dataclass
class Made:
    """A store with one sweep, which tests fill and spoil."""

    store: Store
    name: str = "first-light"
    factors: Mapping[str, Sequence[str]] = field(
        default_factory=lambda: {"filter": ["length", "difficulty"], "teacher": ["qwq", "r1"]}
    )
    benchmarks: Sequence[str] = ("sums", "gcd")
    banner: Sequence[str] = ()
    created: str = "2026-11-23T12:00:00+00:00"
    held_out: Sequence[str] | None = None  # None: sweep.json of before there was the word

    def sweep(self) -> None:
        """Write sweep.json."""
        command = [f"{factor}={','.join(choices)}" for factor, choices in self.factors.items()]
        made = {
            "name": self.name,
            "command": command,
            "factors": self.factors,
            "banner": self.banner,
            "created": self.created,
            **({} if self.held_out is None else {"held_out": self.held_out}),
        }
        write_json(
            self.store.sweep(self.name) / "sweep.json", {**made, "cells": [self.cell(*point) for point in self.points]}
        )

    @property
    def points(self) -> list[tuple[str, ...]]:
        """One tuple of choices a cell, in the order of the sweep."""
        return list(product(*self.factors.values()))

    def cell(self, *point: str) -> dict[str, Any]:
        """A cell as sweep.json has it."""
        coordinates = dict(zip(self.factors, point, strict=True))
        label = " ".join(f"{factor}={choice}" for factor, choice in coordinates.items())
        first = [
            self.run("filter", point[0], point[0], branch="math"),
            self.run("dataset", "chat", *point),
            self.run("train", "sft", *point),
        ]
        runs = [*first, *(self.run("eval", name, *point) for name in self.benchmarks)]
        return {"cell": key_of(point)[:8], "label": label, "coordinates": coordinates, "runs": runs}

    def run(self, stage: str, label: str, *point: str, branch: str = "") -> dict[str, str]:
        """A stage run as sweep.json has it."""
        return {"stage": stage, "label": label, "branch": branch, "key": key_of(stage, label, point)}

    def folder(self, stage: str, label: str, *point: str) -> Path:
        """Where a stage run's artifact lies."""
        return self.store.folder(stage, label, key_of(stage, label, point))

    def id(self, *point: str) -> str:
        """The short id of a cell."""
        return key_of(point)[:8]

    def record(self, stage: str, label: str, *point: str, **more: Any) -> None:
        """Mark a stage run as done."""
        said = {"counts": {}, "seconds": 10.0, "usage": {"bought": 1, "reused": 0, "output_tokens": 100}, **more}
        write_json(
            self.folder(stage, label, *point) / "record.json",
            {"key": key_of(stage, label, point), "stage": stage, **said},
        )

    def trained(self, *point: str) -> None:
        """Mark everything before the benchmarks of a cell as done."""
        self.record("filter", point[0], point[0])
        self.record("dataset", "chat", *point, counts={"rows": 42})
        self.record("train", "sft", *point)

    def answered(
        self, label: str, answers: Answers, *point: str, record: Mapping[str, Any] | None = None, **more: Any
    ) -> Path:
        """Write a finished eval artifact; `more` replaces columns of every row, `record` adds to the record."""
        folder = self.folder("eval", label, *point)
        rows = matrix_rows(answers, **more)
        write_rows(folder / "data" / "matrix.parquet", rows, MATRIX)
        counted = {**counts(rows), "questions": len(answers), "repeats": max(map(len, answers), default=0)}
        self.record("eval", label, *point, counts=counted, **(record or {}))
        return folder

    def rescored(self, label: str, grade: str, answers: Answers, *point: str, **told: Any) -> None:
        """Write a later scoring of an eval artifact."""
        folder = self.folder("eval", label, *point) / "scores" / grade
        rows = matrix_rows(answers)
        write_rows(folder / "matrix.parquet", rows, MATRIX)
        said = {
            "counts": counts(rows),
            "label": grade,
            "grade": {"function": "number"},
            "versions": {},
            "made": self.created,
            "changed": 1,
        }
        write_json(folder / "score.json", {**said, "counts": counts(rows), **told})

    def complete(
        self, right: Mapping[tuple[str, ...], float] | None = None, questions: int = 10, repeats: int = 4
    ) -> None:
        """Finish every cell, each with the given share of right answers."""
        self.sweep()
        for number, point in enumerate(self.points):
            share = (right or {}).get(point, 0.25 * (number % 4))
            self.trained(*point)
            for name in self.benchmarks:
                self.answered(name, answers(share, questions, repeats), *point)


def asked(store: Store, name: str | None, **wishes: Any) -> Report:
    """The report that a reader with these wishes gets."""
    return build(store, name, Asked(**wishes))


def matrix_rows(answers: Answers, **more: Any) -> list[dict[str, Any]]:
    """The rows of a matrix with those scores; `more` replaces columns of every row."""
    return [
        {**matrix_row(f"q{line}", repeat, given), **more}
        for line, repeats in enumerate(answers)
        for repeat, given in enumerate(repeats)
    ]


def matrix_row(question: str, repeat: int, given: float | None) -> dict[str, Any]:
    """A row of a matrix as the eval stage writes it."""
    told = {"extracted": None if given is None else "7", "reason": "", "finish_reason": "stop", "prompt_tokens": 9,
            "output_tokens": 20, "characters": 40, "reply": "", "prompt_digest": ""}  # fmt: skip
    return {"question": question, "repeat": repeat, "verdict": verdict(given), "score": given, **told,
            "reply_digest": f"{question}/{repeat}"}  # fmt: skip


def verdict(given: float | None) -> str:
    """The word for a score."""
    return "unverifiable" if given is None else {1: "right", 0: "wrong"}.get(float(given), "partial")


def answers(share: float, questions: int = 10, repeats: int = 4) -> list[list[float]]:
    """A matrix with that share right: whole questions first, so the sum is share x questions."""
    return [[line < round(share * questions)] * repeats for line in range(questions)]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(Store(tmp_path / "store"))


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Made]:
    return lambda **settings: Made(Store(tmp_path / "store"), **settings)
