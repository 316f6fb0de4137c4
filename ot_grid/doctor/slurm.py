"""What Slurm says of itself: whether it answers, its limits, accounting, partitions, and whether the jobs would fit."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

from ot_grid.cluster import capacity, resources, slurm
from ot_grid.config import Resources, Slurm
from ot_grid.doctor.finding import BROKEN, OK, WARNING, Finding
from ot_grid.errors import BadInput, OtGridError
from ot_grid.planning.plan import Plan

REACHED = "Slurm"
MOST_PARTITIONS = 12
NOT_NOW = "node configuration is not available"
FIELDS = "%P|%a|%D|%T|%c|%m|%G|%l"  # partition (a star: default), up, nodes, state, cores, MiB, GPUs, longest time


def examine(plan: Plan) -> Iterator[Finding]:
    """Yield what Slurm says; nothing more when it does not answer."""
    settings = plan.runtime.cluster.slurm
    try:
        found = [limits(plan, settings), *partitions(settings)]
    except OtGridError as error:
        yield Finding(BROKEN, REACHED, str(error))
        return
    yield from found
    yield accounting()
    yield from fits(plan)


def limits(plan: Plan, settings: Slurm) -> Finding:
    """Return the version and the limits; warn when a plan is larger than they are and nothing would submit the rest."""
    known = capacity.limits(settings.qos)
    version = slurm.ask("sinfo", "--version").strip()
    at_once = known.submitted or "any number of"
    sentence = f"{version} answers; arrays of {known.array_size} jobs, {at_once} jobs of a user at once"
    most = len(plan.runs)  # where nothing is packed
    if known.submitted and known.submitted <= most and not settings.self_heal:
        return Finding(
            WARNING,
            REACHED,
            f"{sentence}: {most} stage runs may not fit, and cluster.slurm.self_heal=false leaves the rest to you: the "
            "same command again, or self_heal=true",
        )
    return Finding(OK, REACHED, sentence)


def partitions(settings: Slurm) -> Iterator[Finding]:
    """Yield the partitions, each with its nodes and GPUs; the one that jobs go to is checked."""
    lines = slurm.ask("sinfo", "--noheader", f"--format={FIELDS}").splitlines()
    rows = [line.strip().split("|") for line in lines if line.count("|") == FIELDS.count("|")]
    names = list(dict.fromkeys(row[0] for row in rows))
    for name in names[:MOST_PARTITIONS]:
        mine = [row for row in rows if row[0] == name]
        shapes = dict.fromkeys(_shape(row) for row in mine)
        sentence = f"{name.rstrip('*')}: {', '.join(shapes)}; at most {mine[0][7]}"
        used = settings.partition == name.rstrip("*") or (settings.partition is None and name.endswith("*"))
        usable = mine[0][1] == "up" and any(row[3].startswith(("idle", "mixed", "alloc", "compl")) for row in mine)
        if used and not usable:
            yield Finding(WARNING, "partition", f"{sentence}; it is {mine[0][1]}, and no node takes jobs now: sinfo -R")
        else:
            yield Finding(OK, "partition", sentence)
    if len(names) > MOST_PARTITIONS:
        yield Finding(OK, "partition", f"and {len(names) - MOST_PARTITIONS} more: sinfo")


def _shape(row: list[str]) -> str:
    _, up, nodes, state, cores, memory, gpus, _ = row
    gib = int(memory.rstrip("+")) / 1024
    devices = "no GPU" if gpus == "(null)" else gpus
    return f"{nodes} nodes {state if up == 'up' else up} of {cores} cores, {gib:.0f} GiB, {devices}"


def accounting() -> Finding:
    """Return whether accounting tells how jobs ended."""
    if slurm.accounted(["1"]) is not None:
        return Finding(OK, "accounting", "sacct answers")
    return Finding(
        WARNING, "accounting", "sacct does not answer: of a job that dies without a word it cannot be told whether it "
        "lacked memory or time or lost its node; it is counted as 'killed' (cluster.slurm.retries.killed)"
    )  # fmt: skip


def fits(plan: Plan) -> Iterator[Finding]:
    """Yield for each distinct request of the plan's jobs whether the cluster could ever run it; submits nothing."""
    nodes = capacity.nodes()
    asked: dict[str, tuple[Resources, dict[str, None]]] = {}
    unfit: set[str] = set()
    for run in plan.runs.values():
        try:
            request = resources.of(run, plan, nodes=nodes)
        except BadInput as error:  # a model that fits no GPU
            if str(error) not in unfit:
                yield Finding(BROKEN, "jobs", f"{run.stage} {run.label}: {error}")
            unfit.add(str(error))
            continue
        asked.setdefault(str(resources.options(request)), (request, {}))[1][run.stage] = None
    for request, stages in asked.values():
        given = resources.options(request)
        sentence = f"{', '.join(stages)}: {' '.join(f'{name}={value}' for name, value in given.items())}"
        problems = list(resources.too_much(request, nodes))
        refusal = refused(given)
        if problems:
            sentence = f"{sentence}: {'; '.join(problems)}; change cluster.slurm (conf/cluster/slurm.yaml)"
            yield Finding(BROKEN, "jobs", sentence)
        elif refusal:
            state = WARNING if NOT_NOW in refusal else BROKEN  # what is down or drained comes back
            yield Finding(state, "jobs", f"{sentence}; Slurm says: {refusal}; see: sinfo -R, sacctmgr show assoc")
        else:
            yield Finding(OK, "jobs", sentence)


def refused(given: Mapping[str, Any]) -> str:
    """Return why Slurm would not take such a job today: an account, a QOS, a constraint; nothing when it would."""
    flags = [f"--{name}" if value is True else f"--{name}={value}" for name, value in given.items()]
    ask = ["srun", "--test-only", "--ntasks-per-node=1", *flags, "true"]
    try:
        answer = slurm.run(*ask)
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    said = (line.removeprefix("srun: error: ").removeprefix("srun: ") for line in answer.stderr.splitlines() if line)
    return " ".join(said) or "no word" if answer.returncode else ""
