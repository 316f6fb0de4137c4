"""Scores that collapse on one benchmark only.

One idea: scores are nearly a cell's effect plus a benchmark's, so Tukey's median polish says what a cell should have
had; one score far below it, in a cell that is otherwise in line, looks like a broken evaluation. A student that is
worse in more than one place is a worse student. It must not know about files or words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ot_grid.report.statistics import FloatArray

FEWEST = 3  # cells, and benchmarks: with fewer there is no telling a cell's effect from a benchmark's
ROUNDS = 20  # of the polish; it settles in a few
POINTS, PART = 15.0, 1 / 3  # a fall is at least so many points and this part of what was expected ...
LOW_POINTS, LOW_PART = 10.0, 2 / 3  # ... or so, where little was expected
SPREADS = 5.0  # robust standard deviations of the residuals: of all, and of the benchmark
LEAST_SPREAD = 1.0  # points; a small table can fit by chance
ERRORS = 4.0  # standard errors of its paired difference to the siblings
WEAK = -5.0  # points below the siblings on the other benchmarks: a weak student may fall further anywhere
COMPANY = 1 / 3  # of the fall: another benchmark down this far says that it is the student
EXPLAINED = 1 / 2  # of the fall: cells of the same choice down this far say that it is the choice


@dataclass(frozen=True)
class Fall:
    """A score far below what the rest of the table promises, in points."""

    row: int
    column: int
    expected: float


def polish(table: FloatArray) -> FloatArray:
    """Return the residuals of a table, rows and columns swept of their medians in turn; nan stays nan."""
    left = table.copy()
    for _ in range(ROUNDS):
        left = left - np.nanmedian(left, axis=1, keepdims=True)
        left = left - np.nanmedian(left, axis=0, keepdims=True)
    return left


def falls(
    scores: FloatArray, alike: Sequence[Sequence[Sequence[int]]], error: Callable[[int, int], float]
) -> list[Fall]:
    """Return the scores that collapsed, at most one a row of `scores` (cells x benchmarks, points, nan not there).

    `alike` has for each row the groups of other rows that share a choice with it; `error` the standard error of a
    score's difference to its siblings, in points, asked only where everything else speaks for a collapse.
    """
    rows, columns = _enough(scores)
    if min(len(rows), len(columns)) < FEWEST:
        return []
    table = scores[np.ix_(rows, columns)]
    residuals = np.full(scores.shape, np.nan)
    residuals[np.ix_(rows, columns)] = left = polish(table)
    return [
        Fall(row, column, float(scores[row, column] - residuals[row, column]))
        for row, column in ((rows[row], columns[column]) for row, column in _fallen(table, left))
        if not _explained(residuals[:, column], residuals[row, column], alike[row])
        and -residuals[row, column] > ERRORS * error(row, column)
    ]


def _enough(scores: FloatArray) -> tuple[list[int], list[int]]:
    """Return the rows and columns that have at least three numbers among each other."""
    there = ~np.isnan(scores)
    rows, columns = list(range(there.shape[0])), list(range(there.shape[1]))
    while True:
        kept = [row for row in rows if there[row, columns].sum() >= FEWEST]
        left = [column for column in columns if there[kept, column].sum() >= FEWEST]
        if (kept, left) == (rows, columns):
            return rows, columns
        rows, columns = kept, left


def _fallen(table: FloatArray, residuals: FloatArray) -> list[tuple[int, int]]:
    fall, expected = -residuals, table - residuals
    large = (fall >= POINTS) & (fall >= PART * expected) | (fall >= LOW_POINTS) & (fall >= LOW_PART * expected)
    odd = fall > SPREADS * np.maximum(LEAST_SPREAD, np.maximum(_spread(residuals, None), _spread(residuals, 0)))
    below = table - np.nanmedian(table, axis=0)
    return [
        (int(row), int(column))
        for row, column in np.argwhere(large & odd)
        if np.nanmedian(np.delete(below[row], column)) > WEAK
        and np.nanmin(np.delete(residuals[row], column)) > COMPANY * residuals[row, column]
    ]


def _spread(residuals: FloatArray, axis: int | None) -> FloatArray:
    """Return the standard deviation that a normal of the same median absolute deviation has."""
    return np.asarray(1.4826 * np.nanmedian(np.abs(residuals), axis=axis))


def _explained(column: FloatArray, own: float, groups: Sequence[Sequence[int]]) -> bool:
    """Whether the cells that share a choice fell on the same benchmark too."""
    seen = [column[list(group)][~np.isnan(column[list(group)])] for group in groups]
    return any(each.size and np.median(each) < EXPLAINED * own for each in seen)
