"""Runs a plan on this machine, as many stage runs at once as it carries.

One idea: a loop hands out what is ready and looks for records; killed at any moment, the next one goes on.
"""

from __future__ import annotations

import signal
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from ot_grid import attempts, machine, store
from ot_grid.config import Cluster
from ot_grid.planning.packs import Outcome, packs, shared
from ot_grid.planning.plan import Plan, StageRun
from ot_grid.running import fits
from ot_grid.running.display import Display
from ot_grid.running.mirroring import Mirroring
from ot_grid.running.processes import Process, Processes
from ot_grid.store import Artifacts

POLL_SECONDS = 0.1
GRACE_SECONDS = 10.0  # for jobs to end after Ctrl-C


@dataclass(frozen=True)
class _Job:
    """Stage runs that one process does one after the other."""

    runs: Sequence[StageRun]
    process: Process
    gpus: Sequence[str]


class Local:
    """Hands out ready stage runs to as many processes as the machine carries."""

    def __init__(self, plan: Plan, artifacts: Artifacts, cluster: Cluster, outcome: Outcome) -> None:
        self.plan, self.artifacts, self.cluster, self.outcome = plan, artifacts, cluster, outcome
        self.workers, self.threads = machine.share(cluster)
        self.runtime = replace(plan.runtime, cluster=replace(cluster, threads=self.threads))
        self.waiting: list[StageRun] = []
        self.running: list[_Job] = []
        self.gpus, self.free_gpus = machine.here(), machine.gpu_names()
        self.copies: Counter[tuple[str, ...]] = Counter()  # started for the same stage runs, one that died included
        self.logs = artifacts.place.root / "jobs" / plan.name
        self.processes = Processes(self.logs, self.threads)

    def run(self, missing: Sequence[StageRun]) -> None:
        """Run all to the end, or until interrupted: then the jobs are ended too."""
        self.waiting = list(missing)
        display = Display(len(missing), self.workers)
        self.mirroring = Mirroring(self.plan, missing, self.logs)
        with _terminating():
            try:
                while self.waiting or self.running:
                    self._collect(display)
                    self._skip_orphans(display)
                    self._start()
                    running = {run.key: run for job in self.running for run in job.runs}
                    display.update([(run, self.artifacts.folder(run)) for run in running.values()], self.waiting)
                    if running:
                        self.mirroring.look()
                    time.sleep(POLL_SECONDS)
            except BaseException:
                display.line(
                    "stopping: ending the running jobs; what is stored stays, the same command goes on from here"
                )
                self._stop()
                raise
            finally:
                self.mirroring.close()
                self.processes.close()

    def _start(self) -> None:
        """Start what is ready, in order: what needs more GPUs than are free holds back all that needs any."""
        missing = {run.key for run in self.waiting} | {run.key for job in self.running for run in job.runs}
        ready = [run for run in self.waiting if not missing & set(run.inputs)]
        held: StageRun | None = None
        for pack in packs(ready):
            if len(self.running) >= self.workers:
                return
            first = pack.runs[0]
            wanted = fits.gpus_of(first, self.plan, self.gpus)
            if wanted and (held or wanted > len(self.free_gpus)):
                held = held or first
                continue
            self.running.append(self._job(pack.runs, wanted))
            self.waiting = [run for run in self.waiting if run not in pack.runs]
        if held is None or held.needs == "train":
            self._help()

    def _help(self) -> None:
        """Give GPUs that are left over to what runs, as a further copy of its model: they end together."""
        while self.free_gpus and len(self.running) < self.workers:
            job = min(
                filter(self._takes_help, self.running), key=lambda job: self.copies[_keys(job.runs)], default=None
            )
            if job is None:
                return
            self.running.append(self._job(job.runs, len(job.gpus)))

    def _takes_help(self, job: _Job) -> bool:
        """Whether another copy of what a job runs has room, and does not only follow others that died."""
        room = 0 < len(job.gpus) <= len(self.free_gpus)
        return room and self.copies[_keys(job.runs)] < self.gpus.count // len(job.gpus) and all(map(shared, job.runs))

    def _job(self, runs: Sequence[StageRun], wanted: int) -> _Job:
        gpus, self.free_gpus = self.free_gpus[:wanted], self.free_gpus[wanted:]
        together = bool(gpus) and all(map(shared, runs))  # others may come and help
        orders = [{**self.artifacts.order(run, self.plan), "shared": together} for run in runs]
        self.copies[_keys(runs)] += 1
        warm = runs[0].needs == "inference" or runs[0].stage == "dataset"  # what loads a model, or its tokenizer
        process = self.processes.start(self.artifacts.place.root, orders, self.runtime, gpus=gpus, warm=warm)
        return _Job(runs, process, gpus)

    def _collect(self, display: Display) -> None:
        self.processes.refresh()
        for job in [job for job in self.running if job.process.done]:
            self.running.remove(job)
            self.free_gpus.extend(job.gpus)
            if any(other.runs == job.runs for other in self.running):
                continue  # one of several copies: the last one tells
            for run in job.runs:
                self._settle(run, job, display)

    def _settle(self, run: StageRun, job: _Job, display: Display) -> None:
        record = store.record_of(self.artifacts.folder(run))
        if record is not None:
            self.outcome.executed += 1
            self.mirroring.ended(run)
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


def _keys(runs: Sequence[StageRun]) -> tuple[str, ...]:
    return tuple(run.key for run in runs)


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
