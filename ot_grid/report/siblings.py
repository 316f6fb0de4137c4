"""The other cells beside each: those that share a choice with it, and the middle of what they have.

One idea: a thousand cells are each held against all the others, so what is said of the others comes from one sorting of
all, never from a look at every pair. It must not judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import overload

import numpy as np
import numpy.typing as npt

from ot_grid.report.results import Result
from ot_grid.report.stats.student import FloatArray

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Alike(Sequence[list[Ints]]):
    """For each cell and each choice of it that others have too, the places of these others.

    A choice of all cells tells nothing, and is left out.
    """

    def __init__(self, results: Sequence[Result]) -> None:
        factors = dict.fromkeys(factor for result in results for factor in result.cell.coordinates)
        self._chosen = []
        for factor in factors:
            self._chosen.append(_numbered([result.cell.coordinates.get(factor) for result in results]))
        self._cells = len(results)

    def __len__(self) -> int:
        return self._cells

    @overload
    def __getitem__(self, cell: int) -> list[Ints]: ...
    @overload
    def __getitem__(self, cell: slice) -> list[list[Ints]]: ...
    def __getitem__(self, cell: int | slice) -> list[Ints] | list[list[Ints]]:
        """Return the groups of others that share a choice with a cell."""
        if isinstance(cell, slice):
            return [self[each] for each in range(*cell.indices(len(self)))]
        cell = range(self._cells)[cell]  # raises IndexError, with which an iteration ends
        groups = [np.flatnonzero(each == each[cell]) for each in self._chosen if each[cell] >= 0]
        return [group[group != cell] for group in groups if 1 < len(group) < self._cells]


def _numbered(choices: Sequence[str | None]) -> Ints:
    place = {choice: number for number, choice in enumerate(dict.fromkeys(choices)) if choice is not None}
    return np.array([-1 if choice is None else place[choice] for choice in choices])


def middles(values: FloatArray, copies: Ints | None = None) -> tuple[FloatArray, FloatArray]:
    """Return of each value's others the lower and the upper middle, whose mean is their median; nan without others.

    `copies` says how many of the values are the same measurement as each, itself among them: these are no others. What
    is nan is nobody's other.
    """
    there = ~np.isnan(values)
    known = np.sort(values[there])
    mine = np.where(there, np.ones(len(values), dtype=int) if copies is None else copies, 0)
    others, first = len(known) - mine, np.searchsorted(known, values)
    low, high = (_without(known, place, first, mine) for place in ((others - 1) // 2, others // 2))
    return np.where(others > 0, low, np.nan), np.where(others > 0, high, np.nan)


def _without(known: FloatArray, place: Ints, first: Ints, copies: Ints) -> FloatArray:
    """Return what stands at a place when `copies` values from `first` on are taken out."""
    if not len(known):
        return np.full(len(place), np.nan)
    taken: FloatArray = known[np.clip(np.where(place < first, place, place + copies), 0, len(known) - 1)]
    return taken
