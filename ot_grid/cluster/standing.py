"""Where every stage run of a plan stands: done, running, queued, failed and why, or waiting.

One idea: records decide; what has none is looked up in one answer of the queue, in its own attempts, and, where it died
without a word, in one answer of accounting. It must not write.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ot_grid import attempts, store
from ot_grid.attempts import Attempt
from ot_grid.cluster import batches, slurm
from ot_grid.cluster.batches import Batch
from ot_grid.cluster.slurm import Ended, Queue, Queued
from ot_grid.planning.plan import Plan
from ot_grid.store import Artifacts

DONE, RUNNING, QUEUED, FAILED, WAITING = "done", "running", "queued", "failed", "not started"
AGAIN = ("time limit", "preempted")  # ends after which the same job is queued again
IN_ITS_JOB = "its job is at another stage run"  # a reason of ours, beside those of Slurm
NO_ACCOUNTING = "its job ended without a word, and accounting does not say how"


@dataclass(frozen=True)
class Standing:
    """Where one stage run stands."""

    state: str
    outcome: str = ""  # of a failure: its class
    message: str = ""
    log: str | None = None
    job: str | None = None
    reason: str = ""  # why Slurm lets it wait
    start: str = ""  # when Slurm means to start it
    workers: int = 0  # jobs that are to make it or are at it
    told: bool = True  # whether its own attempts say so; else it was found out here

    def __str__(self) -> str:
        if self.state == FAILED and self.outcome == "upstream" and not self.message:
            return "upstream failed"
        if self.state == FAILED and self.outcome == "stopped":
            return "stopped halfway: it was interrupted; the next run starts it again"
        if self.state == FAILED:
            first = self.message.splitlines()[0] if self.message else "no word"
            return f"failed: {self.outcome}: {first} (log: {self.log})"
        why = f" ({self.reason})" if self.reason and self.reason != "None" else ""
        return f"{self.state}{f': job {self.job}{why}' if self.job and self.state in (RUNNING, QUEUED) else ''}"


@dataclass(frozen=True)
class Place:
    """One task of a batch that holds a stage run."""

    batch: Batch
    task: int
    queued: Queued | None  # None: gone from the queue

    @property
    def job(self) -> str | None:
        """Slurm's id of the task."""
        if self.queued:
            return self.queued.job
        return f"{self.batch.job}_{self.task}" if self.batch.job else None


def look(plan: Plan, artifacts: Artifacts, queue: Queue | None = None) -> dict[str, Standing]:
    """Return where each stage run of a plan stands, by key; Slurm is asked only where it was given something.

    What is done needs no Slurm: the results may lie where there is none.
    """
    given = given_to_slurm(plan.name, artifacts)
    if queue is None:
        queue = slurm.queue() if given and artifacts.missing(plan) else Queue()
    places = _places(given, queue)
    standings: dict[str, Standing] = {}
    unclear: dict[str, Place | Attempt] = {}
    for run in plan.runs.values():
        standing = Standing(DONE) if artifacts.done(run) else _one(artifacts.folder(run), places.get(run.key, []))
        if isinstance(standing, Standing):
            standings[run.key] = standing
        else:
            unclear[run.key] = standing
            standings[run.key] = Standing(WAITING)  # keeps the order of the plan
    standings.update(_found_out(unclear))
    _mark_descendants(plan, standings)
    return standings


def given_to_slurm(sweep: str, artifacts: Artifacts) -> list[Batch]:
    """Return the batches of a sweep, and those of any sweep that may still be queued, the oldest first."""
    known = {batch.name: batch for batch in batches.of_sweep(artifacts.place, sweep)}
    known.update((batch.name, batch) for batch in batches.live(artifacts.place))
    return [known[name] for name in sorted(known)]


def _places(given: Iterable[Batch], queue: Queue) -> dict[str, list[Place]]:
    """Return the tasks that hold each stage run, the oldest first."""
    places: dict[str, list[Place]] = {}
    for batch in given:
        tasks = queue.by_batch.get(batch.name, {})
        for task, orders in enumerate(batch.tasks):
            for order in orders:
                places.setdefault(str(order["key"]), []).append(Place(batch, task, tasks.get(task)))
    return places


def _one(folder: Path, places: Sequence[Place]) -> Standing | Place | Attempt:
    """Return where a stage run stands that had no record, or what accounting has to be asked about."""
    history = attempts.read(folder)
    last = history[-1] if history else None
    queued = [place for place in places if place.queued and not _failed_in(last, place)]
    if queued:
        return _in_queue(queued, history)
    if store.is_claimed(folder):
        return Standing(RUNNING, job=last.job if last else None, log=last.log if last else None)
    if (folder / store.RECORD).exists():  # written while we looked; the claim is let go after it
        return Standing(DONE)
    gone = places[-1] if places else None
    if gone and not gone.queued and gone.job not in {attempt.job for attempt in history}:
        return gone
    if last is None or last.outcome == attempts.FORGIVEN:
        return Standing(WAITING)
    if last.outcome is None:
        return last
    if last.outcome in (attempts.DONE, attempts.HELPED):
        return Standing(WAITING)
    return Standing(FAILED, last.outcome, last.message, last.log, last.job)


def _failed_in(last: Attempt | None, place: Place) -> bool:
    """Whether a stage run has failed in a job that goes on with others of its pack."""
    ended = last is not None and last.outcome is not None and last.job == place.job
    return ended and last is not None and last.outcome not in (*AGAIN, attempts.HELPED)


def _in_queue(places: Sequence[Place], history: Sequence[Attempt]) -> Standing:
    open_jobs = {attempt.job: attempt for attempt in history if attempt.outcome is None}
    for place in places:
        assert place.queued is not None, "the caller left out what is gone"
        if place.queued.running and place.job in open_jobs:
            log = open_jobs[place.job].log
            return Standing(RUNNING, log=log, job=place.job, start=place.queued.start, workers=len(places))
    first = next((place for place in places if place.queued and place.queued.running), places[0])
    assert first.queued is not None, "the caller left out what is gone"
    reason = IN_ITS_JOB if first.queued.running else first.queued.reason
    return Standing(QUEUED, job=first.job, reason=reason, start=first.queued.start, workers=len(places))


def _found_out(unclear: Mapping[str, Place | Attempt]) -> dict[str, Standing]:
    """Return what accounting says of stage runs that died without a word, in one question."""
    jobs = {key: each.job for key, each in unclear.items()}
    ended = slurm.ended(job.partition("_")[0] for job in jobs.values() if job and job.partition("_")[0].isdigit())
    return {key: _ended(each, (ended or {}).get(jobs[key] or "")) for key, each in unclear.items()}


def _ended(last: Place | Attempt, ended: Ended | None) -> Standing:
    log = last.log if isinstance(last, Attempt) else last.batch.log(last.job and last.job.partition("_")[0], last.task)
    if ended is None:
        if isinstance(last, Place) and not last.job:
            return Standing(WAITING)  # intended, never submitted
        return Standing(FAILED, "killed", NO_ACCOUNTING, log, last.job, told=False)
    message = f"its job ended {ended.state} ({ended.exit_code})"
    return Standing(FAILED, ended.outcome, message, log, last.job, told=False)


def _mark_descendants(plan: Plan, found: dict[str, Standing]) -> None:
    """Say 'upstream' of what waits for something that failed."""
    for run in plan.runs.values():
        standing = found[run.key]
        if standing.state == WAITING and any(found[parent].state == FAILED for parent in run.inputs):
            found[run.key] = Standing(FAILED, "upstream")
