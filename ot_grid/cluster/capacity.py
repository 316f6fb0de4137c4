"""What a cluster has and what it takes: its nodes, and how many jobs at once.

One idea: what never fits is found out from what is configured, not from what is up or free today. It must not submit.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass

from ot_grid.cluster import slurm
from ot_grid.config import Resources


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

    def fits(self, wanted: Resources) -> bool:
        """Whether it could ever run a job that asks for so much of each of its nodes."""
        enough = self.cpus >= (wanted.cpus or 1) and self.memory >= (wanted.mem_gb or 0) * 1024
        return enough and self.gpus_of(wanted.gpu_type) >= (wanted.gpus or 0)


def nodes() -> list[Node]:
    """Return every node of every partition, whether it is up or not."""
    text = slurm.ask("sinfo", "--all", "--Node", "--noheader", "--format=%P|%c|%m|%l|%G")
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
class ClusterLimits:
    """What a cluster takes; None is no limit."""

    array_size: int  # tasks of one array
    submitted: int | None  # jobs of one user at once


def limits(qos: str | None = None) -> ClusterLimits:
    """Return the limits of the cluster and of this user, in a QOS."""
    config = slurm.ask("scontrol", "show", "config")
    found = {name: int(value) for name, value in re.findall(r"^(\w+)\s*=\s*(\d+)\s*$", config, re.MULTILINE)}
    # The largest index is one less than MaxArraySize.
    numbers = [found.get("MaxJobCount"), *_of_accounts(qos or "normal")]
    return ClusterLimits(max(1, found.get("MaxArraySize", 1001) - 1), min((n for n in numbers if n), default=None))


def _of_accounts(qos: str) -> list[int]:
    """Return the MaxSubmitJobs of this user's associations and of a QOS; empty without accounting."""
    asks = (
        ["sacctmgr", "-nP", "show", "assoc", "where", f"user={slurm.user()}", "format=MaxSubmitJobs,GrpSubmitJobs"],
        ["sacctmgr", "-nP", "show", "qos", qos, "format=MaxSubmitJobsPerUser"],
    )
    limits: list[int] = []
    for ask in asks:
        try:
            answer = slurm.run(*ask)
        except (FileNotFoundError, subprocess.TimeoutExpired):
            return []
        if answer.returncode == 0:
            limits += [int(word) for word in re.split(r"[|\s]+", answer.stdout) if word.isdigit()]
    return limits
