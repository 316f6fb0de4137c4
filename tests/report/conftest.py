"""Made stores: sweeps and eval artifacts on disk, written through the real doors."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from ot_grid.store import Store, write_json
from ot_grid.tables import write_rows

MATRIX = {"question": "string", "repeat": "int64", "correct": "bool", "extracted": "string", "output_tokens": "int64",
          "finish_reason": "string", "reply": "string"}  # fmt: skip
Answers = Sequence[Sequence[bool | None]]  # questions x repeats


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

    def sweep(self) -> None:
        """Write sweep.json."""
        command = [f"{factor}={','.join(choices)}" for factor, choices in self.factors.items()]
        made = {
            "name": self.name,
            "command": command,
            "factors": self.factors,
            "banner": self.banner,
            "created": self.created,
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

    def answered(self, label: str, answers: Answers, *point: str, **more: Any) -> Path:
        """Write a finished eval artifact; `more` replaces columns of every row."""
        told = {"extracted": "7", "output_tokens": 20, "finish_reason": "stop", "reply": "", **more}
        rows = [
            {"question": f"q{line}", "repeat": repeat, "correct": correct, **told}
            for line, repeats in enumerate(answers)
            for repeat, correct in enumerate(repeats)
        ]
        folder = self.folder("eval", label, *point)
        write_rows(folder / "data" / "matrix.parquet", rows, MATRIX)
        self.record(
            "eval", label, *point, counts={"questions": len(answers), "repeats": max(map(len, answers), default=0)}
        )
        return folder

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


def answers(share: float, questions: int = 10, repeats: int = 4) -> list[list[bool]]:
    """A matrix with that share right: whole questions first, so the sum is share x questions."""
    return [[line < round(share * questions)] * repeats for line in range(questions)]


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(Store(tmp_path / "store"))


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Made]:
    return lambda **settings: Made(Store(tmp_path / "store"), **settings)
