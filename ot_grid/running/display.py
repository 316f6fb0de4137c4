"""What a person sees while a grid runs: one line a finished stage run, and on a terminal a live line below them.

One idea: it reads the progress files that jobs write, so it is a view and never in the way. It must not decide
anything.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

from ot_grid.planning.plan import StageRun
from ot_grid.running import progress


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
        now = ", ".join(f"{run.stage} {run.label} {progress.read(folder) or ''}".strip() for run, folder in running)
        left = self.left([run for run, _ in running], waiting)
        text = f"{self.done}/{self.total} done; about {progress.duration(left)} left; running: {now or 'nothing'}"
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
        return sum(known) / len(known) if known else progress.PRIOR[run.stage]

    def _clear(self) -> None:
        if self.shown:
            self.out.write("\r" + " " * len(self.shown) + "\r")
            self.shown = ""
