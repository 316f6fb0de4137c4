"""What each cell of a sweep came to: its benchmarks, and what it cost.

One idea: records decide. A stage run is done when its record is there; every other state gets a cause in words. Each
stage run is read once, however many cells share it. It must not rank or judge.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from ot_grid import attempts
from ot_grid.attempts import Attempt
from ot_grid.errors import Corrupt
from ot_grid.planning.frozen import FrozenCell, FrozenRun, Sweep
from ot_grid.report import scorings
from ot_grid.report.matrices import FAILED, MISSING, BenchmarkResult, load
from ot_grid.report.statistics import question_means
from ot_grid.store import Store, record_of

EVAL, DATASET = "eval", "dataset"
CAUSE_LENGTH = 300  # characters of a failure's message; the log has the rest


@dataclass(frozen=True)
class Flag:
    """An evaluation that looks broken: one benchmark of one cell."""

    cell: str
    benchmark: str
    gate: str  # the field of `BenchmarkResult` that is out of line, or "collapse"
    reason: str
    accepted: bool = False  # the reader has it ranked all the same


@dataclass(frozen=True, eq=False)
class Result:
    """One cell with all that is known of it."""

    cell: FrozenCell
    benchmarks: tuple[BenchmarkResult, ...]
    rows: int | None  # the student was trained on
    tokens: int  # bought by the cell's stage runs
    seconds: float  # of the cell's stage runs
    flags: tuple[Flag, ...] = ()
    losses: Mapping[str, int] = field(default_factory=dict)  # traces and training rows, and how many of them were lost

    @property
    def ranked(self) -> bool:
        """Whether it may win, and be the measure of others: complete, and nothing of it looks broken."""
        return self.complete and not self.suspect

    @property
    def suspect(self) -> list[Flag]:
        """The flags that nobody has accepted."""
        return [flag for flag in self.flags if not flag.accepted]

    @property
    def complete(self) -> bool:
        """Whether there are benchmarks, and all are done."""
        return bool(self.benchmarks) and not self.lacking

    @property
    def lacking(self) -> list[BenchmarkResult]:
        """The benchmarks that are not done."""
        return [each for each in self.benchmarks if not each.done]

    @property
    def done(self) -> dict[str, BenchmarkResult]:
        """The benchmarks that are done, by name."""
        return {each.name: each for each in self.benchmarks if each.done}

    @cached_property
    def means(self) -> Mapping[str, Mapping[str, float]]:
        """The mean over repeats of every question, of the benchmarks that are done."""
        return {
            name: dict(zip(each.questions, question_means(each.matrix).tolist(), strict=True))
            for name, each in self.done.items()
        }


@dataclass(frozen=True)
class Cost:
    """What stage runs took."""

    tokens: int  # bought
    seconds: float
    gpu_hours: float


class Reader:
    """Reads the stage runs of a store, each once; evaluations as they were scored under the label `grade`, if any."""

    def __init__(self, store: Store, grade: str | None = None) -> None:
        self._store = store
        self._grade = grade
        self._folders: dict[str, dict[str, Path]] = {}
        self._records: dict[FrozenRun, dict[str, Any] | None] = {}
        self._causes: dict[FrozenRun, str] = {}  # why a run failed
        self._benchmarks: dict[FrozenRun, BenchmarkResult] = {}

    def results(self, sweep: Sweep) -> list[Result]:
        """Return the result of every cell, in the order of the sweep; raise `BadInput` for a grade that is nowhere."""
        if self._grade is not None:
            runs = {run for cell in sweep.cells for run in cell.runs if run.stage == EVAL}
            scorings.check(self._grade, [folder for run in runs if (folder := self._folder(run))])
        return [self._result(cell) for cell in sweep.cells]

    def cost(self, runs: tuple[FrozenRun, ...]) -> Cost:
        """Return what stage runs cost, each counted once."""
        unique = {(run.stage, run.key): run for run in runs}.values()
        records = [record for record in map(self._record, unique) if record]
        tokens = sum(int((record.get("usage") or {}).get("output_tokens") or 0) for record in records)
        return Cost(tokens, sum(float(record.get("seconds") or 0) for record in records), sum(map(gpu_hours, records)))

    def _result(self, cell: FrozenCell) -> Result:
        benchmarks = tuple(self._benchmark(cell, run) for run in cell.runs if run.stage == EVAL)
        records = [self._record(run) for run in cell.runs if run.stage == DATASET]
        rows = [record["counts"]["rows"] for record in records if record and "rows" in (record.get("counts") or {})]
        spent = self.cost(cell.runs)
        losses = self._losses(cell)
        trained = losses.get("rows", sum(rows) if rows else None)
        return Result(cell, benchmarks, trained, spent.tokens, spent.seconds, losses=losses)

    def _losses(self, cell: FrozenCell) -> dict[str, int]:
        """Return what the records of traces and training count; records of older versions say less."""
        losses: dict[str, int] = {}
        for run in cell.runs:
            counts = (self._record(run) or {}).get("counts") or {}
            if run.stage == "traces" and "cut" in counts:
                losses["traces"] = losses.get("traces", 0) + int(counts["traces"])
                losses["traces_cut"] = losses.get("traces_cut", 0) + int(counts["cut"])
            if run.stage == "train" and "rows_dropped" in counts:
                losses |= {name: int(counts[name]) for name in ("rows", "rows_cut", "rows_dropped")}
        return losses

    def _benchmark(self, cell: FrozenCell, run: FrozenRun) -> BenchmarkResult:
        record, folder = self._record(run), self._folder(run)
        if record is None or folder is None:
            return self._undone(cell, run)
        if run not in self._benchmarks:
            self._benchmarks[run] = self._loaded(run, folder, record)
        return self._benchmarks[run]

    def _loaded(self, run: FrozenRun, folder: Path, record: dict[str, Any]) -> BenchmarkResult:
        path, grade = scorings.matrix(folder, self._grade)
        said = {**record, "sandbox": None, **scorings.told(folder, grade)} if grade else record
        engine = (record.get("usage") or {}).get("engine") or {}
        made = load(run.label, path, {**(record.get("counts") or {}), **(said.get("counts") or {})})
        return replace(
            made, grade=grade, sandbox=str(said.get("sandbox") or ""), seeding=str(engine.get("seeding") or "")
        )

    def _undone(self, cell: FrozenCell, run: FrozenRun) -> BenchmarkResult:
        if run in self._causes:
            return BenchmarkResult(run.label, FAILED, self._causes[run])
        earlier = [each for each in cell.runs if self._record(each) is None and each in self._causes]
        if earlier:
            return BenchmarkResult(run.label, MISSING, f"{earlier[0].name} failed: {self._causes[earlier[0]]}")
        begun = [each.name for each in cell.runs if self._record(each) is None]
        return BenchmarkResult(run.label, MISSING, f"not done yet; next is {begun[0]}" if begun else "not done yet")

    def _folder(self, run: FrozenRun) -> Path | None:
        if run.stage not in self._folders:
            self._folders[run.stage] = self._store.artifacts(run.stage)
        return self._folders[run.stage].get(run.key)

    def _record(self, run: FrozenRun) -> dict[str, Any] | None:
        if run not in self._records:
            self._records[run] = self._read(run)
        return self._records[run]

    def _read(self, run: FrozenRun) -> dict[str, Any] | None:
        folder = self._folder(run)
        if folder is None:
            return None
        try:
            record = record_of(folder)
        except Corrupt as error:
            self._causes[run] = str(error)
            return None
        last = attempts.read(folder)[-1:] if record is None else []
        if last and last[0].outcome not in (None, *attempts.NOT_COUNTED, attempts.FORGIVEN):
            self._causes[run] = _cause(last[0])
        return record


def gpu_hours(record: Mapping[str, Any]) -> float:
    """Return the GPU-hours of a stage run: the GPUs it held, whether it used them or not, times how long."""
    return float((record.get("where") or {}).get("gpus") or 0) * float(record.get("seconds") or 0) / 3600


def _cause(last: Attempt) -> str:
    message = textwrap.shorten(last.message or "no message", CAUSE_LENGTH, placeholder=" ...")
    return f"{last.outcome}: {message}; log: {last.log or 'none'}"
