"""What one job does, and what became of a plan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ot_grid.plan import StageRun


@dataclass
class Outcome:
    """What became of a plan."""

    cached: int = 0
    executed: int = 0
    failed: dict[str, str] = field(default_factory=dict)  # key -> cause
    submitted: list[str] = field(default_factory=list)  # Slurm job ids: the rest is up to the cluster
    queued: list[str] = field(default_factory=list)  # jobs of an earlier submission, still queued or running

    @property
    def handed_over(self) -> bool:
        """Whether the rest is up to the cluster."""
        return bool(self.submitted or self.queued)


@dataclass
class Pack:
    """Stage runs that one job does one after the other."""

    runs: list[StageRun]
    job: Any = None  # submitit's
    gpu: int | None = None


def packs(ready: Sequence[StageRun]) -> Iterator[Pack]:
    """Group ready stage runs: the benchmarks of one student go together, so that it is loaded once."""
    groups: dict[tuple[str, ...], list[StageRun]] = {}
    for run in ready:
        groups.setdefault(("eval", *run.inputs) if run.stage == "eval" else (run.key,), []).append(run)
    yield from (Pack(runs) for runs in groups.values())
