"""What W&B is told, as plain data.

One idea: all of it is known before wandb is imported, so what is new is seen by its digest, and another process can
do the telling. It must not hold anything that W&B may not know.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ot_grid import key
from ot_grid.config import Tracking

if TYPE_CHECKING:
    import pandas as pd

MOST_NUMBERS = 60  # of a run's summary: W&B's own pages become slow with many columns


@dataclass(frozen=True)
class Piece:
    """An artifact of the store: a dataset, a model or an evaluation."""

    name: str
    kind: str
    folder: str
    files: Mapping[str, str]  # relative path -> sha256
    about: Mapping[str, Any]  # its key, counts, and the names of what it was made from
    small: tuple[str, ...] = ()  # files that may be sent whatever the setting: they are few kilobytes


@dataclass(frozen=True)
class Tracked:
    """One cell."""

    id: str
    name: str
    coordinates: Mapping[str, str]
    recipe: Mapping[str, Any]
    loss: Sequence[Sequence[float]]  # (step, loss)
    summary: Mapping[str, Any]  # the most important first
    pieces: Sequence[Piece] = ()


@dataclass(frozen=True)
class Frame:
    """A table as W&B takes it."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str | float | None, ...], ...]

    @classmethod
    def of(cls, frame: pd.DataFrame) -> Frame:
        """Return a frame of the report without what is not a number or a text."""
        rows = (tuple(map(plain, row)) for row in frame.itertuples(index=False))
        return cls(tuple(str(name) for name in frame.columns), tuple(rows))


@dataclass(frozen=True)
class Overall:
    """What is told of the sweep as a whole."""

    banner: Sequence[str]
    verdict: str  # a sentence in plain words
    notes: Sequence[str]
    markdown: str  # the report with our intervals
    factors: Sequence[str]
    benchmarks: Sequence[str]
    ranked: Frame
    effects: Frame
    forest: Sequence[tuple[str, float, float, float, str]] = field(default=())  # name, difference, low, high, verdict


def plain(value: Any) -> str | float | None:
    """Return a cell of a table as W&B takes it: a number, a text, or None for what is missing."""
    if value is None or str(value) == "<NA>":  # pandas' NA, which is not even unequal to itself
        return None
    if isinstance(value, numbers.Real):
        return float(value) if math.isfinite(value) else None
    return str(value)


def run_id(tracking: Tracking, sweep: str, name: str) -> str:
    """Return the id of a run: always the same for a cell of a sweep in a project, so that it is told once."""
    return key.short(["wandb", tracking.project, tracking.entity, sweep, name])


def first(numbers_by_name: Mapping[str, Any]) -> dict[str, Any]:
    """Return as many of the numbers as a summary should hold."""
    return dict(list(numbers_by_name.items())[:MOST_NUMBERS])
