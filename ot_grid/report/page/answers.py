"""How often every recipe answered every question, a byte each.

One idea: the share of right answers times `STEPS` is a whole number for the usual numbers of repeats, so a page can
hold a thousand recipes and two thousand questions. It must not read files.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from ot_grid.report.matrices import BenchmarkResult
from ot_grid.report.results import Result

STEPS = 240  # has 1 to 6, 8, 10, 12, 15, 16 and 20 repeats without a rest
UNKNOWN = 255

Bytes = npt.NDArray[np.uint8]


def by_benchmark(
    results: Sequence[Result], rows: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, list[str], Bytes]]:
    """Yield (benchmark, questions, rows x questions) for what is done; `rows` has the cells of each row."""
    done = [(result.cell.id, each) for result in results for each in result.benchmarks if each.done]
    for name in dict.fromkeys(each.name for _, each in done):
        own = {cell: each for cell, each in done if each.name == name}
        questions = list(dict.fromkeys(question for each in own.values() for question in each.questions))
        places = {question: place for place, question in enumerate(questions)}
        lines = []
        for cells in rows.values():
            lines.append(_row([own[cell] for cell in cells if cell in own], places))
        yield name, questions, np.stack(lines)


def _row(benchmarks: Sequence[BenchmarkResult], places: Mapping[str, int]) -> Bytes:
    """Return the mean over the cells of a row as bytes."""
    if not benchmarks:
        return np.full(len(places), UNKNOWN, np.uint8)
    total, count = np.zeros(len(places)), np.zeros(len(places))
    for each in benchmarks:
        asked = (~np.isnan(each.matrix)).sum(axis=1)
        known = asked > 0
        where = np.array([places[question] for question in each.questions], np.intp)[known]
        total[where] += np.nansum(each.matrix, axis=1)[known] / asked[known]
        count[where] += 1
    shares = np.divide(total, count, out=np.zeros_like(total), where=count > 0)
    return np.where(count > 0, np.rint(np.clip(shares, 0, 1) * STEPS), UNKNOWN).astype(np.uint8)
