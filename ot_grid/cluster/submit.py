"""From a plan to Slurm jobs.

One idea: everything is submitted at once, a wave after the other, one array for each stage and shape, with `afterany`
edges; the guard in `execute` decides whether inputs are there, and no process stays alive. The intent is on disk before
each `sbatch`. It must not wait for a job.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import submitit
from submitit.core.utils import FailedJobError

from ot_grid import attempts, store
from ot_grid.attempts import Attempt
from ot_grid.cluster import batches, capacity, control, resources, slurm, standing
from ot_grid.cluster.batches import Batch
from ot_grid.cluster.standing import FAILED, QUEUED, RUNNING, Standing
from ot_grid.config import Resources, Slurm
from ot_grid.errors import OtGridError, Problems
from ot_grid.planning.packs import Outcome, Pack, Want, waves
from ot_grid.planning.plan import Plan, StageRun
from ot_grid.store import Artifacts

KEPT = ("SLURM_CONF", "SLURM_CLUSTERS")  # of an outer job's environment; the rest would bind a new job to the old one
OUTER = ("SLURM_", "SLURMD_", "SRUN_", "SBATCH_", "SUBMITIT_", "PMI", "OT_GRID_JOB", "OT_GRID_LOG")

MOST_EDGES = 50  # tasks in one dependency
HEARTBEATS = 2  # waiting at any time: where the start of one fails too, the other releases it
SMALL = Resources(nodes=1, cpus=1, mem_gb=2.0, time=30, pack=1, workers=1)  # what it takes to plan and submit


class Arrays(submitit.SlurmExecutor):  # type: ignore[misc]  # submitit's types are not followed
    """Submits arrays whose tasks read their orders from a file: a pickle would bind them to this version's code."""

    def submit_array(self, tasks: int, command: str) -> str:
        """Submit `tasks` jobs with one sbatch; return the array's id."""
        # submitit's own wckey is refused where a cluster knows its keys; `extra` may name one.
        self.parameters |= {"map_count": tasks, "wckey": None}
        return str(self._submit_command(command).job_id)


def submit(plan: Plan, artifacts: Artifacts, *, by_hand: bool = True) -> Outcome:
    """Submit what is neither done nor queued and may pass; `by_hand` also what somebody cancelled."""
    with store.submitting(artifacts.place), slurm.hurried():
        queue = slurm.queue()
        slurm.release([job.job for job in queue.mine() if job.batch and job.stuck])
        found = standing.look(plan, artifacts, queue)
        for batch in batches.live(artifacts.place):
            if batch.name not in queue.by_batch:
                batches.over(artifacts.place, batch)
        return Submission(plan, artifacts, found, queue).submit(by_hand=by_hand)


def check(plan: Plan, artifacts: Artifacts) -> None:
    """Raise `BadInput` where Slurm does not answer, or could never run some of what is missing; write nothing."""
    slurm.queue()
    nodes = capacity.nodes()
    problems = Problems()
    for problem in resources.misfits(plan, artifacts.missing(plan), nodes):
        problems.add(problem)
    problems.raise_if_any()


def rest(plan: Plan, artifacts: Artifacts) -> None:
    """Take back the heartbeats of a sweep that is done; where Slurm does not answer they end by themselves."""
    live = [batch for batch in batches.live(artifacts.place) if _heartbeat(batch, plan.name)]
    if live:
        with suppress(OtGridError), store.submitting(artifacts.place), slurm.hurried():
            slurm.cancel([job.job for job in _waiting(live, slurm.queue())])


def _heartbeat(batch: Batch, sweep: str) -> bool:
    return batch.sweep == sweep and batch.stage == batches.HEARTBEAT


def _waiting(given: Iterable[Batch], queue: slurm.Queue) -> list[slurm.Queued]:
    """Return the jobs of batches that are queued and have not begun."""
    jobs = (job for batch in given for job in queue.by_batch.get(batch.name, {}).values())
    return [job for job in jobs if not job.running]


