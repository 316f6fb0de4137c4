"""Runs a plan on this machine, as many stage runs at once as it carries.

One idea: a loop hands out what is ready and looks for records; killed at any moment, the next one goes on.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import submitit

from ot_grid import attempts, machine, store
from ot_grid.config import Cluster
from ot_grid.planning.packs import Outcome, Pack, packs
from ot_grid.planning.plan import Plan, StageRun
from ot_grid.running.display import Display
from ot_grid.running.execute import run_orders
from ot_grid.store import Artifacts

POLL_SECONDS = 0.1
GRACE_SECONDS = 10.0  # for jobs to end after Ctrl-C
NO_LIMIT_MINUTES = 60 * 24 * 30


class Local:
    """Hands out ready stage runs to as many processes as the machine carries."""

    def __init__(self, plan: Plan, artifacts: Artifacts, cluster: Cluster, outcome: Outcome) -> None:
        self.plan, self.artifacts, self.cluster, self.outcome = plan, artifacts, cluster, outcome
        self.workers, self.threads = machine.share(cluster)
        self.runtime = replace(plan.runtime, cluster=replace(cluster, threads=self.threads))
        self.waiting: list[StageRun] = []
        self.running: list[Pack] = []
        self.free_gpus = machine.gpu_names()
        self.logs = artifacts.place.root / "jobs" / plan.name

    def run(self, missing: Sequence[StageRun]) -> None:
        """Run all to the end, or until interrupted: then the jobs are ended too."""
        self.waiting = list(missing)
        display = Display(len(missing), self.workers)
        with _terminating():
            try:
                while self.waiting or self.running:
                    self._collect(display)
                    self._skip_orphans(display)
                    self._start()
                    display.update([(r, self.artifacts.folder(r)) for p in self.running for r in p.runs], self.waiting)
                    time.sleep(POLL_SECONDS)
            except BaseException:
                display.line(
                    "stopping: ending the running jobs; what is stored stays, the same command goes on from here"
                )
                self._stop()
                raise

    def _start(self) -> None:
        missing = {run.key for run in self.waiting} | {run.key for pack in self.running for run in pack.runs}
        ready = [run for run in self.waiting if not missing & set(run.inputs)]
        for pack in packs(ready):
            gpu_wanted = bool(machine.gpus()) and pack.runs[0].needs != "cpu"
            if len(self.running) >= self.workers:
                return
            if gpu_wanted and not self.free_gpus:
                continue
            pack.gpu = self.free_gpus.pop() if gpu_wanted else None
            pack.job = self._submit(pack)
            self.running.append(pack)
            self.waiting = [run for run in self.waiting if run not in pack.runs]

    def _submit(self, pack: Pack) -> Any:
        executor = submitit.LocalExecutor(folder=self.logs / "%j")
        devices = {"gpus_per_node": 1, "visible_gpus": (pack.gpu,)} if pack.gpu is not None else {}
        executor.update_parameters(timeout_min=NO_LIMIT_MINUTES, stderr_to_stdout=True, **devices)
        orders = [self.artifacts.order(run, self.plan) for run in pack.runs]
        with _threads(self.threads):
            return executor.submit(run_orders, str(self.artifacts.place.root), orders, self.runtime)

    def _collect(self, display: Display) -> None:
        for pack in [pack for pack in self.running if pack.job is None or pack.job.done()]:
            self.running.remove(pack)
            if pack.gpu is not None:
                self.free_gpus.append(pack.gpu)
            for run in pack.runs:
                self._settle(run, pack, display)

    def _settle(self, run: StageRun, pack: Pack, display: Display) -> None:
        record = store.record_of(self.artifacts.folder(run))
        if record is not None:
            self.outcome.executed += 1
            display.finished(run, record)
            return
        log = str(pack.job.paths.stdout) if pack.job else ""
        self.outcome.failed[run.key] = cause(self.artifacts.folder(run), log)
        display.failed(run, self.outcome.failed[run.key])

    def _skip_orphans(self, display: Display) -> None:
        """Give up stage runs whose inputs failed: the cause is upstream."""
        for run in list(self.waiting):
            lost = [run_key for run_key in run.inputs if run_key in self.outcome.failed]
            if lost:
                self.waiting.remove(run)
                self.outcome.failed[run.key] = f"upstream: {self.plan.runs[lost[0]]} failed"
                display.failed(run, self.outcome.failed[run.key])

    def _stop(self) -> None:
        for pack in self.running:
            if pack.job:
                pack.job.cancel()
        deadline = time.monotonic() + GRACE_SECONDS
        while any(pack.job and not pack.job.done() for pack in self.running) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)


def cause(folder: Path, log: str) -> str:
    """Return why a stage run has no record, in one line that ends with its log."""
    last = attempts.read(folder)[-1:]
    if last and last[0].outcome:
        return f"{last[0].outcome}: {last[0].message} (log: {last[0].log or log})"
    return f"its process ended without a word, killed by the system or out of memory (log: {log})"


@contextmanager
def _terminating() -> Iterator[None]:
    """Treat SIGTERM as Ctrl-C, so that a stopped driver ends its jobs."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Give a job its share of the cores: libraries read these when they start."""
    names = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    before = {name: os.environ.get(name) for name in names}
    os.environ.update(dict.fromkeys(names, str(count)), TOKENIZERS_PARALLELISM="false")
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
