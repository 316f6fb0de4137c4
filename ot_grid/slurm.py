"""Slurm as it is asked and told: what is queued, how jobs ended, what the limits are; cancel, throttle, requeue.

One idea: one call answers for all jobs at once, and what Slurm does not know is 'unknown', never 'failed'. A job of
ours is known by its comment, which names its batch, so that a job is found even when its id was never noted. It must
not submit; that is `launch`.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ot_grid.errors import BadInput

COMMENT = "ot_grid:"  # before the name of the batch
PATIENCE = 60  # seconds for a controller that is restarting
RUNNING = ("RUNNING", "COMPLETING", "CONFIGURING", "SUSPENDED", "STOPPED", "SIGNALING", "STAGE_OUT")
# How accounting calls what we call a class of failure (design: failures have a class).
CLASS_OF = {
    "OUT_OF_MEMORY": "out of memory", "TIMEOUT": "time limit", "DEADLINE": "time limit", "PREEMPTED": "preempted",
    "NODE_FAIL": "node lost", "BOOT_FAIL": "node lost", "CANCELLED": "cancelled", "REVOKED": "cancelled",
}  # fmt: skip


OVER = ("COMPLETED", "FAILED", *CLASS_OF)  # states of a job that has ended


@dataclass(frozen=True)
class Queued:
    """A job, or one task of an array, that is queued or running."""

    job: str  # 123, or 123_4
    batch: str  # the batch it belongs to; "" for jobs that are not ours
    task: int
    state: str  # Slurm's word, e.g. PENDING
    reason: str
    start: str  # when it will start or has started, as Slurm says it
    name: str
    user: str

    @property
    def running(self) -> bool:
        """Whether it has begun."""
        return self.state in RUNNING

    @property
    def array(self) -> str:
        """The id of its array."""
        return self.job.partition("_")[0]


@dataclass
class Queue:
    """What is queued and running, at one moment."""

    jobs: Sequence[Queued] = ()
    by_batch: dict[str, dict[int, Queued]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for job in self.jobs:
            if job.batch:
                self.by_batch.setdefault(job.batch, {})[job.task] = job

    def mine(self) -> int:
        """Return how many jobs of this user there are: what MaxSubmitJobs counts."""
        return sum(job.user in (os.environ.get("USER"), _user()) for job in self.jobs)


@dataclass(frozen=True)
class Ended:
    """How accounting says that a job ended."""

    state: str
    exit_code: str  # code:signal

    @property
    def outcome(self) -> str:
        """The class of failure; 'killed' for an end without a word."""
        if self.state == "FAILED" and self.exit_code.endswith(":9"):
            return "out of memory"  # SIGKILL from nobody we know: the kernel, or Slurm without cgroups
        return CLASS_OF.get(self.state, "killed")


def queue() -> Queue:
    """Return all queued and running jobs; raise `BadInput` where Slurm does not answer."""
    fields = "%F|%K|%T|%r|%S|%u|%j|%k"  # the comment last: it may hold anything
    text = _ask("squeue", "--noheader", "--array", f"--format={fields}")
    return Queue([job for line in text.splitlines() if (job := _queued(line))])


def _queued(line: str) -> Queued | None:
    parts = line.strip().split("|", 7)
    if len(parts) != 8:
        return None
    array, index, state, reason, start, user, name, comment = parts
    task = int(index) if index.isdigit() else 0
    job = f"{array}_{task}" if index.isdigit() else array
    batch = comment.removeprefix(COMMENT) if comment.startswith(COMMENT) else ""
    return Queued(job, batch, task, state, reason, start, name, user)


def ended(arrays: Iterable[str]) -> dict[str, Ended]:
    """Return how jobs and array tasks ended, by id: as accounting says, or, until it does, the controller."""
    ids = sorted(set(arrays))
    return {**_remembered(ids), **(accounted(ids) or {})} if ids else {}


def accounted(ids: Sequence[str]) -> dict[str, Ended] | None:
    """Return how accounting says that jobs ended, in one call; None where there is no accounting."""
    ask = ["sacct", "--noheader", "--allocations", "--parsable2", "--format=JobID,State,ExitCode"]
    try:
        answer = subprocess.run([*ask, f"--jobs={','.join(ids)}"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return None
    if answer.returncode != 0:
        return None
    lines = (line.split("|") for line in answer.stdout.splitlines() if line.count("|") == 2)
    told = [(job, state.partition(" ")[0], code) for job, state, code in lines]  # 'CANCELLED by 0'
    return {each: Ended(state, code) for job, state, code in told if state in OVER for each in _each(job)}


def _remembered(ids: Sequence[str]) -> dict[str, Ended]:
    """Return how jobs ended that the controller has not forgotten: accounting comes seconds after it."""
    fields = "ArrayJobID:20,ArrayTaskID:20,State:20,exit_code:20"
    ask = ["squeue", "--noheader", "--array", "--states=all", f"--Format={fields}", f"--jobs={','.join(ids)}"]
    try:
        told = subprocess.run(ask, capture_output=True, text=True, check=False).stdout
    except FileNotFoundError:
        return {}
    lines = (line.split() for line in told.splitlines() if len(line.split()) == 4)
    # The exit code as wait(2) has it: the code above the signal.
    return {
        f"{array}_{task}": Ended(state, f"{int(raw) >> 8}:{int(raw) & 127}")
        for array, task, state, raw in lines
        if state in OVER and raw.isdigit()
    }


def _each(job: str) -> list[str]:
    """Return the ids of all tasks that sacct put in one line, e.g. of `12_[3-5,8%2]`."""
    matched = re.fullmatch(r"(\d+)_\[([\d,-]+)(?:%\d+)?\]", job)
    if not matched:
        return [job]
    ranges = (part.partition("-") for part in matched[2].split(","))
    return [f"{matched[1]}_{task}" for low, _, high in ranges for task in range(int(low), int(high or low) + 1)]


@dataclass(frozen=True)
class Node:
    """One node, as one partition has it."""

    partition: str
    default: bool
    cpus: int
    memory: int  # MiB
    gpus: tuple[tuple[str, int], ...]  # (type, count); the type is "" where it is not said
    minutes: int | None  # the partition's limit; None is none

    def gpus_of(self, kind: str | None) -> int:
        """Return how many GPUs of a type it has; of any type for None."""
        return sum(count for name, count in self.gpus if kind in (None, name))

    def fits(self, wanted: Mapping[str, Any]) -> bool:
        """Whether it could ever run a job that asks for so much of each of its nodes."""
        enough = self.cpus >= (wanted["cpus"] or 1) and self.memory >= (wanted["mem_gb"] or 0) * 1024
        return enough and self.gpus_of(wanted["gpu_type"]) >= (wanted["gpus"] or 0)


def nodes() -> list[Node]:
    """Return every node of every partition, whether it is up or not."""
    text = _ask("sinfo", "--all", "--Node", "--noheader", "--format=%P|%c|%m|%l|%G")
    return [_node(line) for line in text.splitlines() if line.count("|") >= 4]


def _node(line: str) -> Node:
    partition, cpus, memory, limit, generic = line.strip().split("|", 4)
    gpus = re.findall(r"\bgpu(?::([\w.-]*[A-Za-z_][\w.-]*))?:(\d+)", generic)
    cores, mib = (int(re.sub(r"\D", "", text) or 0) for text in (cpus, memory))
    counts = tuple((name, int(count)) for name, count in gpus)
    return Node(partition.rstrip("*"), partition.endswith("*"), cores, mib, counts, minutes(limit))


def minutes(text: str) -> int | None:
    """Return a time limit as Slurm writes it, [days-]hours:minutes:seconds, in minutes; None for infinite."""
    matched = re.fullmatch(r"(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)", text)
    if not matched:
        return None
    days, hours, mins, _ = (int(part or 0) for part in matched.groups())
    return (days * 24 + hours) * 60 + mins


@dataclass(frozen=True)
class Limits:
    """What a cluster takes; None is no limit."""

    array_size: int  # tasks of one array
    submitted: int | None  # jobs of one user at once


def limits(qos: str | None = None) -> Limits:
    """Return the limits of the cluster and of this user, in a QOS."""
    config = _ask("scontrol", "show", "config")
    found = {name: int(value) for name, value in re.findall(r"^(\w+)\s*=\s*(\d+)\s*$", config, re.MULTILINE)}
    # The largest index is one less than MaxArraySize.
    numbers = [found.get("MaxJobCount"), *_of_accounts(qos or "normal")]
    return Limits(max(1, found.get("MaxArraySize", 1001) - 1), min((n for n in numbers if n), default=None))


def _of_accounts(qos: str) -> list[int]:
    """Return the MaxSubmitJobs of this user's associations and of a QOS; empty without accounting."""
    asks = (
        ["sacctmgr", "-nP", "show", "assoc", "where", f"user={_user()}", "format=MaxSubmitJobs,GrpSubmitJobs"],
        ["sacctmgr", "-nP", "show", "qos", qos, "format=MaxSubmitJobsPerUser"],
    )
    found: list[int] = []
    for ask in asks:
        try:
            answer = subprocess.run(ask, capture_output=True, text=True, check=False, timeout=PATIENCE)
        except (FileNotFoundError, subprocess.TimeoutExpired):
            return []
        if answer.returncode == 0:
            found += [int(word) for word in re.split(r"[|\s]+", answer.stdout) if word.isdigit()]
    return found


