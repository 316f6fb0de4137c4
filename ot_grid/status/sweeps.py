"""All sweeps of a store, a line each: how far they are, when they were asked for, what they ask.

One idea: counted by records alone, so it takes no plan and no cluster. It must not write.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from ot_grid.planning import frozen
from ot_grid.planning.frozen import FrozenRun, Sweep
from ot_grid.store import RECORD, Store


@dataclass(frozen=True)
class Listed:
    """A sweep, and how much of it is done."""

    sweep: Sweep
    complete: int  # cells of which every stage run has a record
    done: int  # stage runs
    all: int


def sweeps(place: Store) -> Iterator[Listed]:
    """Yield the sweeps of a store, the one asked for last first."""
    folders = cache(place.artifacts)

    @cache
    def finished(run: FrozenRun) -> bool:
        folder = folders(run.stage).get(run.key)
        return folder is not None and (folder / RECORD).exists()

    for sweep in frozen.sweeps(place):
        runs = {run.key: run for cell in sweep.cells for run in cell.runs}
        complete = sum(all(map(finished, cell.runs)) for cell in sweep.cells)
        yield Listed(sweep, complete, sum(map(finished, runs.values())), len(runs))


def lines(place: Store) -> Iterator[str]:
    """Yield a line a sweep, as wide as its names ask for."""
    found = list(sweeps(place))
    width = max((len(each.sweep.name) for each in found), default=0)
    for each in found:
        asked = each.sweep.asked or each.sweep.created
        about = each.sweep.question or each.sweep.command_line.removeprefix("python -m ot_grid ")
        cells, runs = f"{each.complete} of {len(each.sweep.cells)} cells", f"{each.done} of {each.all} stage runs"
        yield f"{each.sweep.name:<{width}}  {cells:<14}  {runs:<22}  {asked:%Y-%m-%d %H:%M}  {about}"
