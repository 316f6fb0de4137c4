"""What the statistics say of the ranked rows: one item a row, in shares of one.

One idea: every form of the report takes its numbers from here, so that they cannot disagree. Rows are compared on the
benchmarks and questions that all of them have. It must not read files or format text.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ot_grid.report import unpaired
from ot_grid.report.align import Aligned, aligned
from ot_grid.report.grouping import PUBLISHED, Row
from ot_grid.report.stats.adjust import benjamini_hochberg, holm
from ot_grid.report.stats.intervals import overall_interval
from ot_grid.report.stats.paired import Differences, contributions, differences, training_noise, unsigned, widened
from ot_grid.report.stats.permutation import sign_flip
from ot_grid.report.stats.power import detectable
from ot_grid.report.stats.ranking import Ranking, rank, widest
from ot_grid.report.stats.resampling import Float32Array, add_noise, deviations
from ot_grid.report.stats.seeds import Floor, floor
from ot_grid.report.stats.student import FloatArray
from ot_grid.report.stats.suite import Suite

HOLM, BH = "holm", "bh"
CORRECTIONS = {HOLM: holm, BH: benjamini_hochberg}
DRAWS = 10_000
SEED = 1  # of the bootstrap: the same table every time


@dataclass(frozen=True)
class Options:
    """How the numbers are to be made."""

    weights: Mapping[str, float] = field(default_factory=dict)  # of benchmarks; those not named weigh 1
    correction: str = HOLM
    draws: int = DRAWS
    training_noise: float | None = None  # points: sd between training seeds, known from elsewhere


@dataclass(frozen=True, eq=False)
class Numbers:
    """The ranked rows side by side."""

    rows: tuple[Row, ...]
    aligned: Aligned | None  # of the measured rows; None when there are none
    names: tuple[str, ...]  # the benchmarks that all rows have
    scores: FloatArray  # rows x benchmarks
    weights: FloatArray  # of the benchmarks, 1 together
    mean: FloatArray
    low: FloatArray
    high: FloatArray
    se_questions: FloatArray
    se_decoding: FloatArray
    reference: int | None
    differences: Differences | None  # to the reference; whose own are not to be read
    p: FloatArray
    adjusted: FloatArray
    detectable: FloatArray
    ranking: Ranking
    floor: Floor | None
    correction: str

    @property
    def comparisons(self) -> int:
        """How many differences to the reference were tested."""
        return max(0, len(self.rows) - 1) if self.reference is not None else 0

    @cached_property
    def suite(self) -> Suite | None:
        """The question means of the measured rows."""
        return suite_of(self.aligned, self.names, self.weights) if self.aligned else None

    @cached_property
    def z(self) -> FloatArray:
        """The mean over benchmarks of how many standard deviations of the rows each row lies above their mean.

        Unlike the plain mean it does not let a benchmark count for more because rows differ more on it in points.
        """
        spread = self.scores.std(axis=0, ddof=1) if len(self.rows) > 1 else np.zeros(len(self.names))
        above = self.scores - self.scores.mean(axis=0)
        return np.asarray(np.divide(above, spread, out=np.zeros_like(above), where=spread > 0) @ self.weights)

    def domain(self, members: Sequence[str]) -> FloatArray:
        """Return the plain mean of some of the benchmarks, a row each."""
        columns = [self.names.index(name) for name in members if name in self.names]
        return self.scores[:, columns].mean(axis=1) if columns else np.full(len(self.rows), np.nan)


def suite_of(sides: Aligned, names: Sequence[str], weights: FloatArray) -> Suite:
    """Return some benchmarks of aligned rows as a suite."""
    places = [sides.names.index(name) for name in names]
    binary = tuple(sides.binary[place] and sides.single[place] for place in places)
    return Suite(tuple(names), tuple(sides.means[place] for place in places), weights, binary)


def numbers(ranked: Sequence[Row], reference: Row | None, options: Options) -> Numbers | None:
    """Return the numbers of the ranked rows, measured ones first; None when they have no benchmark in common."""
    rows = sorted(ranked, key=lambda row: row.source == PUBLISHED)
    measured = [row for row in rows if row.source != PUBLISHED]
    sides = aligned([row.used for row in measured]) if measured else None
    names = _names(sides, rows[len(measured) :])
    if not rows or not names:
        return None
    weights = _weights(names, options.weights)
    told = unpaired.UnpairedScores.of(rows[len(measured) :], names)
    return _Maker(rows, sides, names, weights, told, options).made(rows.index(reference) if reference in rows else None)


def _names(sides: Aligned | None, published: Sequence[Row]) -> tuple[str, ...]:
    sets = [set(sides.names)] if sides else []
    for row in published:
        for result in row.used:
            sets.append({each.name for each in result.benchmarks})
    return tuple(sorted(set.intersection(*sets))) if sets else ()


def _weights(names: Sequence[str], asked: Mapping[str, float]) -> FloatArray:
    weights = np.array([asked.get(name, 1.0) for name in names])
    return weights / weights.sum() if weights.sum() > 0 else np.full(len(names), 1 / len(names))


@dataclass(frozen=True, eq=False)
class _Maker:
    """Puts measured and published rows together: what is of the first comes before what is of the second."""

    rows: Sequence[Row]
    sides: Aligned | None
    names: tuple[str, ...]
    weights: FloatArray
    told: unpaired.UnpairedScores
    options: Options

    @cached_property
    def suite(self) -> Suite | None:
        return suite_of(self.sides, self.names, self.weights) if self.sides else None

    @cached_property
    def seeds(self) -> FloatArray:
        return np.array([row.seeds for row in self.rows])

    @cached_property
    def decoding(self) -> FloatArray:
        """The variance of each row's mean with its questions fixed."""
        columns = [self.sides.names.index(name) for name in self.names] if self.sides else []
        own = self.sides.decoding[:, columns] if self.sides else np.empty((0, len(self.names)))
        return np.asarray(np.concatenate([own, self.told.variance]) @ self.weights**2)

    @cached_property
    def floor(self) -> Floor | None:
        """The noise of training seeds, as it was given, or from the rows that have several."""
        if self.options.training_noise is not None:
            return Floor((self.options.training_noise / 100) ** 2, np.inf, 0)
        columns = [self.sides.names.index(name) for name in self.names] if self.sides else []
        own = [each[:, columns] @ self.weights for each in self.sides.seeds] if self.sides else []
        values = [*own, *(each @ self.weights for each in self.told.seeds)]
        return floor(values, list(self.decoding * self.seeds))

    @cached_property
    def noise(self) -> FloatArray:
        """The variance of each row's mean that training seeds add."""
        return (self.floor.variance if self.floor else 0.0) / self.seeds

    def made(self, reference: int | None) -> Numbers:
        scores = np.concatenate([self.suite.scores if self.suite else self.told.empty, self.told.scores])
        mean = scores @ self.weights
        low, high = self._interval(mean)
        differences = self._differences(mean, reference)
        p = self._p(differences, reference)
        adjusted = np.full(len(p), np.nan)
        others = np.arange(len(p)) != reference
        adjusted[others] = CORRECTIONS[self.options.correction](p[others])
        return Numbers(
            rows=tuple(self.rows), aligned=self.sides, names=self.names, scores=scores, weights=self.weights,
            mean=mean, low=low, high=high,
            se_questions=np.concatenate([np.sqrt(self.suite.variance) if self.suite else [], self.told.unknown]),
            se_decoding=np.sqrt(self.decoding), reference=reference, differences=differences, p=p, adjusted=adjusted,
            detectable=self._detectable(differences), ranking=self._ranking(mean), floor=self.floor,
            correction=self.options.correction,
        )  # fmt: skip

    def _interval(self, mean: FloatArray) -> tuple[FloatArray, FloatArray]:
        known = len(self.rows) - len(self.told.scores)
        degrees = self.floor.degrees if self.floor else np.inf
        low, high = unpaired.interval(mean, self.decoding, self.noise, degrees)
        if self.suite:
            low[:known], high[:known] = overall_interval(self.suite, self.noise[:known], degrees)
        return low, high

    def _differences(self, mean: FloatArray, reference: int | None) -> Differences | None:
        if reference is None:
            return None
        found = unpaired.differences(mean, self.decoding, reference, self.floor, self.seeds)
        known = len(self.rows) - len(self.told.scores)
        if self.suite is None or reference >= known:
            return found
        return unpaired.joined(differences(self.suite, reference, self.floor, self.seeds[:known]), found)

    def _p(self, found: Differences | None, reference: int | None) -> FloatArray:
        if found is None or reference is None:
            return np.full(len(self.rows), np.nan)
        p = unpaired.p(found)
        known = len(self.rows) - len(self.told.scores)
        if self.suite is not None and reference < known:
            noise = training_noise(self.suite, reference, self.floor, self.seeds[:known])
            p[:known] = sign_flip(contributions(self.suite, reference), noise * widened(self.floor))
        p[reference] = np.nan
        return p

    def _detectable(self, found: Differences | None) -> FloatArray:
        if found is None:
            return np.full(len(self.rows), np.nan)
        return np.asarray(detectable(found.se, found.degrees, max(1, len(self.rows) - 1)))

    def _ranking(self, mean: FloatArray) -> Ranking:
        drawn = self._deviations()
        yardstick = widest(drawn)
        return rank(mean, drawn, unsigned(self.suite, yardstick) if self.suite else yardstick)

    def _deviations(self) -> Float32Array:
        known, draws = len(self.rows) - len(self.told.scores), self.options.draws
        drawn = np.zeros((draws, len(self.rows)), dtype=np.float32)
        if self.suite:
            drawn[:, :known] = deviations(self.suite, draws=draws, seed=SEED)
        if self.floor:
            add_noise(drawn, self.noise, seed=SEED + 1, degrees=self.floor.degrees)
        if known < len(self.rows):
            add_noise(drawn[:, known:], self.decoding[known:], seed=SEED + 2)
        return drawn