def cancel(jobs: Sequence[str]) -> None:
    """Cancel jobs, arrays or tasks."""
    if jobs:
        _ask("scancel", *jobs)


def throttle(array: str, most: int) -> None:
    """Let at most `most` tasks of an array run at once; 0 lifts the limit."""
    _ask("scontrol", "update", f"jobid={array}", f"arraytaskthrottle={most}")


def requeue(job: str) -> None:
    """Queue a running job again under its id."""
    _ask("scontrol", "requeue", job)


def rename(job: str, name: str) -> None:
    """Give a job a name that says what it does."""
    _ask("scontrol", "update", f"jobid={job}", f"name={name}")


@dataclass(frozen=True)
class Details:
    """What the controller says of one job, of the many things it says."""

    state: str  # RUNNING; COMPLETING once it is being ended
    reason: str  # e.g. TimeLimit
    restarts: int  # how often it was queued again, this time included when that is why it ends
    preempted: bool
    end: float  # its time limit, or the end of its grace, in seconds since 1970


def details(job: str) -> Details:
    """Return what the controller says of a job; name a task as 123_4, as 123 may be all of an array."""
    text = _ask("scontrol", "show", "job", job)
    found = dict(re.findall(r"(\w+)=(\S+)", text))
    preempted = found.get("PreemptTime", "None") not in ("None", "Unknown", "(null)")
    return Details(
        found.get("JobState", "UNKNOWN"), found.get("Reason", ""), int(found.get("Restarts", 0)), preempted,
        _seconds(found.get("EndTime", "")),
    )  # fmt: skip


def _seconds(time: str) -> float:
    try:
        return datetime.fromisoformat(time).timestamp()
    except ValueError:  # Unknown
        return float("inf")


def _user() -> str:
    import getpass

    return getpass.getuser()


def _ask(*command: str) -> str:
    """Run one of Slurm's commands; raise `BadInput`, with what it said, when it fails or is not there."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=PATIENCE)
    except FileNotFoundError as error:
        raise BadInput(f"{command[0]} is not here: log in to the cluster, or take cluster=local") from error
    except subprocess.TimeoutExpired as error:
        raise BadInput(f"{command[0]} has not answered for {PATIENCE} s; is the controller up? see: sinfo") from error
    except subprocess.CalledProcessError as error:
        said = " ".join((error.stderr or error.stdout or "").split()) or f"exit code {error.returncode}"
        raise BadInput(f"{command[0]} does not answer here ({said}); see: sinfo, or take cluster=local") from error
    return done.stdout
