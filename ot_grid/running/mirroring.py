"""Cells are told to Weights & Biases as they end, while the rest of the grid goes on.

One idea: a process beside the grid runs the command that tells, one at a time and for a small part of the time; what
it did not tell is told when the grid ends. It must not hold the grid up.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from ot_grid import machine
from ot_grid.planning.plan import Plan, StageRun

PART = 10  # a tenth of the time is spent on telling, where cells end faster than they are told


class Mirroring:
    """Has the cells of a plan told, each when its last evaluation has a record."""

    def __init__(self, plan: Plan, missing: Iterable[StageRun], logs: Path) -> None:
        self.plan, self.log = plan, logs / "track.log"
        to_come = {run.key for run in missing if run.stage == "eval"}
        evaluations = [to_come & set(cell.runs) for cell in plan.cells] if plan.runtime.tracking.at_once else []
        self._left = [keys for keys in evaluations if keys]  # of each cell that has not ended
        self._due = False
        self._process: subprocess.Popen[bytes] | None = None
        self._began = self._rests_until = 0.0

    def ended(self, run: StageRun) -> None:
        """Note that a stage run has its record."""
        for keys in self._left:
            keys.discard(run.key)
        going_on = [keys for keys in self._left if keys]
        self._due = self._due or len(going_on) < len(self._left)
        self._left = going_on

    def look(self) -> None:
        """Start what tells, where there is something to tell and it is not too soon."""
        now = time.monotonic()
        if self._process and self._process.poll() is not None:
            self._process, self._rests_until = None, now + (PART - 1) * (now - self._began)
        if self._due and not self._process and now >= self._rests_until:
            self._due, self._began = False, now
            self._process = self._started()

    def close(self) -> None:
        """End what tells now: the end of the grid tells the rest."""
        if self._process:
            machine.end(self._process)
            self._process = None

    def _started(self) -> subprocess.Popen[bytes]:
        line = [sys.executable, "-m", "ot_grid", "track", self.plan.name, "--store", self.plan.runtime.store]
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            # A session of its own: Ctrl-C is the grid's, which ends it.
            return subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
