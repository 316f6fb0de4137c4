"""Where a sweep stands at one moment, as values and as plain data: what `status` shows.

One idea: one look at the disk and at Slurm is one value; text, JSON and exit code are views of it. Where Slurm does not
answer, the disk still does, and the rest is unknown, not failed. It must not write.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from ot_grid import attempts, store
from ot_grid.cluster import slurm, standing
from ot_grid.cluster.slurm import Queue, Queued
from ot_grid.cluster.standing import Standing
from ot_grid.errors import BadInput, Corrupt
from ot_grid.planning.plan import Plan, StageRun
from ot_grid.running import progress
from ot_grid.running.progress import Progress
from ot_grid.status import outlook
from ot_grid.status.outlook import Outlook, Spell
from ot_grid.store import Artifacts

DONE, RUNNING, QUEUED, FAILED = standing.DONE, standing.RUNNING, standing.QUEUED, standing.FAILED
STOPPED = "stopped"  # by somebody: interrupted or cancelled
BLOCKED = "blocked"  # waits for one that failed
WAITING = "waiting"  # not submitted, or not yet
UNKNOWN = "unknown"  # given to Slurm, which does not answer
KINDS = (DONE, RUNNING, QUEUED, FAILED, STOPPED, BLOCKED, WAITING, UNKNOWN)
ENOUGH = 50  # finished stage runs of a stage whose times are read: more would not move their mean


@dataclass(frozen=True)
class Snapshot:
    """A sweep at one moment."""

    plan: Plan
    found: Mapping[str, Standing]
    progress: Mapping[str, Progress] = field(default_factory=dict)  # of running stage runs that say how far they are
    hosts: Mapping[str, str] = field(default_factory=dict)  # where running stage runs are
    healing: Sequence[Queued] = ()  # jobs that are to resume it
    given: bool = False  # whether any of it was ever given to Slurm
    silence: str = ""  # why Slurm did not answer
    outlook: Outlook = field(default_factory=lambda: Outlook(None, "nobody asked"))

    @cached_property
    def kinds(self) -> dict[str, str]:
        """The kind of each stage run by key."""
        return dict(_kinds(self.plan, self.found))

    def of(self, *kinds: str) -> list[StageRun]:
        """Return the stage runs of some kinds, inputs first."""
        return [run for run in self.plan.runs.values() if self.kinds[run.key] in kinds]

    @property
    def counts(self) -> dict[str, int]:
        """How many stage runs there are of each kind."""
        count = Counter(self.kinds.values())
        return {kind: count[kind] for kind in KINDS}

    @property
    def complete(self) -> int:
        """How many cells are complete."""
        done = {run_key for run_key, kind in self.kinds.items() if kind == DONE}
        return sum(done.issuperset(cell.runs) for cell in self.plan.cells)

    @property
    def failed(self) -> bool:
        """Whether anything failed."""
        return FAILED in self.kinds.values()

    @property
    def moving(self) -> bool:
        """Whether anything is running or queued, or may be: what a watcher waits for."""
        return bool(self.silence or self.healing or self.of(RUNNING, QUEUED))


def take(plan: Plan, artifacts: Artifacts) -> Snapshot:
    """Return where a sweep stands now: with one question to the queue, and at most one to accounting."""
    artifacts.refresh()
    batches = standing.given_to_slurm(plan.name, artifacts)
    try:
        # What is done needs no Slurm: the results may lie where there is none.
        queue = slurm.queue() if batches and artifacts.missing(plan) else Queue()
        standings = standing.look(plan, artifacts, queue)
    except BadInput as error:
        return Snapshot(
            plan, dict(_from_disk(plan, artifacts)), given=True, silence=str(error), outlook=Outlook(None, "see above")
        )
    running = [run for run in plan.runs.values() if standings[run.key].state == RUNNING]
    moving = {run.key: at for run in running if (at := progress.read(artifacts.folder(run)))}
    return Snapshot(
        plan,
        standings,
        moving,
        {run.key: host for run in running if (host := _host(artifacts, run, standings[run.key]))},
        _healing(queue, {batch.name for batch in batches if batch.heals and batch.sweep == plan.name}),
        any(batch.sweep == plan.name for batch in batches),
        outlook=outlook.expect(plan, standings, list(_spells(plan, artifacts, standings)), moving, time.time()),
    )


def _kinds(plan: Plan, found: Mapping[str, Standing]) -> Iterator[tuple[str, str]]:
    """Yield (key, kind): a failure that waits for another one is blocked, one that waits for the living is waiting."""
    known: dict[str, str] = {}
    for run in plan.runs.values():
        known[run.key] = _kind(found[run.key], [known[parent] for parent in run.inputs])
        yield run.key, known[run.key]


def _kind(now: Standing, inputs: Sequence[str]) -> str:
    if now.state == standing.WAITING:
        return WAITING
    if now.state != FAILED:
        return now.state
    if now.outcome == "upstream":
        return BLOCKED if FAILED in inputs or BLOCKED in inputs else WAITING
    return STOPPED if now.outcome in ("stopped", "cancelled") else FAILED


def _from_disk(plan: Plan, artifacts: Artifacts) -> Iterator[tuple[str, Standing]]:
    """Yield where stage runs stand as far as records and their own attempts say."""
    for run in plan.runs.values():
        folder = artifacts.folder(run)
        last = attempts.read(folder)[-1:]
        if store.record_of(folder) is not None:
            yield run.key, Standing(DONE)
        elif last and last[0].outcome and last[0].outcome not in (*standing.AGAIN, attempts.DONE, attempts.HELPED):
            yield run.key, Standing(FAILED, last[0].outcome, last[0].message, last[0].log, last[0].job)
        else:
            yield run.key, Standing(UNKNOWN)


def _healing(queue: Queue, batches: Iterable[str]) -> list[Queued]:
    return [job for name in batches for job in queue.by_batch.get(name, {}).values()]


def _host(artifacts: Artifacts, run: StageRun, now: Standing) -> str | None:
    """Return where a stage run is, where it has said so in this attempt."""
    path = artifacts.folder(run) / store.JOB
    try:
        told: dict[str, Any] = store.read_json(path)
    except (OSError, Corrupt):  # between two attempts
        return None
    return str(told["host"]) if told.get("job") == now.job else None


def _spells(plan: Plan, artifacts: Artifacts, found: Mapping[str, Standing]) -> Iterator[Spell]:
    """Yield when finished stage runs ran, of each stage as many as are needed for a mean."""
    taken: Counter[str] = Counter()
    for run in plan.runs.values():
        if found[run.key].state == DONE and taken[run.stage] < ENOUGH:
            record = store.record_of(artifacts.folder(run)) or {}
            taken[run.stage] += 1
            ended = datetime.fromisoformat(record["finished"]).timestamp()
            yield Spell(run.stage, record["where"].get("job") or run.key, ended - float(record["seconds"]), ended)


def behind(run: StageRun, snapshot: Snapshot) -> StageRun:
    """Return the failed stage run that a blocked one waits for, the farthest upstream."""
    for parent in run.inputs:
        if snapshot.kinds[parent] in (FAILED, BLOCKED):
            return behind(snapshot.plan.runs[parent], snapshot)
    return run


def as_data(snapshot: Snapshot) -> dict[str, Any]:
    """Return a snapshot as plain data for `status --json`."""
    left = snapshot.outlook.seconds
    end = datetime.fromtimestamp(time.time() + left, UTC).isoformat(timespec="seconds") if left is not None else None
    return {
        "sweep": snapshot.plan.name,
        "taken": attempts.now(),
        "cells": {"complete": snapshot.complete, "all": len(snapshot.plan.cells)},
        "counts": snapshot.counts,
        "expected": {"seconds": left, "end": end, "why": snapshot.outlook.why},
        "healing": [job.job for job in snapshot.healing],
        "silence": snapshot.silence or None,
        "runs": [_run_data(run, snapshot) for run in snapshot.plan.runs.values()],
    }


def _run_data(run: StageRun, snapshot: Snapshot) -> dict[str, Any]:
    now, at = snapshot.found[run.key], snapshot.progress.get(run.key)
    kind = snapshot.kinds[run.key]
    return {
        "key": run.key,
        "stage": run.stage,
        "label": run.label,
        "branch": run.branch,
        "state": kind,
        "outcome": now.outcome or None,
        "message": now.message or None,
        "log": now.log,
        "job": now.job,
        "reason": now.reason or None,
        "start": now.start or None,
        "host": snapshot.hosts.get(run.key),
        "progress": {"done": at.done, "total": at.total, "what": at.what} if at else None,
        "waits_for": behind(run, snapshot).key if kind == BLOCKED else None,
    }
