"""Paired differences: what one row gains over another on the same questions.

One idea: the question is the unit, so what is hard for both cancels; each benchmark's differences have a mean and a
variance, and they are weighed together. It must not correct for the number of comparisons.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ot_grid.errors import BadInput
from ot_grid.report.stats.seeds import Floor
from ot_grid.report.stats.student import CONFIDENCE, FloatArray, normal_quantile, t_quantile, welch
from ot_grid.report.stats.suite import Suite, mean_variance

ROUNDING = 1e-9
FEWEST_DIFFERING = 6  # a two-sided sign test cannot reach p < 0.05 with fewer: 2 * 0.5**5 = 0.0625


@dataclass(frozen=True, eq=False)
class Differences:
    """Differences with their intervals, one of each; nan where no variance can be estimated."""

    mean: FloatArray
    se: FloatArray
    degrees: FloatArray
    low: FloatArray
    high: FloatArray
    differing: FloatArray  # questions on which the two differ at all

    @property
    def half(self) -> FloatArray:
        """How far the interval reaches to either side."""
        return self.high - self.mean

    @property
    def resolved(self) -> np.ndarray:
        """Whether the interval excludes zero."""
        return np.asarray((self.low > 0) | (self.high < 0))


def differences(
    suite: Suite, reference: int, floor: Floor | None, seeds: FloatArray, *, confidence: float = CONFIDENCE
) -> Differences:
    """Return each row's difference to the reference row.

    Training noise of both (`seeds` has how many seeds each row averages over) is added in quadrature, with its
    degrees.
    """
    noise = training_noise(suite, reference, floor, seeds)
    apart = [each - each[reference] for each in suite.means]
    return judged(apart, suite.weights, noise, floor.degrees if floor else np.inf, confidence=confidence)


def contributions(suite: Suite, reference: int) -> FloatArray:
    """Return rows x all questions: what each adds to the difference of overall means, as `sign_flip` takes it."""
    parts = zip(suite.means, suite.weights, strict=True)
    return np.hstack([(each - each[reference]) * (weight / each.shape[1]) for each, weight in parts])


def training_noise(suite: Suite, reference: int, floor: Floor | None, seeds: FloatArray) -> FloatArray:
    """Return the variance that training seeds give each row's difference to the reference; zero for itself."""
    if not 0 <= reference < suite.rows or len(seeds) != suite.rows:
        raise BadInput(f"reference {reference} and {len(seeds)} counts of seeds do not fit {suite.rows} rows")
    if floor is None:
        return np.zeros(suite.rows)
    single = floor.of(seeds)
    return np.asarray(np.where(np.arange(suite.rows) == reference, 0.0, single + single[reference]))


def unsigned(suite: Suite, beyond: float) -> float:
    """Return the largest gap between two rows that differ on fewer than six questions; `beyond` where none is larger.

    Not even the unanimous sign of so few would be significant. They hardly open a gap, so few pairs are looked at.
    """
    most = (FEWEST_DIFFERING - 1) * float((suite.weights / suite.questions).max()) * (1 + ROUNDING)
    order = np.argsort(suite.overall)
    rising = suite.overall[order]
    first, last = (
        np.searchsorted(rising, rising + beyond * (1 + ROUNDING), "right"),
        np.searchsorted(rising, rising + most, "right"),
    )
    for row in np.flatnonzero(first < last):
        other = order[first[row] : last[row]]
        few = suite.differing(int(order[row]), other) < FEWEST_DIFFERING
        if few.any():
            beyond = max(beyond, float((suite.overall[other[few]] - rising[row]).max()))
    return beyond


def widened(floor: Floor | None) -> float:
    """Return by what to multiply the floor's variance where it must pass for normal: (t / normal quantile)^2."""
    return float((t_quantile(floor.degrees) / normal_quantile()) ** 2) if floor else 1.0


def judged(
    apart: Sequence[FloatArray],
    weights: FloatArray,
    noise: FloatArray,
    noise_degrees: float = np.inf,
    *,
    confidence: float = CONFIDENCE,
) -> Differences:
    """Return the weighted means of per-question differences (one array, rows x questions, for each benchmark).

    Student t with Welch-Satterthwaite degrees. With fewer than six questions that differ the interval reaches at
    least to zero, because even their unanimous sign would not be significant; when nothing varies it is nan.
    """
    mean = np.column_stack([each.mean(axis=1) for each in apart]) @ weights
    parts = np.column_stack([*(w * w * mean_variance(each) for w, each in zip(weights, apart, strict=True)), noise])
    degrees = welch(parts, np.array([*(each.shape[1] - 1 for each in apart), noise_degrees]))
    se = np.sqrt(parts.sum(axis=1))
    differing = np.sum([np.count_nonzero(np.abs(each) > 1e-12, axis=1) for each in apart], axis=0).astype(float)
    half = np.where(se > 0, t_quantile(degrees, confidence) * se, np.nan)
    half = np.where(differing < FEWEST_DIFFERING, np.maximum(half, np.abs(mean)), half)
    return Differences(mean, se, degrees, mean - half, mean + half, differing)
