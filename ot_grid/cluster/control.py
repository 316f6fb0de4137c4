"""What is already given to Slurm: cancelled, or slowed down.

One idea: jobs are found by the batch that they name, so nothing is missed whose id was never noted; and the jobs that
heal go first, for they would submit the rest again. It must not submit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ot_grid import store
from ot_grid.cluster import batches, slurm
from ot_grid.cluster.batches import Batch
from ot_grid.cluster.slurm import Queue, Queued
from ot_grid.errors import BadInput
from ot_grid.planning import frozen
from ot_grid.store import Store

THROTTLE = "throttle.json"


@dataclass(frozen=True)
class Cancelled:
    """What was cancelled of a sweep."""

    jobs: int = 0
    running: int = 0  # of them
    stage_runs: int = 0  # that they were to make
    waiting: Mapping[str, int] = field(default_factory=dict)  # other sweep -> how many of these stage runs it needs
    given: bool = True  # whether any of it was ever given to Slurm


@dataclass(frozen=True)
class Throttled:
    """Which arrays of a sweep were told how many of their jobs may run at once."""

    arrays: int
    queued: int  # their jobs


def jobs(place: Store, name: str) -> int:
    """Return how many jobs of a sweep are queued or running; Slurm is asked only where it was given any."""
    sweep = frozen.find_sweep(place, name).name
    if not batches.of_sweep(place, sweep):
        return 0
    return sum(len(found) for _, found in _queued(place, sweep, slurm.queue()))


def cancel(place: Store, name: str) -> Cancelled:
    """Cancel all queued and running jobs of a sweep; those that heal it first."""
    sweep = frozen.find_sweep(place, name).name
    if not batches.of_sweep(place, sweep):
        return Cancelled(given=False)
    healing = [job for batch, jobs in _queued(place, sweep, slurm.queue()) if batch.heals for job in jobs]
    slurm.cancel(sorted({job.array for job in healing}))
    with store.submitting(place), slurm.hurried():  # one of them may have been submitting: what it did is seen after it
        queue = slurm.queue()
        rest = _queued(place, sweep, queue)
        slurm.cancel(sorted({job.array for _, jobs in rest for job in jobs}))
    others = [job for _, jobs in rest for job in jobs]
    ended = {job.job: job for job in [*healing, *others]}
    keys = set(_to_make(place, rest))
    return Cancelled(
        len(ended), sum(job.running for job in ended.values()), len(keys), _waiting(place, sweep, keys, queue)
    )


def throttle(place: Store, name: str, most: int) -> Throttled:
    """Let at most `most` jobs of each array of a sweep run at once, also of later arrays; 0 lifts the limit."""
    if most < 0:
        raise BadInput(f"{most} jobs at once cannot be: give a whole number of at least 1, or 0 to lift the limit")
    sweep = frozen.find_sweep(place, name).name
    store.write_json(place.sweep(sweep) / THROTTLE, {"most": most})
    if not batches.of_sweep(place, sweep):
        return Throttled(0, 0)
    arrays: dict[str, int] = {}
    for batch, jobs in _queued(place, sweep, slurm.queue()):
        for job in jobs:
            if not batch.heals and not job.running:  # Slurm refuses it for an array of which nothing waits
                arrays[job.array] = arrays.get(job.array, 0) + 1
    for array in arrays:
        slurm.throttle(array, most)
    return Throttled(len(arrays), sum(arrays.values()))


def throttled(place: Store, sweep: str, most: int | None) -> int | None:
    """Return how many jobs of a sweep's array may run at once: what `throttle` last said, else the settings' `most`.

    It holds for whatever submits the sweep, be it a job that heals or the same command again.
    """
    path = place.sweep(sweep) / THROTTLE
    return store.read_json(path)["most"] or None if path.exists() else most


def _queued(place: Store, sweep: str, queue: Queue) -> list[tuple[Batch, list[Queued]]]:
    """Return the batches of a sweep of which something is queued or running, each with its jobs."""
    found = ((batch, list(queue.by_batch.get(batch.name, {}).values())) for batch in batches.of_sweep(place, sweep))
    return [(batch, jobs) for batch, jobs in found if jobs]


def _to_make(place: Store, given: Iterable[tuple[Batch, list[Queued]]]) -> Iterable[str]:
    """Yield the keys of the stage runs that jobs were to make and that have no record."""
    for batch, jobs in given:
        for job in jobs:
            orders: Iterable[Mapping[str, Any]] = batch.tasks[job.task]
            yield from (str(o["key"]) for o in orders if store.record_of(place.root / o["folder"]) is None)


def _waiting(place: Store, sweep: str, keys: set[str], queue: Queue) -> dict[str, int]:
    """Return the other sweeps with queued jobs that need some of these stage runs."""
    others = {batch.sweep for batch in batches.live(place) if batch.sweep != sweep and batch.name in queue.by_batch}
    needed = {}
    for name in sorted(others):
        cells = frozen.find_sweep(place, name).cells
        theirs = {run.key for cell in cells for run in cell.runs} & keys
        if theirs:
            needed[name] = len(theirs)
    return needed
