"""Slurm as it is asked and told: what is queued, how jobs ended, what the limits are; cancel, throttle, requeue.

One idea: one call answers for all jobs at once, and what Slurm does not know is 'unknown', never 'failed'. A job of
ours is known by its comment, which names its batch, so that a job is found even when its id was never noted. It must
not submit; that is `launch`.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from ot_grid.errors import BadInput

COMMENT = "ot_grid:"  # before the name of the batch
PATIENCE = 60  # seconds for a controller that is restarting
_patience = [float(PATIENCE)]
# Of the environment: what changes the answers of Slurm's commands.
HIDDEN = ("SQUEUE_", "SACCT_", "SACCTMGR_", "SINFO_", "SCONTROL_", "SCANCEL_", "SBATCH_", "SRUN_", "SPRIO_", "SLURM_")
KEPT = ("SLURM_CONF", "SLURM_CLUSTERS", "SLURM_JWT", "SLURM_CONF_SERVER")
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
    def stuck(self) -> bool:
        """Whether Slurm holds it back until somebody releases it: the start of it failed on some node."""
        return "requeued held" in self.reason.lower()

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

    def mine(self) -> list[Queued]:
        """Return the jobs of this user: what MaxSubmitJobs counts."""
        me = (os.environ.get("USER"), user())
        return [job for job in self.jobs if job.user in me]


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
    text = ask("squeue", "--noheader", "--array", f"--format={fields}")
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
    line = ["sacct", "--noheader", "--allocations", "--parsable2", "--format=JobID,State,ExitCode"]
    try:
        answer = run(*line, f"--jobs={','.join(ids)}")
    except (FileNotFoundError, subprocess.TimeoutExpired):
        return None
    if answer.returncode != 0:
        return None
    lines = (line.split("|") for line in answer.stdout.splitlines() if line.count("|") == 2)
    told = [(job, state.partition(" ")[0], code) for job, state, code in lines]  # 'CANCELLED by 0'
    return {each: Ended(state, code) for job, state, code in told if state in OVER for each in _each(job)}


def _remembered(ids: Sequence[str]) -> dict[str, Ended]:
    """Return how jobs ended that the controller has not forgotten: accounting comes seconds after it."""
    fields = "ArrayJobID:20,ArrayTaskID:20,State:20,exit_code:20"
    line = ["squeue", "--noheader", "--array", "--states=all", f"--Format={fields}", f"--jobs={','.join(ids)}"]
    try:
        told = run(*line).stdout
    except (FileNotFoundError, subprocess.TimeoutExpired):
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


def cancel(jobs: Sequence[str]) -> None:
    """Cancel jobs, arrays or tasks."""
    if jobs:
        ask("scancel", *jobs)


def release(jobs: Sequence[str]) -> None:
    """Let jobs start that are held back."""
    if jobs:
        ask("scontrol", "release", *jobs)


def throttle(array: str, most: int) -> None:
    """Let at most `most` tasks of an array run at once; 0 lifts the limit."""
    ask("scontrol", "update", f"jobid={array}", f"arraytaskthrottle={most}")


def requeue(job: str) -> None:
    """Queue a running job again under its id."""
    ask("scontrol", "requeue", job)


def rename(job: str, name: str) -> None:
    """Give a job a name that says what it does."""
    ask("scontrol", "update", f"jobid={job}", f"name={name}")


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
    text = ask("scontrol", "show", "job", job)
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


def user() -> str:
    """Return the name of this user."""
    import getpass

    return getpass.getuser()


def ask(*command: str) -> str:
    """Run one of Slurm's commands; raise `BadInput`, with what it said, when it fails or is not there."""
    try:
        done = run(*command)
    except FileNotFoundError as error:
        raise BadInput(f"{command[0]} is not here: log in to the cluster, or take cluster=local") from error
    except subprocess.TimeoutExpired as error:
        raise BadInput(
            f"{command[0]} has not answered for {error.timeout:g} s; is the controller up? see: sinfo"
        ) from error
    if done.returncode:
        said = " ".join((done.stderr or done.stdout or "").split()) or f"exit code {done.returncode}"
        raise BadInput(f"{command[0]} does not answer here ({said}); see: sinfo, or take cluster=local")
    return done.stdout


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """Run one of Slurm's commands: the one place where that is done.

    What changes its answers is hidden from it (formats and filters of the user's shell, the job that we are in), it
    speaks English, bytes that are no UTF-8 are replaced, and it has a time limit: `PATIENCE`, or less in `hurried`.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith(HIDDEN) or name in KEPT}
    return subprocess.run(
        command, capture_output=True, encoding="utf-8", errors="replace", check=False, timeout=_patience[-1],
        env={**kept, "LC_ALL": "C"},
    )  # fmt: skip


@contextmanager
def hurried(seconds: float = 10) -> Iterator[None]:
    """Give Slurm little time: where others wait for us, or a job that is being ended has seconds left."""
    _patience.append(seconds)
    try:
        yield
    finally:
        _patience.pop()
