"""Intervals of a score: of one benchmark, and of a row's weighted mean of benchmarks.

One idea: Wilson's interval, with the number of questions that would carry the variance that was seen (Korn & Graubard
1998) and Student's t; so repeats and partial credit narrow it, few questions widen it, and it never leaves 0..1 or
claims certainty. It must not compare rows.
"""

from __future__ import annotations

import numpy as np

from ot_grid.report.stats.student import CONFIDENCE, FloatArray, normal_quantile, t_quantile, welch
from ot_grid.report.stats.suite import Suite, mean_variance

Interval = tuple[FloatArray, FloatArray]


def wilson(share: FloatArray, asked: FloatArray | float, quantile: FloatArray | float) -> Interval:
    """Return the Wilson interval of shares of `asked` questions, honest at few questions and at none or all right."""
    squared = np.square(quantile) / asked
    centre = (share + squared / 2) / (1 + squared)
    half = np.sqrt(np.maximum(squared * share * (1 - share) + squared**2 / 4, 0)) / (1 + squared)
    return np.asarray(np.clip(centre - half, 0, share)), np.asarray(np.clip(centre + half, share, 1))


def score_interval(means: FloatArray, confidence: float = CONFIDENCE, *, binary: bool = False) -> Interval:
    """Return the interval of each row's mean (rows x questions); plain Wilson for binary single runs."""
    asked = means.shape[1]
    quantile = normal_quantile(confidence) if binary or asked < 2 else t_quantile(asked - 1, confidence)
    share = means.mean(axis=1)
    return wilson(share, asked if binary else effective(share, mean_variance(means), asked), quantile)


def effective(share: FloatArray, variance: FloatArray, asked: float) -> FloatArray:
    """Return the binary questions of this variance, p (1 - p) / se^2; those asked where it is not known."""
    known = (variance > 0) & (share > 0) & (share < 1)
    return np.asarray(np.where(known, share * (1 - share) / np.where(known, variance, 1), asked))


def overall_interval(
    suite: Suite,
    floor_variance: FloatArray | float = 0.0,
    floor_degrees: float = np.inf,
    *,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Return the interval of each row's overall mean.

    MOVER (Zou & Donner 2008): how far each benchmark's own interval reaches, weighted and in quadrature, on either
    side; so it keeps the skew of scores near 0 and 1. Training noise joins in quadrature. One t quantile for all,
    with the Welch- Satterthwaite degrees of the whole.
    """
    floor = np.broadcast_to(np.asarray(floor_variance, dtype=float), (suite.rows,))
    parts = np.column_stack([suite.weights**2 * suite.variances, floor])
    known = np.where(np.isnan(parts), 0, parts)
    degrees = welch(known, np.append(np.maximum(suite.questions - 1, 1), floor_degrees))
    quantile = t_quantile(degrees, confidence)
    below = above = quantile**2 * floor
    for index, weight in enumerate(suite.weights):
        share = suite.scores[:, index]
        asked = effective(share, suite.variances[:, index], suite.questions[index])
        low, high = wilson(share, asked, quantile)
        below, above = below + (weight * (share - low)) ** 2, above + (weight * (high - share)) ** 2
    return np.maximum(suite.overall - np.sqrt(below), 0), np.minimum(suite.overall + np.sqrt(above), 1)
