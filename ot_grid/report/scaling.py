"""Recipes that lose with more rows what others do not.

One idea: more rows of a sound recipe do not make a much worse student, so a mean that falls by many points from one
scale to the next is a training or a dataset to look at, unless the others fall there too (where the preset of training
changes, small ones do). It must not judge within a scale.

    recipe            rows     mean    change
    filter=length    3,160     37.1
    filter=length   10,000     40.0      +2.9    what the others do at this step
    filter=long     10,000     30.4      -9.6    is flagged
"""

from __future__ import annotations

import itertools
import math
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ot_grid.report import unpaired
from ot_grid.report.matrices import BenchmarkResult
from ot_grid.report.results import Flag, Result
from ot_grid.report.statistics import se_mean

GATE = "scale"
FALL = 5.0  # points that a mean falls, and that it falls further than the others' (median)
ERRORS = 4.0  # standard errors of the fall
UNITS = {"": 1, "k": 1e3, "m": 1e6}
ROWS = ("rows", "scale", "scale.rows", "scale.questions")  # factors that say how many rows there are


@dataclass(frozen=True)
class Step:
    """A recipe at one scale and at the next that there is of it; changes in points."""

    recipe: tuple[tuple[str, str], ...]
    before: Result
    after: Result
    rows: tuple[float, float]
    changes: Mapping[str, float]  # by benchmark
    error: float  # of the change of the mean

    @property
    def change(self) -> float:
        """The change of the plain mean."""
        return math.fsum(self.changes.values()) / len(self.changes)


def flags(results: Sequence[Result]) -> Iterator[Flag]:
    """Yield a flag for each recipe and scale where it falls, at the benchmark that falls most."""
    steps = list(_steps(results))
    for step in steps:
        if step.change > -FALL or -step.change <= ERRORS * step.error:
            continue
        others = [other for other in steps if _without_seeds(other) != _without_seeds(step)]
        alike = [other for other in others if other.rows == step.rows] or others
        usual = float(np.median([other.change for other in alike])) if alike else math.nan
        if step.change - usual <= -FALL:
            name = min(step.changes, key=lambda each: step.changes[each])
            yield Flag(step.after.cell.id, name, GATE, _reason(step, name, usual, len(alike)))


def _without_seeds(step: Step) -> list[tuple[str, str]]:
    """Return a recipe whose seeds say nothing: what it does with another is no measure of it."""
    return [(name, choice) for name, choice in step.recipe if not name.endswith("seed")]


def _reason(step: Step, name: str, usual: float, count: int) -> str:
    few, many = (f"{rows:,.0f}" for rows in step.rows)
    verb = "gain" if usual > 0 else "fall"
    others = f"another recipe {verb}s" if count == 1 else f"{count} other recipes {verb}"
    median = "" if count == 1 else " (median)"
    then, now = (100 * result.done[name].score for result in (step.before, step.after))
    return (
        f"the mean falls {-step.change:.1f} points from {few} rows to {many}, where {others} {abs(usual):.1f}{median}; "
        f"here most, from {then:.1f} to {now:.1f}"
    )


def _steps(results: Sequence[Result]) -> Iterator[Step]:
    """Yield every recipe that there is at several scales, from each to the next."""
    recipes: defaultdict[tuple[tuple[str, str], ...], dict[float, Result]] = defaultdict(dict)
    for result in results:
        own = {name: choice for name, choice in result.cell.coordinates.items() if name not in ROWS}
        rows = _rows(result)
        if rows is not None and len(own) < len(result.cell.coordinates):
            recipes[tuple(sorted(own.items()))].setdefault(rows, result)
    for recipe, by_rows in recipes.items():
        sizes = sorted(by_rows)
        for few, many in itertools.pairwise(sizes):
            step = _step(recipe, (few, many), by_rows[few], by_rows[many])
            if step is not None:
                yield step


def _step(recipe: tuple[tuple[str, str], ...], rows: tuple[float, float], before: Result, after: Result) -> Step | None:
    names = [name for name in before.done if name in after.done]
    if not names:
        return None
    pairs = {name: (before.done[name], after.done[name]) for name in names}
    changes = {name: 100 * (second.score - first.score) for name, (first, second) in pairs.items()}
    variance = math.fsum(_variance(*pair) for pair in pairs.values())
    error = math.inf if math.isnan(variance) else 100 * math.sqrt(variance) / len(names)
    return Step(recipe, before, after, rows, changes, error)


def _variance(one: BenchmarkResult, other: BenchmarkResult) -> float:
    """Return the variance of a difference of scores: paired where the questions are here."""
    if one.published or other.published:
        return unpaired.of_any(one) + unpaired.of_any(other)
    place = {question: number for number, question in enumerate(other.questions)}
    both = [(number, place[question]) for number, question in enumerate(one.questions) if question in place]
    if not both:
        return math.nan
    mine, theirs = np.array(both).T
    return max(se_mean(one.means[mine] - other.means[theirs]), 0.5 / len(both)) ** 2


def _rows(result: Result) -> float | None:
    """Return how many rows a student was trained on, in whole scales: as its coordinates say it, or its record."""
    for name in ROWS:
        if (size := sized(result.cell.coordinates.get(name, ""))) is not None:
            return size
    return None if result.rows is None else float(result.rows)


def sized(text: str) -> float | None:
    """Return the number at the end of a scale's name, None where there is none.

    >>> sized("ot_31k"), sized("0.3k"), sized("1.2m"), sized("31600"), sized("rehearsal")
    (31000.0, 300.0, 1200000.0, 31600.0, None)
    """
    found = re.search(r"(\d+(?:\.\d+)?)([km]?)$", text.strip().lower())
    return float(found.group(1)) * UNITS[found.group(2)] if found else None
