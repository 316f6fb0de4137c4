"""How far a running stage run is, as it says itself.

One idea: a progress file is a courtesy: one that is missing, torn or old says nothing, and nothing depends on it.
"""

from __future__ import annotations

import json
import time
import uuid
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ot_grid import store

WRITE_SECONDS = 1.0  # between two writes of progress.json
# Seconds a stage run takes when none of its stage has finished yet: a prior for 'time left', no more.
PRIOR = {"source": 4, "mix": 3, "filter": 30, "dedup": 3, "traces": 25, "verify": 6, "answer_filter": 3, "dataset": 3,
         "train": 60, "benchmark": 3, "eval": 20}  # fmt: skip


@dataclass(frozen=True)
class Progress:
    """How far a running stage run is."""

    done: int
    total: int
    what: str  # e.g. replies, steps
    started: float  # seconds since 1970
    at: float  # when it said so

    @property
    def rate(self) -> float:
        """How many a second."""
        return self.done / max(self.at - self.started, 1e-9)

    def __str__(self) -> str:
        if not self.total:
            return f"no {self.what} yet"
        pace = f"{self.rate:.1f}/s" if self.rate >= 0.1 or not self.done else f"{1 / self.rate:.0f} s each"
        return f"{self.done}/{self.total} {self.what} ({pace})"


def read(artifact: Path) -> Progress | None:
    """Return how far a stage run is; None when it has not said."""
    try:
        return Progress(**json.loads((artifact / store.PROGRESS).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


class Writer:
    """Writes how far a stage run is, about once a second, for whoever looks."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last = 0.0
        self.started = time.time()

    def __call__(self, done: int, total: int, what: str) -> None:
        """Note that `done` of `total` are done."""
        now = time.monotonic()
        if now - self.last < WRITE_SECONDS and done < total:
            return
        self.last = now
        line = {"done": done, "total": total, "what": what, "started": self.started, "at": time.time()}
        temporary = self.path.with_suffix(f".{uuid.uuid4().hex[:8]}.tmp")
        with suppress(FileNotFoundError):  # whoever finishes a shared stage run clears its folder
            temporary.write_text(json.dumps(line))
            temporary.replace(self.path)


def duration(seconds: float) -> str:
    """Return seconds in the unit that a person would use."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
