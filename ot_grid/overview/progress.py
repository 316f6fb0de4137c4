"""How far a running stage run is, as it says itself.

One idea: a progress file is a courtesy: one that is missing, torn or old says nothing, and nothing depends on it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ot_grid import store


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
