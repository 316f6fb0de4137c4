"""Runs a plan on this machine, as many stage runs at once as it carries.

One idea: a loop hands out what is ready and looks for records; killed at any moment, the next one goes on.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ot_grid import attempts, machine, store
from ot_grid.config import Cluster
from ot_grid.planning.packs import Outcome, packs
from ot_grid.planning.plan import Plan, StageRun
from ot_grid.running.display import Display
from ot_grid.running.processes import Process, Processes
from ot_grid.store import Artifacts

POLL_SECONDS = 0.1
GRACE_SECONDS = 10.0  # for jobs to end after Ctrl-C


@dataclass(frozen=True)
class _Job:
    """Stage runs that one process does one after the other."""

    runs: Sequence[StageRun]
    process: Process
    gpu: str | None


class Local:
    """Hands out ready stage runs to as many processes as the machine carries."""

    def __init__(self, plan: Plan, artifacts: Artifacts, cluster: Cluster, outcome: Outcome) -> None:
        self.plan, self.artifacts, self.cluster, self.outcome = plan, artifacts, cluster, outcome
        self.workers, self.threads = machine.share(cluster)
        self.runtime = replace(plan.runtime, cluster=replace(cluster, threads=self.threads))
        self.waiting: list[StageRun] = []
        self.running: list[_Job] = []
        self.free_gpus = machine.gpu_names()
        self.processes = Processes(artifacts.place.root / "jobs" / plan.name, self.threads)

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
                    display.update(
                        [(r, self.artifacts.folder(r)) for job in self.running for r in job.runs], self.waiting
                    )
                    time.sleep(POLL_SECONDS)
            except BaseException:
                display.line(
                    "stopping: ending the running jobs; what is stored stays, the same command goes on from here"
                )
                self._stop()
                raise
            finally:
                self.processes.close()

    def _start(self) -> None:
        missing = {run.key for run in self.waiting} | {run.key for job in self.running for run in job.runs}
        ready = [run for run in self.waiting if not missing & set(run.inputs)]
        for pack in packs(ready):
            gpu_wanted = bool(machine.gpus()) and pack.runs[0].needs != "cpu"
            if len(self.running) >= self.workers:
                return
            if gpu_wanted and not self.free_gpus:
                continue
            self.running.append(self._job(pack.runs, self.free_gpus.pop() if gpu_wanted else None))
            self.waiting = [run for run in self.waiting if run not in pack.runs]

    def _job(self, runs: Sequence[StageRun], gpu: str | None) -> _Job:
        orders = [self.artifacts.order(run, self.plan) for run in runs]
        asks = runs[0].needs == "inference"
        process = self.processes.start(self.artifacts.place.root, orders, self.runtime, gpu=gpu, warm=asks)
        return _Job(runs, process, gpu)

    def _collect(self, display: Display) -> None:
        self.processes.refresh()
        for job in [job for job in self.running if job.process.done]:
            self.running.remove(job)
            if job.gpu is not None:
                self.free_gpus.append(job.gpu)
            for run in job.runs:
                self._settle(run, job, display)

    def _settle(self, run: StageRun, job: _Job, display: Display) -> None:
        record = store.record_of(self.artifacts.folder(run))
        if record is not None:
            self.outcome.executed += 1
            display.finished(run, record)
            return
        self.outcome.failed[run.key] = cause(self.artifacts.folder(run), str(job.process.log))
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
        deadline = time.monotonic() + GRACE_SECONDS
        while any(not job.process.done for job in self.running) and time.monotonic() < deadline:
            for job in self.running:
                job.process.interrupt()  # more than once: it may just be beginning
            time.sleep(POLL_SECONDS)
            self.processes.refresh()


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
