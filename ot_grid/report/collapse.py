"""Scores that collapse on one benchmark only.

One idea: scores are nearly a cell's effect plus a benchmark's, so Tukey's median polish says what a cell should have
had; one score far below it, in a cell that is otherwise in line, looks like a broken evaluation. A student that is
worse in more than one place is a worse student, unless its scores there are nearly zero: a broken sandbox takes
several benchmarks at once. Of two cells the one that fell is judged by the other, more strictly. It must not know about
files or words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ot_grid.report.siblings import middles
from ot_grid.report.stats.student import FloatArray

FEWEST = 3  # cells, and benchmarks: with fewer there is no telling a cell's effect from a benchmark's
PAIR = 2  # cells, of which one can still be seen to fall, by stricter rules
ROUNDS = 20  # of the polish; it settles in a few
POINTS, PART = 15.0, 1 / 3  # a fall is at least so many points and this part of what was expected ...
LOW_POINTS, LOW_PART = 10.0, 2 / 3  # ... or so, where little was expected
SPREADS = 5.0  # robust standard deviations of the residuals: of all, and of the benchmark
LEAST_SPREAD = 1.0  # points; a small table can fit by chance
ERRORS = 4.0  # standard errors of its paired difference to the siblings
WEAK = -5.0  # points below the siblings on the other benchmarks: a weak student may fall further anywhere
COMPANY = 1 / 3  # of the fall: another benchmark down this far says that it is the student
NOUGHT, FLOOR = 1 / 10, 10.0  # a score is nearly zero below this part of what was expected, if that was so many points
BROKEN = 3  # benchmarks, or half of them, may go to zero together, as all do that need one sandbox
PAIR_ERRORS, PAIR_IN_LINE = 5.0, 5.0  # of two cells: standard errors; points between the means of the other benchmarks
EXPLAINED = 1 / 2  # of the fall: cells of the same choice down this far say that it is the choice

Group = Sequence[int] | npt.NDArray[np.int64]


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


def falls(scores: FloatArray, alike: Sequence[Sequence[Group]], error: Callable[[int, int], float]) -> list[Fall]:
    """Return the scores that collapsed, by row of `scores` (cells x benchmarks, points, nan not there).

    `alike` has for each row the groups of other rows that share a choice with it; `error` the standard error of a
    score's difference to its siblings, in points, asked only where everything else speaks for a collapse.
    """
    rows, columns = _enough(scores, FEWEST)
    errors, find = ERRORS, _among
    if min(len(rows), len(columns)) < FEWEST:
        rows, columns = _enough(scores, PAIR)
        errors, find = PAIR_ERRORS, _between
        if len(rows) != PAIR or len(columns) < FEWEST:
            return []
    table = scores[np.ix_(rows, columns)]
    level = np.nanmedian(table - np.nanmedian(table, axis=0), axis=1)
    place = {row: number for number, row in enumerate(rows)}
    found = [fall for fall in find(table) if not _explained(table, level, fall, _within(alike[rows[fall.row]], place))]
    placed = [Fall(rows[fall.row], columns[fall.column], fall.expected) for fall in found]
    return [
        fall for fall in placed if fall.expected - scores[fall.row, fall.column] > errors * error(fall.row, fall.column)
    ]


def _enough(scores: FloatArray, cells: int) -> tuple[list[int], list[int]]:
    """Return the rows with at least three numbers, and the columns with as many as `cells`, among each other."""
    there = ~np.isnan(scores)
    rows, columns = list(range(there.shape[0])), list(range(there.shape[1]))
    while True:
        kept = [row for row in rows if there[row, columns].sum() >= FEWEST]
        left = [column for column in columns if there[kept, column].sum() >= cells]
        if (kept, left) == (rows, columns):
            return rows, columns
        rows, columns = kept, left


def _among(table: FloatArray) -> list[Fall]:
    """Return the falls in a table of three cells or more: one of a row alone, or several to nearly zero."""
    residuals = polish(table)
    spread = np.maximum(LEAST_SPREAD, np.maximum(_spread(residuals, None), _spread(residuals, 0)))
    found = {(fall.row, fall.column): fall for fall in _alone(table, residuals, spread)}
    usual = np.column_stack([np.mean(middles(column), axis=0) for column in table.T])
    for row in np.flatnonzero(_nearly_zero(table, usual).any(axis=1)).tolist():
        for fall in _gone(row, table[row], usual[row], spread):
            found.setdefault((fall.row, fall.column), fall)
    return [found[place] for place in sorted(found)]


def _alone(table: FloatArray, residuals: FloatArray, spread: FloatArray) -> list[Fall]:
    fall, expected = -residuals, table - residuals
    large = (fall >= POINTS) & (fall >= PART * expected) | (fall >= LOW_POINTS) & (fall >= LOW_PART * expected)
    below = table - np.nanmedian(table, axis=0)
    return [
        Fall(int(row), int(column), float(expected[row, column]))
        for row, column in np.argwhere(large & (fall > SPREADS * spread))
        if np.nanmedian(np.delete(below[row], column)) > WEAK
        and np.nanmin(np.delete(residuals[row], column)) > COMPANY * residuals[row, column]
    ]


def _gone(row: int, own: FloatArray, usual: FloatArray, spread: FloatArray) -> list[Fall]:
    """Return the scores that went to nearly zero, alone or together, where the others are in line."""
    low = _nearly_zero(own, usual)
    expected = _promised(own, usual, low)
    if expected is None or low.sum() > max(BROKEN, own.size // 2):
        return []
    gone = low & (expected >= FLOOR) & (own < NOUGHT * expected) & (expected - own > SPREADS * spread)
    return [Fall(row, int(column), float(expected[column])) for column in np.flatnonzero(gone)]


def _nearly_zero(own: FloatArray, usual: FloatArray) -> npt.NDArray[np.bool_]:
    return (usual >= FLOOR) & (own < NOUGHT * usual)


def _promised(own: FloatArray, usual: FloatArray, low: npt.NDArray[np.bool_]) -> FloatArray | None:
    """Return what a cell should have, by its scores that are not `low`; None where these are not in line."""
    above = own - usual
    rest = above[~low & ~np.isnan(above)]
    if not low.any() or rest.size < FEWEST - 1 or np.median(rest) <= WEAK:
        return None
    expected: FloatArray = usual + np.median(rest)
    fall = np.max((expected - own)[low])
    return expected if np.min(rest) - np.median(rest) > -COMPANY * fall else None


def _between(table: FloatArray) -> list[Fall]:
    """Return the falls of one of two cells, whose other scores agree with those of the other cell."""
    falls = {}
    for row, (own, other) in enumerate(zip(table, table[::-1], strict=True)):
        gone = (other >= FLOOR) & (own < NOUGHT * other)
        single = [(low, _single(row, own, other, low)) for low in np.eye(own.size, dtype=bool)]
        for low, ones in [(gone, _gone(row, own, other, _rest_spread(own - other, gone))), *single]:
            if ones and abs(np.mean((own - other)[~low])) <= PAIR_IN_LINE:
                falls.update({(fall.row, fall.column): fall for fall in ones})
    return [falls[place] for place in sorted(falls)]


def _single(row: int, own: FloatArray, other: FloatArray, low: npt.NDArray[np.bool_]) -> list[Fall]:
    expected = _promised(own, other, low)
    if expected is None:
        return []
    column = int(np.argmax(low))
    fall = expected[column] - own[column]
    large = fall >= LOW_POINTS and fall >= LOW_PART * expected[column]
    odd = fall > SPREADS * _rest_spread(own - other, low)[column]
    return [Fall(row, column, float(expected[column]))] if large and odd else []


def _rest_spread(above: FloatArray, low: npt.NDArray[np.bool_]) -> FloatArray:
    """Return the spread of the differences that are not `low`, for every benchmark."""
    rest = above[~low]
    spread = _spread(rest - np.median(rest), None) if rest.size else np.asarray(math.inf)
    return np.full(above.shape, np.maximum(LEAST_SPREAD, spread))


def _spread(residuals: FloatArray, axis: int | None) -> FloatArray:
    """Return the standard deviation that a normal of the same median absolute deviation has."""
    return np.asarray(1.4826 * np.nanmedian(np.abs(residuals), axis=axis))


def _within(groups: Sequence[Group], place: Mapping[int, int]) -> list[list[int]]:
    """Return where the rows of each group stand in the table, of those that are in it."""
    return [[place[row] for row in group if row in place] for group in groups]


def _explained(table: FloatArray, level: FloatArray, fall: Fall, groups: Sequence[Sequence[int]]) -> bool:
    """Whether the cells that share a choice fell on the same benchmark too, each against its own level."""
    column = table[:, fall.column] - level
    limit = fall.expected - level[fall.row] - EXPLAINED * (fall.expected - table[fall.row, fall.column])
    seen = [column[group][~np.isnan(column[group])] for group in groups]
    return any(each.size and np.median(each) < limit for each in seen)
