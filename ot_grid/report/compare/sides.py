"""The two cells that are compared, and all that the store says of them.

One idea: a cell is named as everywhere else, and may be of another sweep of the same store. It must not compare.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ot_grid import tables
from ot_grid.errors import BadInput, nearest
from ot_grid.planning import frozen
from ot_grid.planning.frozen import FrozenCell, Sweep
from ot_grid.report import gates, scorings
from ot_grid.report.matrices import BenchmarkResult
from ot_grid.report.results import EVAL, Cost, Reader, Result
from ot_grid.store import Store

Row = Mapping[str, Any]  # of a matrix, see `stages.eval.MATRIX`


@dataclass(frozen=True, eq=False)
class Side:
    """One of the two cells."""

    letter: str  # "A" or "B"
    sweep: Sweep
    cell: FrozenCell
    result: Result
    settings: Mapping[str, Any]  # its recipe as it was frozen; empty in a sweep of before that was kept
    folders: Mapping[str, Path]  # benchmark -> its eval artifact, where there is one
    grade: str | None
    own: Cost  # of the stage runs that the other does not share

    def benchmark(self, name: str) -> BenchmarkResult | None:
        """Return one of its benchmarks, None when its recipe has no such one."""
        return next((each for each in self.result.benchmarks if each.name == name), None)

    def rows(self, name: str) -> list[Row]:
        """Return the matrix of a finished benchmark as rows, as it was scored under the grade asked for."""
        return [*tables.read_rows(scorings.matrix(self.folders[name], self.grade)[0])]


def read(place: Store, named: tuple[str, str], sweep: str | None, grade: str | None) -> tuple[Side, Side]:
    """Return both sides; raise `BadInput` for what names no cell, or when both names are of one cell."""
    cells = [_find(place, name, sweep) for name in named]
    if cells[0][1].id == cells[1][1].id:
        raise BadInput(
            f"{named[0]!r} and {named[1]!r} are one cell, {cells[0][1].id} ({cells[0][1].label}); name two different "
            "ones: python -m ot_grid report lists them"
        )
    reader = Reader(place, grade)
    results = [reader.results(replace(of, cells=(cell,)))[0] for of, cell in cells]
    shared = {run.key for run in cells[0][1].runs} & {run.key for run in cells[1][1].runs}
    sides = []
    for letter, (of, cell), result in zip("AB", cells, results, strict=True):
        cost = reader.cost(tuple(run for run in cell.runs if run.key not in shared))
        sides.append(Side(letter, of, cell, result, cell.recipe.settings, _folders(place, cell), grade, cost))
    return sides[0], sides[1]


def judged(sides: tuple[Side, Side], view: Shown) -> tuple[Side, Side]:
    """Return the sides without what is not to be seen, and with the flags that they give to each other."""
    seen = []
    for side in sides:
        shown = tuple(each for each in side.result.benchmarks if each.name not in view.hidden)
        seen.append(replace(side.result, benchmarks=shown))
    one, other = (replace(side, result=result) for side, result in zip(sides, gates.flagged(seen, ()), strict=True))
    return one, other


def _find(place: Store, words: str, sweep: str | None) -> tuple[Sweep, FrozenCell]:
    """Return the cell that 'CELL' or 'SWEEP:CELL' names; an id is looked for in all sweeps when none is named."""
    name, colon, rest = words.partition(":")
    if colon and (place.sweep(name) / frozen.SWEEP).is_file():
        sweep, words = name, rest
    here = frozen.find_sweep(place, sweep)
    try:
        return here, frozen.pick(here, words, "cell")
    except BadInput:
        if sweep or "=" in words or not words:
            raise
        with suppress(BadInput):
            return frozen.find_cell(place, words)
        raise


def _folders(place: Store, cell: FrozenCell) -> dict[str, Path]:
    known = place.artifacts(EVAL)
    return {run.label: known[run.key] for run in cell.runs if run.stage == EVAL and run.key in known}


@dataclass(frozen=True)
class Shown:
    """The benchmarks of two cells, by what is to be done with them."""

    names: tuple[str, ...]  # shown, in the order of the first cell
    looked: tuple[str, ...]  # held out, and shown because they were named
    hidden: tuple[str, ...]  # held out, and not shown


def shown(sides: tuple[Side, Side], only: str | None, held_out: Sequence[str]) -> Shown:
    """Return which benchmarks are shown: held-out ones only by name; raise `BadInput` for names that there are not."""
    names = list(dict.fromkeys(each.name for side in sides for each in side.result.benchmarks))
    either = {name for side in sides for name in side.sweep.held_out}
    kept_out = [name for name in names if name in either]
    problems = [
        f"--held-out {name!r} is not held out, it is compared anyway; held out: {', '.join(kept_out) or 'none'}"
        if name in names
        else f"--held-out {name!r} is no benchmark of these cells; {nearest(name, kept_out)}"
        for name in dict.fromkeys(held_out)
        if name not in kept_out
    ]
    if only is not None and only not in names:
        problems.append(f"--benchmark {only!r} is no benchmark of these cells; {nearest(only, names)}")
    elif only in kept_out and only not in held_out:
        problems.append(f"--benchmark {only!r} is held out; to see it, and have the look noted: --held-out {only}")
    if problems:
        raise BadInput(*problems)
    hidden = tuple(name for name in kept_out if name not in held_out)
    wanted = tuple(name for name in names if name not in hidden and only in (None, name))
    return Shown(wanted, tuple(name for name in kept_out if name in wanted), hidden)
