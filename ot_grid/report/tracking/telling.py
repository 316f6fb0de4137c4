"""What is new is told, by another process, for a bounded time.

One idea: wandb works in a process of its own, which says line by line what has arrived; when time is up it is ended
with all it started, and what has not arrived is told another time. It must not import wandb.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ot_grid import machine, store
from ot_grid.config import Tracking
from ot_grid.report.tracking import news
from ot_grid.report.tracking.facts import Overall, Tracked

LOCK = "tracked.lock"
# Left in the shell by a sweep's agent or another run, these would give all our runs one id, name or group.
NOT_OURS = ("WANDB_RUN_ID", "WANDB_NAME", "WANDB_RUN_GROUP", "WANDB_JOB_TYPE", "WANDB_SWEEP_ID", "WANDB_RESUME",
            "WANDB_TAGS", "WANDB_NOTES", "WANDB_SERVICE")  # fmt: skip
SECRETS = ("WANDB_API_KEY", "WANDB_IDENTITY_TOKEN_FILE")


@dataclass(frozen=True)
class Told:
    """What came of it."""

    runs: int = 0
    waiting: int = 0  # runs that were not told
    problem: str | None = None  # why
    url: str | None = None  # of the report


def track(
    tracking: Tracking, folder: Path, cells: Sequence[Tracked], overall: Overall, *, patient: bool = False
) -> Told:
    """Tell W&B of every cell that is new or has changed, and of the sweep as a whole.

    `tracking.timeout` bounds all of it; for the `patient`, each run. Never raises for what W&B does.
    """
    if tracking.mode == "off":
        return Told()
    with _alone(folder) as first:
        if not first:
            return Told(problem="another process is telling W&B of this sweep now")
        notes = news.Notes(tracking, folder)
        job = news.job(tracking, folder, cells, overall, notes)
        return _told(job, notes, tracking.timeout, patient=patient) if job else Told(url=notes.report.get("url"))


def _told(job: Mapping[str, Any], notes: news.Notes, seconds: float, *, patient: bool) -> Told:
    asked = {run["run"]: run for run in (*job["runs"], job["overall"]) if run}
    problem, runs = None, 0
    for line in _lines(job, seconds, patient=patient):
        if "problem" in line:
            problem = _without_secrets(str(line["problem"]))
        elif "report" in line:
            notes.written({**line["report"], "digest": job["report"]["digest"]})
        else:
            notes.arrived(asked[line["told"]])
            runs += 1
    return Told(runs, len(asked) - runs, problem, notes.report.get("url"))


def _lines(job: Mapping[str, Any], seconds: float, *, patient: bool) -> Iterator[dict[str, Any]]:
    """Yield what the telling process says, the last line being a problem unless it ended well."""
    process = subprocess.Popen(
        [sys.executable, "-m", "ot_grid.report.tracking.client"], env=_environment(), start_new_session=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdin is not None, "it was asked for"
    assert process.stdout is not None, "it was asked for"
    watch = _Watch(process, seconds)
    try:
        with suppress(BrokenPipeError):
            process.stdin.write(json.dumps(job, default=str))
            process.stdin.close()
        line: dict[str, Any] = {}
        for said in process.stdout:
            line = json.loads(said)
            if "done" in line or "problem" in line:
                break
            yield line
            watch.start_again() if patient else None
        if "done" not in line:
            yield {"problem": watch.why if watch.late else line.get("problem", watch.why)}
    finally:
        watch.end()


class _Watch:
    """Ends a process, with all it started, when its time is up."""

    def __init__(self, process: subprocess.Popen[str], seconds: float) -> None:
        self._process, self._seconds = process, seconds
        self.late = False
        self._timer = self._started()

    @property
    def why(self) -> str:
        """Why the process ended without a word."""
        if self.late:
            return f"no end of it after {self._seconds:g} s (tracking.timeout): slow, rate limited or out of order"
        return "the process that tells W&B ended without a word"

    def start_again(self) -> None:
        """Give the process its time once more."""
        self._timer.cancel()
        self._timer = self._started()

    def end(self) -> None:
        """End the process now."""
        self._timer.cancel()
        machine.end(self._process)

    def _started(self) -> threading.Timer:
        timer = threading.Timer(self._seconds, self._expired)
        timer.daemon = True
        timer.start()
        return timer

    def _expired(self) -> None:
        self.late = True
        self.end()


def _environment() -> dict[str, str]:
    """Return the environment of the telling process: quiet, and without what names another run."""
    quiet = {"WANDB_SILENT": "true", "WANDB_ERROR_REPORTING": "false", "MPLBACKEND": "agg"}
    ours = {name: value for name, value in os.environ.items() if name not in NOT_OURS}
    return {**quiet, **ours, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}


def _without_secrets(text: str) -> str:
    for name in SECRETS:
        if secret := os.environ.get(name):
            text = text.replace(secret, f"${name}")
    return " ".join(re.sub(r"\b[\w-]{40,}\b", "***", text).split())


@contextmanager
def _alone(folder: Path) -> Iterator[bool]:
    """Hold the right to tell of a sweep; yield whether nobody else has it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / LOCK).open("a") as file:
        yield store.lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