@dataclass
class Submission:
    """One submission: what is to be run, what is there already, what has been submitted."""

    plan: Plan
    artifacts: Artifacts
    found: Mapping[str, Standing]
    queue: slurm.Queue
    outcome: Outcome = field(default_factory=Outcome)
    jobs: dict[str, str] = field(default_factory=dict)  # key -> the Slurm job that is to make it
    wants: dict[str, Want] = field(default_factory=dict)
    workers: dict[str, int] = field(default_factory=dict)  # key -> jobs to submit that generate for it
    nodes: list[capacity.Node] = field(default_factory=list)
    left: set[str] = field(default_factory=set)  # keys for which there is no room

    @property
    def settings(self) -> Slurm:
        """The settings of the cluster."""
        return self.plan.runtime.cluster.slurm

    def submit(self, *, by_hand: bool) -> Outcome:
        """Submit all waves."""
        self.nodes = capacity.nodes()
        wanted = list(self._wanted(by_hand=by_hand))
        resources.check(((f"{run.stage} {run.label}", self.wants[run.key].resources) for run in wanted), self.nodes)
        limits = capacity.limits(self.settings.qos)
        room = sys.maxsize if limits.submitted is None else limits.submitted - len(self.queue.mine())
        for wave in waves(wanted, self.wants):
            made = []
            for (stage, _), packs in wave.items():
                for part in _parts(self._shared(packs), limits.array_size):
                    fits = part[: max(0, room - 1)]  # one more for the job that heals
                    if fits:
                        made.append(self._array(stage, fits))
                    self.left |= {run.key for pack in part[len(fits) :] for run in pack.runs} - self.jobs.keys()
                    room -= len(fits)
            if made and self.settings.self_heal:
                self._heal(made)
                room -= 1
        self.outcome.left = len(self.left)
        self._keep_watch(room)
        return self.outcome

    def _keep_watch(self, room: int) -> None:
        """Have heartbeats wait as long as anything else of the sweep does, and none after that.

        A job that heals waits for a wave, so for ever where Slurm holds back a job of that wave, or itself, because its
        start failed on some node ("launch failed requeued held"). A heartbeat waits for the clock alone.
        """
        place, sweep = self.artifacts.place, self.plan.name
        waiting = _waiting((batch for batch in batches.live(place) if _heartbeat(batch, sweep)), self.queue)
        minutes = self.settings.heartbeat if self.settings.self_heal else None
        if not self.outcome.on_cluster or not minutes:
            slurm.cancel([job.job for job in waiting])
            return
        given = resources.layered(self.settings, self.settings.cpu, SMALL)
        for number in range(len(waiting), min(HEARTBEATS, len(waiting) + room)):
            begin = {"begin": f"now+{round(60 * minutes * (number + 1))}"}
            batch = self._intend(batches.HEARTBEAT, [[]], given)
            self._sbatch(batch, f"{batches.HEARTBEAT}-{sweep}", flags=begin)

    def _shared(self, packs: Sequence[Pack]) -> Iterator[Pack]:
        """Yield each pack that has its inputs in view, once for every worker that it is to have."""
        for pack in packs:
            if any(parent in self.left for run in pack.runs for parent in run.inputs):
                self.left |= {run.key for run in pack.runs}
                continue
            yield from [pack] * self.workers[pack.runs[0].key]

    def _wanted(self, *, by_hand: bool) -> Iterator[StageRun]:
        """Yield what is to be submitted; note what is queued and what has failed for good."""
        for run in self.plan.runs.values():
            now = self.found[run.key]
            if now.state == standing.DONE:
                self.outcome.cached += 1
                continue
            history = self._history(run, now)
            want = resources.of(run, self.plan, history, self.nodes)
            self.wants[run.key] = Want.of(want)
            self.workers[run.key] = int(want.workers or 1) - now.workers
            if now.state in (QUEUED, RUNNING):
                self.outcome.queued += 1
                if now.job:
                    self.jobs[run.key] = now.job
                if now.workers and self.workers[run.key] > 0:
                    yield run  # more workers than it was given before
            elif why := self._hopeless(run, now, history, by_hand=by_hand):
                self.outcome.failed[run.key] = why
            else:
                yield run

    def _history(self, run: StageRun, now: Standing) -> list[Attempt]:
        """Return the attempts at a stage run; how it died that could not say so itself is noted first."""
        folder = self.artifacts.folder(run)
        history = attempts.read(folder)
        if now.state != FAILED or now.told:
            return history
        died = history[-1].id if history and history[-1].outcome is None else None
        attempts.end(folder, now.outcome, now.message, name=died, job=now.job)
        return attempts.read(folder)

    def _hopeless(self, run: StageRun, now: Standing, history: Sequence[Attempt], *, by_hand: bool) -> str | None:
        """Return why a stage run is not submitted, None when it is."""
        lost = [parent for parent in run.inputs if parent in self.outcome.failed]
        if lost:
            return f"upstream: {self.plan.runs[lost[0]]} failed"
        if now.state == FAILED and now.outcome == "cancelled" and not by_hand:
            return f"{now.message or 'cancelled'}; the same command, or `retry`, submits it again"
        why = attempts.exhausted(history, self.settings.retries)
        return f"{why}: {now.message.splitlines()[0] if now.message else ''} (log: {now.log})" if why else None

    def _array(self, stage: str, packs: Sequence[Pack]) -> str:
        first = packs[0].runs[0]
        want = self.wants[first.key].resources
        shared = (want.workers or 1) > 1
        orders = []
        for pack in packs:
            orders.append([{**self.artifacts.order(run, self.plan), "shared": shared} for run in pack.runs])
        inside = {run.key for pack in packs for run in pack.runs}
        parents = {
            self.jobs[parent] for pack in packs for run in pack.runs for parent in run.inputs if parent in self.jobs
        }
        name = f"{first.stage}-{store.slug(first.label)}-{first.key[:8]}" if len(inside) == 1 else None
        batch = self._intend(stage, orders, want)
        job = self._sbatch(batch, name or f"{stage}-{self.plan.name}", edges(parents))
        self.jobs.update((run_key, job) for run_key in inside if run_key not in self.jobs)
        self.outcome.handed_over += len(inside)
        return job

    def _heal(self, wave: Sequence[str]) -> None:
        """Submit the small job that resumes the sweep when a wave has ended."""
        given = resources.layered(self.settings, self.settings.cpu, SMALL)
        self._sbatch(self._intend(batches.HEAL, [[]], given), f"{batches.HEAL}-{self.plan.name}", wave)

    def _intend(self, stage: str, tasks: Sequence[Sequence[Mapping[str, Any]]], given: Resources) -> Batch:
        place, sweep, runtime = self.artifacts.place, self.plan.name, self.plan.runtime
        return batches.intend(place, sweep, stage, tasks, resources=given, runtime=runtime)

    def _sbatch(
        self, batch: Batch, name: str, parents: Sequence[str] = (), flags: Mapping[str, Any] = MappingProxyType({})
    ) -> str:
        executor = Arrays(folder=batch.folder)
        request, place = batch.resources, self.artifacts.place
        executor.update_parameters(
            job_name=name,
            setup=request.setup or None,
            stderr_to_stdout=True,
            use_srun=False,
            array_parallelism=control.throttled(place, self.plan.name, self.settings.max_parallel) or len(batch.tasks),
            additional_parameters={**self._flags(batch, parents), **resources.options(request), **flags},
        )
        python = request.python or shlex.quote(sys.executable)
        # exec: the process is the batch script, so that Slurm's signals reach it.
        command = f"exec {python} -u -m ot_grid.job {shlex.quote(str(batch.folder))}"
        try:
            with outside_of_any_job():
                job = executor.submit_array(len(batch.tasks), command)
        except FailedJobError as error:
            batches.over(place, batch)
            raise OtGridError(
                f"sbatch refused {name}: {' '.join(str(error).split())}; what was submitted before goes on, and the "
                "same command submits the rest"
            ) from error
        batches.submitted(batch, job)
        self.outcome.submitted.append(job)
        return job

    def _flags(self, batch: Batch, parents: Sequence[str]) -> dict[str, Any]:
        flags: dict[str, Any] = {
            "comment": slurm.COMMENT + batch.name,
            "requeue": True,
            "kill-on-invalid-dep": "yes",
            "signal": f"B:USR1@{batch.resources.grace or 0}",
            "ntasks-per-node": 1,
        }
        return {**flags, "dependency": "afterany:" + ":".join(parents)} if parents else flags


def edges(parents: set[str]) -> list[str]:
    """Return the jobs to wait for: tasks of earlier arrays, or their whole arrays when the tasks are many."""
    return sorted(parents if len(parents) <= MOST_EDGES else {parent.partition("_")[0] for parent in parents})


def _parts(packs: Iterator[Pack], most: int) -> Iterator[list[Pack]]:
    every = list(packs)
    yield from (every[start : start + most] for start in range(0, len(every), most))


@contextmanager
def outside_of_any_job() -> Iterator[None]:
    """Hide the job that this process may be in: a job submitted from it would take over its settings."""
    hidden = {name: os.environ.pop(name) for name in list(os.environ) if name.startswith(OUTER) and name not in KEPT}
    try:
        yield
    finally:
        os.environ.update(hidden)
