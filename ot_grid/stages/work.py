"""What a running stage is handed: its recipe fields, its inputs, where to write, whom to ask.

One idea: a stage sees nothing else, so nothing else can change what it writes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ot_grid.config import Cluster, Model, Sampling, Tracking
from ot_grid.rows import Reply

Message = dict[str, str]  # role, content


class Asker(Protocol):
    """The inference door as stages see it (see `inference.door.Door`)."""

    def ask(
        self,
        chats: Sequence[Sequence[Message]],
        samples: Sequence[int],
        *,
        model: Model,
        sampling: Sampling,
        path: Path | None = None,
    ) -> list[Reply]:
        """Return one reply for each (chat, sample index), in order, buying only what is not stored."""

    def find(self, keys: Sequence[str]) -> Mapping[str, Reply]:
        """Return stored replies by key."""


@dataclass(frozen=True)
class Work:
    """One stage run in progress."""

    stage: str
    branch: str  # the domain, or "" after the domains met
    reads: Mapping[str, Any]  # the recipe fields of this stage, resolved for the branch
    inputs: Sequence[Path]  # the artifacts of its inputs, in the order of the plan
    out: Path  # the artifact to write
    asker: Asker
    cluster: Cluster
    progress: Callable[[int, int, str], None]  # rows done, rows in all, what they are
    tracking: Tracking | None = None  # whether the curve of a training is told while it goes; changes no result
    files: Mapping[str, str] = field(default_factory=dict)  # a local file by its content -> where it lies
    log: dict[str, Any] = field(default_factory=dict)  # what the record should say beside counts
