"""Rows of the ranked table: a recipe, with one cell for each training seed.

One idea: a setting that the sweep repeats is no choice, so cells that differ in nothing else are one row, and their
students are averaged. It must not compute scores.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from ot_grid.planning.frozen import FrozenCell, FrozenRun, Sweep
from ot_grid.report.matrices import BenchmarkResult
from ot_grid.report.results import Result

MEASURED, PUBLISHED = "measured", "published"  # where scores come from


@dataclass(frozen=True, eq=False)
class Row:
    """One recipe: its cells with all that is known of them."""

    coordinates: Mapping[str, str]  # without what is repeated
    results: tuple[Result, ...]  # one a cell, in the order of the sweep

    @property
    def cell(self) -> FrozenCell:
        """The first cell, by whose id the row is called."""
        return self.results[0].cell

    @property
    def members(self) -> str:
        """The ids of all its cells, with a space between."""
        return " ".join(result.cell.id for result in self.results)

    @cached_property
    def used(self) -> list[Result]:
        """The results that count: those that are ranked, or else those that are complete."""
        ranked = [result for result in self.results if result.ranked]
        return ranked or [result for result in self.results if result.complete]

    @property
    def ranked(self) -> bool:
        """Whether it may win: one of its cells at least is complete, and nothing of it looks broken."""
        return any(result.ranked for result in self.results)

    @property
    def complete(self) -> bool:
        """Whether one of its cells at least has all its benchmarks."""
        return bool(self.used)

    @property
    def seeds(self) -> int:
        """How many students its numbers are of."""
        return len(self.used)

    @property
    def runs(self) -> tuple[FrozenRun, ...]:
        """The stage runs behind it, each once."""
        return tuple(dict.fromkeys(run for result in self.results for run in result.cell.runs))

    @property
    def benchmarks(self) -> list[BenchmarkResult]:
        """The benchmarks of the results that count, or what there is of the others."""
        return [each for result in self.used or self.results for each in result.benchmarks]

    @property
    def source(self) -> str:
        """Whether its replies are here, or only scores that somebody published."""
        return PUBLISHED if any(each.published for each in self.benchmarks) else MEASURED


def rows(sweep: Sweep, results: Sequence[Result]) -> list[Row]:
    """Return the recipes of a sweep in its order, each with the results of its cells."""
    grouped: dict[tuple[tuple[str, str], ...], list[Result]] = {}
    for result in results:
        own = () if sweep.repeat else (("", result.cell.id),)
        grouped.setdefault((*own, *sweep.without_draws(result.cell).items()), []).append(result)
    return [Row(sweep.without_draws(members[0].cell), tuple(members)) for members in grouped.values()]
