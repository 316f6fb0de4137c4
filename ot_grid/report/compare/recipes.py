"""How two cells came about: what their recipes say differently, which stage runs they share, where they part.

One idea: keys decide. Two cells share exactly the stage runs that have the same key, and part at the first that have
not. It must not look at scores.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ot_grid.key import canonical
from ot_grid.planning.frozen import FrozenRun
from ot_grid.planning.pipeline import STAGES
from ot_grid.report.compare.sides import Side
from ot_grid.status.explain import differences

ABSENT = "(absent)"
ORDER = {stage.name: place for place, stage in enumerate(STAGES)}


@dataclass(frozen=True)
class Setting:
    """A coordinate or a field of the recipe that the two do not share."""

    name: str
    one: str
    other: str


@dataclass(frozen=True)
class StagePair:
    """A place in the method with the stage run of each cell there; None where a cell has none."""

    stage: str
    branch: str
    one: str | None
    other: str | None


@dataclass(frozen=True)
class Recipes:
    """What was done differently."""

    coordinates: Sequence[Setting]
    settings: Sequence[Setting]  # every field that differs
    shared: Sequence[str]  # names of stage runs, in the order of the method
    own: Sequence[StagePair]  # the others, in the order of the method; the first one is where the recipes part


def compared(one: Side, other: Side) -> Recipes:
    """Return what the recipes of two cells share and what not."""
    keys = {run.key for run in one.cell.runs} & {run.key for run in other.cell.runs}
    mine, theirs = one.cell.coordinates, other.cell.coordinates
    ones = [run for run in one.cell.runs if run.key not in keys]
    others = [run for run in other.cell.runs if run.key not in keys]
    return Recipes(
        [
            Setting(name, mine.get(name, ABSENT), theirs.get(name, ABSENT))
            for name in dict.fromkeys((*mine, *theirs))
            if mine.get(name) != theirs.get(name)
        ],
        [Setting(path, _said(a), _said(b)) for path, a, b in differences(one.settings, other.settings)],
        [run.name for run in one.cell.runs if run.key in keys],
        sorted(_own(ones, others), key=lambda each: ORDER.get(each.stage, len(ORDER))),
    )


def _said(value: object) -> str:
    return value if isinstance(value, str) else canonical(value)


def _own(mine: Sequence[FrozenRun], theirs: Sequence[FrozenRun]) -> Iterator[StagePair]:
    """Yield stage runs side by side: those at the same stage, of the same domain, by label or else in order."""
    left = list(theirs)
    for run in mine:
        here = [each for each in left if (each.stage, each.branch) == (run.stage, run.branch)]
        other = next((each for each in here if each.label == run.label), None) or _odd(here, mine)
        if other is not None:
            left.remove(other)
        yield StagePair(run.stage, run.branch, run.label, other.label if other else None)
    yield from (StagePair(run.stage, run.branch, None, run.label) for run in left)


def _odd(here: Sequence[FrozenRun], mine: Sequence[FrozenRun]) -> FrozenRun | None:
    """Return the first of the stage runs whose label is not among `mine`, which is for one of the same label."""
    known = {(run.stage, run.branch, run.label) for run in mine}
    return next((run for run in here if (run.stage, run.branch, run.label) not in known), None)
