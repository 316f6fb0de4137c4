"""Rows of which only scores and errors are known: what can be said of them without a single reply.

One idea: without replies nothing is paired, so errors add up, and they cover what the published ones cover: decoding.
Where no error was published, a share of right replies gives an upper bound. It must not know about files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from ot_grid.report.grouping import Row
from ot_grid.report.matrices import BenchmarkResult
from ot_grid.report.statistics import se_mean
from ot_grid.report.stats.paired import Differences
from ot_grid.report.stats.seeds import Floor
from ot_grid.report.stats.student import CONFIDENCE, FloatArray


@dataclass(frozen=True, eq=False)
class UnpairedScores:
    """Published scores, in shares of one."""

    scores: FloatArray  # rows x benchmarks
    variance: FloatArray  # rows x benchmarks, of decoding
    seeds: tuple[FloatArray, ...]  # of each row: its cells x benchmarks

    @classmethod
    def of(cls, rows: Sequence[Row], names: Sequence[str]) -> UnpairedScores:
        """Return the scores of rows on some benchmarks that all of them have."""
        seeds, errors = [], []
        for row in rows:
            found = [_named(result.benchmarks, name) for result in row.used for name in names]
            shape = len(row.used), len(names)
            seeds.append(np.array([each.matrix[0, 0] for each in found]).reshape(shape))
            errors.append(np.array([variance(each) for each in found]).reshape(shape))
        empty = np.empty((0, len(names)))
        return cls(
            np.array([each.mean(axis=0) for each in seeds]) if seeds else empty,
            np.array([each.mean(axis=0) / len(each) for each in errors]) if errors else empty,
            tuple(seeds),
        )

    @property
    def empty(self) -> FloatArray:
        """The scores of no row."""
        return self.scores[:0]

    @property
    def unknown(self) -> FloatArray:
        """What is not known of each row."""
        return np.full(len(self.scores), np.nan)


def _named(benchmarks: Sequence[BenchmarkResult], name: str) -> BenchmarkResult:
    return next(each for each in benchmarks if each.name == name)


def variance(each: BenchmarkResult) -> float:
    """Return the decoding variance of a published score: of its error, or the binomial bound; nan without either.

    It is that of half a reply at least: a score of 0 or 100, or an error that was rounded to 0, is not certain.
    """
    assert each.published is not None
    known, share = each.published, float(each.matrix[0, 0])
    if not known.questions:
        return float(known.se**2)
    replies = known.questions * known.repeats
    return max(share * (1 - share) / replies if np.isnan(known.se) else known.se**2, (0.5 / replies) ** 2)


def of_any(each: BenchmarkResult) -> float:
    """Return the variance of a score, half a question at least; published ones have the questions fixed."""
    found = se_mean(each.means) ** 2 if each.published is None else variance(each)
    return max(found, (0.5 / each.asked) ** 2) if each.asked else found


def _reach(degrees: FloatArray | float) -> FloatArray:
    return np.asarray(special.stdtrit(np.minimum(degrees, 1e9), (1 + CONFIDENCE) / 2))


def _degrees(known: FloatArray, noise: FloatArray, degrees: float) -> FloatArray:
    """Return the Welch-Satterthwaite degrees of a variance that is known and one that was estimated."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (known + noise) ** 2 / (noise**2 / degrees)
    return np.where(noise > 0, found, np.inf)


def interval(
    mean: FloatArray, decoding: FloatArray, noise: FloatArray, degrees: float
) -> tuple[FloatArray, FloatArray]:
    """Return the 95 % intervals of means, from decoding variance and that of training seeds."""
    half = _reach(_degrees(decoding, noise, degrees)) * np.sqrt(decoding + noise)
    return np.maximum(0, mean - half), np.minimum(1, mean + half)


def differences(
    mean: FloatArray, decoding: FloatArray, reference: int, floor: Floor | None, seeds: FloatArray
) -> Differences:
    """Return the differences of means to that of one row, none of them paired."""
    known = decoding + decoding[reference]
    noise = (floor.variance if floor else 0.0) * (1 / seeds + 1 / seeds[reference])
    degrees = _degrees(known, noise, floor.degrees if floor else np.inf)
    found, se = mean - mean[reference], np.sqrt(known + noise)
    half = _reach(degrees) * se
    return Differences(found, se, degrees, found - half, found + half, np.zeros(len(mean), dtype=int))


def joined(first: Differences, rest: Differences) -> Differences:
    """Return `rest` with what `first` knows in place of its beginning."""
    known = len(first.mean)
    return Differences(
        *(
            np.concatenate([getattr(first, name), getattr(rest, name)[known:]])
            for name in ("mean", "se", "degrees", "low", "high", "differing")
        )
    )


def p(found: Differences) -> FloatArray:
    """Return two-sided p-values by Student's t."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(2 * special.stdtr(np.minimum(found.degrees, 1e9), -np.abs(found.mean) / found.se))
