"""Question means of many rows side by side: what all of them have, as one array for each benchmark.

One idea: rows are compared only on what every one of them answered, so every statistic takes the same arrays, and what
does not fit is counted, to be said. A row may be several cells (the training seeds of one recipe), averaged question by
question. It must not judge, and must not know about percent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ot_grid.report.matrices import BenchmarkResult
from ot_grid.report.results import Result
from ot_grid.report.statistics import se_decoding
from ot_grid.report.stats.student import FloatArray


@dataclass(frozen=True, eq=False)
class Aligned:
    """The question means of rows on the benchmarks and questions that all of them have, in shares of one."""

    names: tuple[str, ...]  # benchmarks, sorted
    questions: tuple[tuple[str, ...], ...]  # their ids, of each benchmark
    means: tuple[FloatArray, ...]  # of each benchmark: rows x questions
    binary: tuple[bool, ...]  # of each benchmark: whether every score behind it is exactly 0 or 1
    single: tuple[bool, ...]  # of each benchmark: whether every row is one repeat of one cell
    decoding: FloatArray  # rows x benchmarks: variance of the mean from decoding, its questions fixed
    seeds: tuple[FloatArray, ...]  # of each row: its cells x benchmarks, means over the questions
    left_out: int  # questions of these benchmarks that some row lacks
    dropped: tuple[str, ...]  # benchmarks that some row lacks, or of which no question is everyone's

    @property
    def seed_means(self) -> tuple[FloatArray, ...]:
        """The mean of each cell of each row, benchmarks weighing the same."""
        return tuple(each.mean(axis=1) if self.names else np.full(len(each), np.nan) for each in self.seeds)


def aligned(groups: Sequence[Sequence[Result]]) -> Aligned:
    """Return one row for each group of results, each the mean of its results; only finished benchmarks count."""
    assert all(groups), "a row without a cell"
    sizes = [len(group) for group in groups]
    done = [result.done for group in groups for result in group]
    known = list(dict.fromkeys(name for each in done for name in each))
    sides = {}
    for name in known:
        if all(name in each for each in done):
            sides[name] = _Side.of([each[name] for each in done])
    kept = {name: side for name, side in sorted(sides.items()) if side.questions}
    return Aligned(
        names=tuple(kept),
        questions=tuple(side.questions for side in kept.values()),
        means=tuple(_averaged(side.means, sizes) for side in kept.values()),
        binary=tuple(side.binary for side in kept.values()),
        single=tuple(side.single and max(sizes) == 1 for side in kept.values()),
        decoding=_columns([_averaged(side.decoding, sizes) / sizes for side in kept.values()], len(sizes)),
        seeds=_split(_columns([side.means.mean(axis=1) for side in kept.values()], sum(sizes)), sizes),
        left_out=sum(side.left_out for side in kept.values()),
        dropped=tuple(name for name in known if name not in kept),
    )


@dataclass(frozen=True, eq=False)
class _Side:
    """One benchmark of all cells."""

    questions: tuple[str, ...]
    means: FloatArray  # cells x questions
    decoding: FloatArray  # of each cell
    binary: bool
    single: bool
    left_out: int

    @classmethod
    def of(cls, cells: Sequence[BenchmarkResult]) -> _Side:
        questions, means = stacked(cells)
        return cls(
            questions,
            means,
            np.array([se_decoding(_picked(each.matrix, each, questions)) ** 2 for each in cells]),
            all(each.binary for each in cells),
            all(each.matrix.shape[1] == 1 for each in cells),
            len(set().union(*{each.questions for each in cells})) - len(questions),
        )


def stacked(cells: Sequence[BenchmarkResult]) -> tuple[tuple[str, ...], FloatArray]:
    """Return the questions that one benchmark asked in all of these cells, and their means: cells x questions."""
    asked = {each.questions for each in cells}
    questions = next(iter(asked)) if len(asked) == 1 else tuple(sorted(set.intersection(*map(set, asked))))
    return questions, np.stack([_picked(each.means, each, questions) for each in cells])


def _picked(lines: FloatArray, each: BenchmarkResult, questions: tuple[str, ...]) -> FloatArray:
    """Return those of the lines of a benchmark that belong to these questions, in their order."""
    if each.questions == questions:
        return lines
    place = {question: line for line, question in enumerate(each.questions)}
    picked: FloatArray = lines[[place[question] for question in questions]]
    return picked


def _averaged(cells: FloatArray, sizes: Sequence[int]) -> FloatArray:
    """Return the mean over the cells of each row, along the first axis."""
    if max(sizes) == 1:
        return cells
    starts = np.cumsum([0, *sizes[:-1]])
    shares = np.reshape(sizes, (-1, *[1] * (cells.ndim - 1)))
    averaged: FloatArray = np.add.reduceat(cells, starts, axis=0) / shares
    return averaged


def _columns(columns: Sequence[FloatArray], rows: int) -> FloatArray:
    return np.column_stack(columns) if columns else np.empty((rows, 0))


def _split(cells: FloatArray, sizes: Sequence[int]) -> tuple[FloatArray, ...]:
    return tuple(np.split(cells, np.cumsum(sizes)[:-1])) if len(sizes) else ()
