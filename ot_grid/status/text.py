"""The text of `status`: counts by stage, what runs, what is queued and why, what failed and why, what to do next.

One idea: a thousand stage runs fit on a screen: what is alike is counted, what differs is named. It must not look at
anything but a snapshot.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from ot_grid.attempts import FOR_GOOD
from ot_grid.cluster.standing import IN_ITS_JOB, Standing
from ot_grid.errors import many
from ot_grid.planning.pipeline import STAGES
from ot_grid.planning.plan import StageRun
from ot_grid.status.outlook import clock, moment
from ot_grid.status.plans import banner, until
from ot_grid.status.snapshot import BLOCKED, DONE, FAILED, QUEUED, RUNNING, STOPPED, UNKNOWN, WAITING, Snapshot, behind

SHOWN = 20  # lines of a list; the rest is counted
ALIKE = 3  # failures of one stage with one cause
COLUMNS = {DONE: (DONE,), RUNNING: (RUNNING,), QUEUED: (QUEUED,), FAILED: (FAILED,), WAITING: (WAITING, BLOCKED),
           STOPPED: (STOPPED,), UNKNOWN: (UNKNOWN,)}  # fmt: skip
ALWAYS = (DONE, RUNNING, QUEUED, FAILED, WAITING)
# What Slurm means by the reasons that a job meets most often (man squeue).
REASONS = {
    "Dependency": "waiting for what they are made from",
    IN_ITS_JOB: "next in jobs that run",
    "Resources": "waiting for free nodes",
    "Priority": "behind jobs of higher priority",
    "JobArrayTaskLimit": "at the limit of their array, which `throttle` moves",
    "BeginTime": "queued again, about to start",
    "JobHeldUser": "held; `scontrol release JOB` lets them go",
    "JobHeldAdmin": "held by an administrator",
    "DependencyNeverSatisfied": "never to start; `resume` submits them again",
    "ReqNodeNotAvail": "waiting for nodes that are down, drained or reserved",
    "Nodes required for job are DOWN": "waiting for nodes that are down, drained or reserved",
    "PartitionDown": "waiting for the partition, which is down",
    "PartitionTimeLimit": "asking for more than the partition's time limit: cluster.slurm.time",
    "launch failed requeued held": "held, as they could not be started; `resume` lets them go",
}


def text(snapshot: Snapshot, *, every: bool = False) -> Iterator[str]:
    """Yield the lines of `status`; `every` names what else would be counted."""
    plan = snapshot.plan
    yield from banner(plan.banner)
    counts = ", ".join(f"{count} {kind}" for kind, count in snapshot.counts.items() if count)
    cells = many(len(plan.cells), "cell")
    done = f"{snapshot.complete} of {cells} complete{until(plan)}"
    yield f"sweep {plan.name}: {done}; {many(len(plan.runs), 'stage run')}: {counts}"
    if snapshot.silence:
        yield f"Slurm does not answer, so this is what the disk says: {snapshot.silence}"
    yield ""
    yield from table(snapshot)
    for section in (_running, _queued, _failed, _stopped, _waiting):
        lines = list(section(snapshot, every))
        yield from ["", *lines] if lines else []
    yield ""
    if snapshot.moving:
        yield f"expected end: {snapshot.outlook}"
    yield from advice(snapshot)


def table(snapshot: Snapshot) -> Iterator[str]:
    """Yield the counts of each stage."""
    count = Counter((run.stage, snapshot.kinds[run.key]) for run in snapshot.plan.runs.values())
    there = {kind for kind, number in snapshot.counts.items() if number}
    columns = {name: kinds for name, kinds in COLUMNS.items() if name in ALWAYS or there & set(kinds)}
    yield f"  {'stage':<14}{'all':>7}" + "".join(f"{name:>9}" for name in columns)
    for stage in [stage.name for stage in STAGES]:
        numbers = [sum(count[stage, kind] for kind in kinds) for kinds in columns.values()]
        if total := sum(number for (name, _), number in count.items() if name == stage):
            yield f"  {stage:<14}{total:>7}" + "".join(f"{number or '.':>9}" for number in numbers)


def _running(snapshot: Snapshot, every: bool) -> Iterator[str]:
    runs = snapshot.of(RUNNING)
    if runs:
        yield "running:"
        yield from _some(runs, every, lambda run: f"  {run}  {_whereabouts(run, snapshot)}")


def _whereabouts(run: StageRun, snapshot: Snapshot) -> str:
    """Return how far a running stage run is, and where."""
    now, host = snapshot.found[run.key], snapshot.hosts.get(run.key)
    began = moment(now.start)
    words = [
        str(snapshot.progress.get(run.key, "")),
        f"job {now.job}" if now.job else "",
        f"on {host}" if host else "",
        f"since {clock(began)}" if began else "",
        f"{now.workers} jobs work on it" if now.workers > 1 else "",
    ]
    return ", ".join(word for word in words if word)


def _queued(snapshot: Snapshot, every: bool) -> Iterator[str]:
    """Yield a line for each stage and reason; all stage runs below it where all are to be shown."""
    groups = _groups(snapshot, QUEUED, lambda now: now.reason)
    if groups:
        yield "queued:"
    for (stage, reason), runs in sorted(groups.items(), key=_in_order):
        jobs = len({snapshot.found[run.key].job for run in runs})
        starts = [start for run in runs if (start := moment(snapshot.found[run.key].start))]
        # The start of a job that already runs is no news to what comes later in it.
        first = (
            f"; the first starts about {clock(min(starts))}" if starts and reason in ("Resources", "Priority") else ""
        )
        yield f"  {stage:<14}{many(len(runs), 'stage run')} in {many(jobs, 'job')}: {_meaning(reason)}{first}"
        if every:
            yield from (f"      {run}  job {snapshot.found[run.key].job}" for run in runs)


def _groups(snapshot: Snapshot, kind: str, said: Callable[[Standing], str]) -> dict[tuple[str, str], list[StageRun]]:
    """Return the stage runs of a kind by their stage and what is said of them."""
    groups: dict[tuple[str, str], list[StageRun]] = {}
    for run in snapshot.of(kind):
        groups.setdefault((run.stage, said(snapshot.found[run.key])), []).append(run)
    return groups


def _in_order(group: tuple[tuple[str, str], list[StageRun]]) -> int:
    """Return the place of a group's stage in the method."""
    return [stage.name for stage in STAGES].index(group[0][0])


