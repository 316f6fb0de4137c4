"""A made sweep on disk, as large as asked: records, and evaluation artifacts with the columns of the eval stage.

Scores are drawn: a question has its difficulty, a choice its effect, a cell its luck; JEEBench gives partial credit.
Nothing else of a stage run is there, so a store of 1,000 cells is made in a few minutes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from ot_grid.key import short
from ot_grid.stages.eval import MATRIX
from ot_grid.stages.eval import counts as counted
from ot_grid.store import Store

NAME = "made"
# Questions, repeats, and a usual score, as published for a student of 7B.
BENCHMARKS = {"AIME24": (30, 10, 0.2), "AMC23": (40, 10, 0.58), "MATH500": (500, 1, 0.77), "LCBv2": (511, 6, 0.35),
              "CodeElo": (391, 3, 0.1), "CodeForces": (453, 3, 0.15), "GPQA-D": (198, 3, 0.4),
              "JEEBench": (515, 3, 0.43)}  # fmt: skip
PARTIAL = "JEEBench"
SCHEMA = pa.schema([(name, pa.type_for_alias(kind)) for name, kind in MATRIX.items()])
FACTORS = ("filter", "teacher", "mix")


def make(root: Path, choices: int) -> Store:
    """Write a sweep of choices ** 3 cells, unless it is there already."""
    store, drawn = Store(root), np.random.default_rng(7)
    factors = {factor: [f"{factor}{number}" for number in range(choices)] for factor in FACTORS}
    told = store.sweep(NAME) / "sweep.json"
    if told.exists() and json.loads(told.read_text())["factors"] == factors:
        return store
    asked = {name: Asked(name, drawn) for name in BENCHMARKS}
    effects = {choice: drawn.normal(0, 0.08) for each in factors.values() for choice in each}
    cells = []
    for point in product(*factors.values()):
        cells.append(_cell(dict(zip(FACTORS, point, strict=True))))
        level = sum(effects[choice] for choice in point) + drawn.normal(0, 0.05)
        for run in cells[-1]["runs"]:
            _write(store, run, asked.get(run["label"]), level=level, drawn=drawn)
    about = {"name": NAME, "command": [f"{f}={','.join(c)}" for f, c in factors.items()], "factors": factors}
    told.parent.mkdir(parents=True, exist_ok=True)
    told.write_text(json.dumps({**about, "banner": [], "created": "2026-11-23T12:00:00+00:00", "cells": cells}))
    return store


def _cell(coordinates: Mapping[str, str]) -> dict[str, Any]:
    point = tuple(coordinates.values())
    runs = [
        *_runs([("source", "math"), ("filter", point[0]), ("traces", point[1])], point[:1], branch="math"),
        *_runs([("dataset", "chat"), ("train", "sft")], point),
        *_runs([("eval", name) for name in BENCHMARKS], point),
    ]
    label = " ".join(f"{factor}={choice}" for factor, choice in coordinates.items())
    return {"cell": short(list(point))[:8], "label": label, "coordinates": dict(coordinates), "runs": runs}


def _runs(named: list[tuple[str, str]], point: tuple[str, ...], branch: str = "") -> Iterator[dict[str, str]]:
    for stage, label in named:
        yield {"stage": stage, "label": label, "branch": branch, "key": short([stage, label, *point])}


class Asked:
    """The questions of a benchmark, and how hard each is."""

    def __init__(self, name: str, drawn: np.random.Generator) -> None:
        count, self.repeats, usual = BENCHMARKS[name]
        self.ids = [f"{name.lower()}-{short([name, number])[:6]}-{number}" for number in range(count)]
        self.ease = np.log(usual / (1 - usual)) + drawn.normal(0, 1.5, count)
        self.steps = 4 if name == PARTIAL else 1

    def table(self, level: float, drawn: np.random.Generator) -> pa.Table:
        """Return the matrix of one student."""
        chance = np.repeat(1 / (1 + np.exp(-self.ease - 4 * level)), self.repeats)
        score = drawn.binomial(self.steps, chance) / self.steps
        verdict = np.where(score == 1, "right", np.where(score == 0, "wrong", "partial"))
        rows = len(score)
        tokens = drawn.integers(500, 30_000, rows)
        return pa.table({
            "question": np.repeat(self.ids, self.repeats), "repeat": np.tile(np.arange(self.repeats), len(self.ids)),
            "verdict": verdict, "score": score, "reason": pa.nulls(rows, pa.string()),
            "extracted": pa.array(drawn.integers(0, 1000, rows).astype(str), mask=drawn.random(rows) < 0.05),
            "finish_reason": np.where(drawn.random(rows) < 0.1, "length", "stop"), "characters": tokens * 4,
            "prompt_tokens": np.full(rows, 120), "output_tokens": tokens, "reply": _digests(rows, drawn),
            "reply_digest": _digests(rows, drawn),
            "prompt_digest": _digests(len(self.ids), drawn).take(np.repeat(np.arange(len(self.ids)), self.repeats)),
        }).select(SCHEMA.names).cast(SCHEMA)  # fmt: skip


def _digests(count: int, drawn: np.random.Generator) -> pa.Array:
    text = pa.py_buffer(drawn.bytes(32 * count).hex().encode())
    return pa.StringArray.from_buffers(count, pa.py_buffer(np.arange(0, 64 * count + 1, 64, dtype=np.int32)), text)


def _write(
    store: Store, run: Mapping[str, str], asked: Asked | None, *, level: float, drawn: np.random.Generator
) -> None:
    """Write what a stage run leaves, unless a cell before has it too."""
    folder = store.new_folder(run["stage"], run["label"], run["key"])
    if folder.exists():
        return
    (folder / "data").mkdir(parents=True)
    counts: dict[str, int] = {"rows": 31_600}
    if asked:
        table = asked.table(level, drawn)
        pq.write_table(table, folder / "data" / "matrix.parquet", compression="zstd")
        counts = {**counted(table.to_pylist()), "repeats": asked.repeats}
    where = {"host": "node7", "pid": 4711, "job": "123_4", "log": "logs/123_4.log", "cores": 16, "gpus": 1}
    (folder / "record.json").write_text(json.dumps({
        "key": run["key"], "stage": run["stage"], "counts": counts, "seconds": 600.0, "where": where,
        "usage": {"bought": 9, "reused": 0, "output_tokens": 1_000_000}, "finished": "2026-11-23T12:00:00+00:00",
        "made_with": {f"package-{number}": "1.2.3" for number in range(20)},
        "outputs": {f"data/{number}.parquet": "0" * 64 for number in range(8)}, "inputs": {"train": "0" * 64},
    }, indent=1))  # fmt: skip
