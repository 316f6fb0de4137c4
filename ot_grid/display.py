"""What a person sees while a grid runs: one line a finished stage run, and on a terminal a live line below them.

One idea: it reads the progress files that jobs write, so it is a view and never in the way. It must not decide
anything.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from ot_grid.plan import StageRun

# Seconds a stage run takes when none of its stage has finished yet: a prior for 'time left', no more.
PRIOR = {"source": 4, "mix": 3, "filter": 30, "dedup": 3, "traces": 25, "verify": 6, "answer_filter": 3, "dataset": 3,
         "train": 60, "benchmark": 3, "eval": 20}  # fmt: skip


class Display:
    """Tells how far a grid is."""

    def __init__(self, total: int, workers: int, out: TextIO | None = None) -> None:
        self.out = out or sys.stderr
        self.live = self.out.isatty()
        self.total, self.workers, self.done = total, workers, 0
        self.seconds: dict[str, list[float]] = {}
        self.shown = ""

    def line(self, text: str) -> None:
        """Write a line that stays."""
        self._clear()
        print(text, file=self.out, flush=True)

    def finished(self, run: StageRun, record: Mapping[str, Any]) -> None:
        """Tell that a stage run is done, with what it counted."""
        self.done += 1
        self.seconds.setdefault(run.stage, []).append(float(record["seconds"]))
        usage = record.get("usage") or {}
        tokens = f", {usage['output_tokens']} tokens bought" if usage.get("output_tokens") else ""
        reused = f", {usage['reused']} replies reused" if usage.get("reused") else ""
        self.line(f"[{self.done:>3}/{self.total}] {run}  {record['seconds']:.1f} s{tokens}{reused}")
        for warning in record.get("warnings") or ():
            self.line(f"          {run}: {warning}")

    def failed(self, run: StageRun, cause: str) -> None:
        """Tell that a stage run failed, and why."""
        self.done += 1
        self.line(f"[{self.done:>3}/{self.total}] {run}  FAILED: {cause}")

    def update(self, running: Sequence[tuple[StageRun, Path]], waiting: Sequence[StageRun]) -> None:
        """Redraw the live line."""
        if not self.live:
            return
        now = ", ".join(f"{run.stage} {run.label} {state(folder)}".strip() for run, folder in running)
        left = self.left([run for run, _ in running], waiting)
        text = f"{self.done}/{self.total} done; about {duration(left)} left; running: {now or 'nothing'}"
        text = text[: shutil.get_terminal_size().columns - 1]
        if text != self.shown:
            self._clear()
            self.out.write(text)
            self.out.flush()
            self.shown = text

    def left(self, running: Sequence[StageRun], waiting: Sequence[StageRun]) -> float:
        """Return seconds left, from what stage runs of the same stage took: half of those running, all of the rest."""
        rest = sum(self._expected(run) for run in waiting) + sum(self._expected(run) for run in running) / 2
        return rest / self.workers

    def _expected(self, run: StageRun) -> float:
        known = self.seconds.get(run.stage)
        return sum(known) / len(known) if known else PRIOR[run.stage]

    def _clear(self) -> None:
        if self.shown:
            self.out.write("\r" + " " * len(self.shown) + "\r")
            self.shown = ""


def state(folder: Path) -> str:
    """Return how far a running stage run is, e.g. '24/48 replies (3/s)'; empty when it has not said."""
    try:
        told = json.loads((folder / "progress.json").read_text())
    except (OSError, ValueError):
        return ""
    rate = told["done"] / max(time.time() - told["started"], 1e-9)
    return f"{told['done']}/{told['total']} {told['what']} ({rate:.1f}/s)"


def duration(seconds: float) -> str:
    """Return seconds in the unit that a person would use."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