def _meaning(reason: str) -> str:
    """Return what a reason of Slurm means, with Slurm's word."""
    word = reason.split(",")[0].strip("()")
    if known := REASONS.get(word):
        return known if reason == IN_ITS_JOB else f"{known} ({word})"
    return reason if reason not in ("", "None") else "Slurm has not said why yet"


def _failed(snapshot: Snapshot, every: bool) -> Iterator[str]:
    """Yield what failed and why; of those that failed alike a few, so that no other cause is hidden behind them."""
    alike = _groups(snapshot, FAILED, lambda now: now.outcome + _first_line(now.message))
    if alike:
        yield "failed:"
    lines: list[str] = []
    for (stage, _), runs in alike.items():
        shown = runs if every else runs[:ALIKE]
        lines += [f"  {run}: {_cause(run, snapshot)}" for run in shown]
        if len(runs) > len(shown):
            lines.append(f"  ... and {len(runs) - len(shown)} more of {stage} alike (all of them: --all)")
    yield from _some(lines, every, str)
    held_up = Counter(behind(run, snapshot).key for run in snapshot.of(BLOCKED))
    lines = [f"  {many(count, 'stage run')} wait{'s' * (count == 1)} for {snapshot.plan.runs[run_key]}"
             for run_key, count in held_up.items()]  # fmt: skip
    yield from _some(lines, every, str)


def _cause(run: StageRun, snapshot: Snapshot) -> str:
    now = snapshot.found[run.key]
    return f"{now.outcome}: {_first_line(now.message)} (log: {now.log or 'none'})"


def _first_line(message: str) -> str:
    return next(iter(message.splitlines()), "no word")


def _stopped(snapshot: Snapshot, every: bool) -> Iterator[str]:
    """Yield a line for each stage and way of stopping; all stage runs below it where all are to be shown."""
    groups = _groups(snapshot, STOPPED, lambda now: now.outcome)
    if groups:
        yield "stopped by hand:"
    for (stage, outcome), runs in sorted(groups.items(), key=_in_order):
        yield f"  {stage:<14}{many(len(runs), 'stage run')}: {'interrupted' if outcome == 'stopped' else outcome}"
        yield from (f"      {run}: {_cause(run, snapshot)}" for run in runs if every)


def _waiting(snapshot: Snapshot, every: bool) -> Iterator[str]:
    """Yield what is not submitted, where all is to be shown."""
    runs = snapshot.of(WAITING, UNKNOWN) if every else []
    if runs:
        yield "waiting:"
        yield from (f"  {run}" for run in runs)


def _some(items: Sequence[StageRun] | Sequence[str], every: bool, line: Callable[..., str]) -> Iterator[str]:
    """Yield a line for each of the first items, and how many there are more."""
    shown = items if every else items[:SHOWN]
    yield from (line(item) for item in shown)
    if len(items) > len(shown):
        yield f"  ... and {len(items) - len(shown)} more (all of them: --all)"


def advice(snapshot: Snapshot) -> Iterator[str]:
    """Yield what to do next."""
    name = snapshot.plan.name
    idle = not snapshot.moving
    failures = {snapshot.found[run.key].outcome for run in snapshot.of(FAILED)}
    passing = failures - set(FOR_GOOD)
    if snapshot.healing and (passing or snapshot.of(WAITING)):
        yield f"submitted again, where it can pass, by job {_first(job.job for job in snapshot.healing)}"
    elif passing and idle and snapshot.given:
        yield f"to submit again what can pass ({', '.join(sorted(passing))}): python -m ot_grid resume {name}"
    elif idle and snapshot.of(WAITING):
        yield f"to go on: python -m ot_grid resume {name}, or the same command again"
    if failures:
        yield f"when the cause of a failure is removed: python -m ot_grid retry {name}"
    if snapshot.of(STOPPED):
        yield f"to go on with what was stopped: python -m ot_grid retry {name}, or the same command again"
    if snapshot.of(RUNNING, QUEUED):
        yield f"to look on: python -m ot_grid status {name} --watch; python -m ot_grid logs KEY -f"
    if snapshot.complete:
        yield f"the table of what is complete: python -m ot_grid report {name}"


def _first(names: Iterable[str]) -> str:
    return min(names, key=lambda name: (len(name), name))
