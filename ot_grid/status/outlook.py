"""When a sweep will be done: an estimate from what its stage runs have taken.

One idea: what is left takes at least its longest chain, and at least its work over the jobs that run at once. Where the
time of a stage is not known yet, that is said and not guessed. It must not read files or ask Slurm.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import mean

from ot_grid.cluster.standing import DONE, FAILED, IN_ITS_JOB, QUEUED, RUNNING, Standing
from ot_grid.planning.plan import Plan, StageRun
from ot_grid.running.progress import PRIOR, Progress, duration

IN_ORDER = ("Dependency", IN_ITS_JOB)  # reasons that more jobs at once would not change


@dataclass(frozen=True)
class Spell:
    """The time that a finished stage run took, in seconds since 1970."""

    stage: str
    job: str  # stage runs of one job run one after the other
    began: float
    ended: float

    @property
    def seconds(self) -> float:
        """How long it was."""
        return self.ended - self.began


@dataclass(frozen=True)
class Outlook:
    """How long a sweep will still take."""

    seconds: float | None  # None: unknown
    why: str  # what the estimate rests on, or why there is none

    def __str__(self) -> str:
        if self.seconds is None:
            return f"unknown: {self.why}"
        return f"about {clock(datetime.now().timestamp() + self.seconds)}, in {duration(self.seconds)} ({self.why})"


def expect(
    plan: Plan,
    standings: Mapping[str, Standing],
    spells: Sequence[Spell],
    progress: Mapping[str, Progress],
    now: float,
) -> Outlook:
    """Return how long the stage runs of a plan that have not failed will still take."""
    rest = [run for run in plan.runs.values() if standings[run.key].state not in (DONE, FAILED)]
    if not rest:
        failed = any(now.state == FAILED for now in standings.values())
        return Outlook(None, "nothing of it is queued") if failed else Outlook(0.0, "done")
    takes = _takes(plan, spells, progress, now)
    unknown = sorted({run.stage for run in rest if run.stage not in takes}, key=list(PRIOR).index)
    left = {run.key: _left(run, standings, takes, progress, now) for run in rest}
    longest = max(_longest_chain(rest, left), _longest_job(rest, left, standings))
    if unknown:
        known = f"; the rest takes at least {duration(longest)}" if longest else ""
        return Outlook(None, f"no {' or '.join(unknown)} has told yet how long it takes{known}")
    at_once, wait = _at_once(rest, standings, spells), _until_start(rest, standings, now)
    if at_once is None or wait is None:
        return Outlook(None, f"nothing runs now; the longest chain takes about {duration(longest)}")
    seconds = wait + max(longest, sum(left.values()) / at_once)
    jobs = "1 job" if at_once == 1 else f"{at_once} jobs"
    why = f"{jobs} at once, longest chain {duration(longest)}"
    guessed = sorted({run.stage for run in rest} - _measured(spells, progress, plan), key=list(PRIOR).index)
    return Outlook(seconds, f"{why}; of {', '.join(guessed)} the usual time of a rehearsal" if guessed else why)


def _measured(spells: Sequence[Spell], progress: Mapping[str, Progress], plan: Plan) -> set[str]:
    """Return the stages of which this sweep knows how long they take."""
    moving = {plan.runs[run_key].stage for run_key, at in progress.items() if at.done}
    return {spell.stage for spell in spells} | moving


def _takes(plan: Plan, spells: Sequence[Spell], progress: Mapping[str, Progress], now: float) -> dict[str, float]:
    """Return the seconds of a stage run by stage: of finished ones, of running ones, or a rehearsal's usual time."""
    seconds: dict[str, float] = {str(stage): float(usual) for stage, usual in PRIOR.items()} if plan.banner else {}
    moving: dict[str, list[float]] = {}
    for run_key, at in progress.items():
        if at.done:
            moving.setdefault(plan.runs[run_key].stage, []).append((now - at.started) * at.total / at.done)
    ended: dict[str, list[float]] = {}
    for spell in spells:
        ended.setdefault(spell.stage, []).append(spell.seconds)
    return {**seconds, **{stage: mean(each) for stage, each in [*moving.items(), *ended.items()]}}


def _left(
    run: StageRun,
    found: Mapping[str, Standing],
    takes: Mapping[str, float],
    progress: Mapping[str, Progress],
    now: float,
) -> float:
    """Return the seconds that a stage run still takes: half of them where a running one has not said how far it is."""
    whole = takes.get(run.stage, 0.0)
    if found[run.key].state != RUNNING:
        return whole
    at = progress.get(run.key)
    return (now - at.started) * (at.total - at.done) / at.done if at and at.done else whole / 2


def _longest_chain(rest: Sequence[StageRun], left: Mapping[str, float]) -> float:
    """Return the most seconds that stage runs take which wait for each other; inputs come first in `rest`."""
    until: dict[str, float] = {}
    for run in rest:
        until[run.key] = left[run.key] + max((until.get(parent, 0.0) for parent in run.inputs), default=0.0)
    return max(until.values())


def _longest_job(rest: Sequence[StageRun], left: Mapping[str, float], found: Mapping[str, Standing]) -> float:
    """Return the most seconds that one job still has to do."""
    jobs: dict[str, float] = {}
    for run in rest:
        if job := found[run.key].job:
            jobs[job] = jobs.get(job, 0.0) + left[run.key]
    return max(jobs.values(), default=0.0)


def _at_once(rest: Sequence[StageRun], found: Mapping[str, Standing], spells: Sequence[Spell]) -> int | None:
    """Return how many jobs run at once: those of now where more wait for room, else the most seen; None: not known."""
    running = len({found[run.key].job or run.key for run in rest if found[run.key].state == RUNNING})
    full = any(found[run.key].state == QUEUED and found[run.key].reason not in IN_ORDER for run in rest)
    return (running if running and full else max(running, _most_at_once(spells))) or None


def _most_at_once(spells: Sequence[Spell]) -> int:
    """Return how many jobs ran at one moment, at most."""
    jobs: dict[str, list[Spell]] = {}
    for spell in spells:
        jobs.setdefault(spell.job, []).append(spell)
    changes = []
    for job in jobs.values():
        changes.append((min(spell.began for spell in job), 1))
        changes.append((max(spell.ended for spell in job), -1))
    most = running = 0
    for _, change in sorted(changes):  # at one moment, ends sort before beginnings
        running += change
        most = max(most, running)
    return most


def _until_start(rest: Sequence[StageRun], found: Mapping[str, Standing], now: float) -> float | None:
    """Return the seconds until something runs; None where nothing does and Slurm does not say when."""
    if any(found[run.key].state == RUNNING for run in rest):
        return 0.0
    starts = [start for run in rest if (start := moment(found[run.key].start)) is not None]
    return max(0.0, min(starts) - now) if starts else None


def moment(told: str) -> float | None:
    """Return a time as Slurm tells it in seconds since 1970; None for N/A."""
    try:
        return datetime.fromisoformat(told).timestamp()
    except ValueError:
        return None


def clock(when: float) -> str:
    """Return a moment as a person reads it: the time of day, and the day where it is not today."""
    at = datetime.fromtimestamp(when)
    return f"{at:%H:%M}" if at.date() == datetime.now().date() else f"{at:%a %d %b %H:%M}"
