"""Scores of one benchmark and their standard errors.

One idea: pure functions over question x repeat matrices (1 right, 0 wrong, between them partial credit, nan not there),
in shares of one. Two kinds of noise have two names: which questions were asked (`se_questions`) and how the student
happened to decode (`se_decoding`). Neither covers training seeds. Where a rule is binomial, partial credit makes it an
upper bound: scores within 0 and 1 vary at most p (1 - p). It must not know about cells, files or percent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.special import bdtrc

from ot_grid.report.stats.student import CONFIDENCE, FloatArray, normal_quantile, t_quantile


def question_means(matrix: FloatArray) -> FloatArray:
    """Return the mean over repeats of each question that has any."""
    means = matrix.mean(axis=1) if matrix.shape[1] else np.empty(0)
    if not np.isnan(means).any():
        return np.asarray(means)
    kept = matrix[~np.isnan(matrix).all(axis=1)]
    return np.asarray(np.nanmean(kept, axis=1)) if kept.size else np.empty(0)


def score(matrix: FloatArray) -> float:
    """Return the mean over questions of the mean over repeats; nan when empty."""
    means = question_means(matrix)
    return float(means.mean()) if means.size else math.nan


def overall(values: Sequence[float]) -> float:
    """Return the plain mean of benchmarks, as the method publishes it: each weighs the same, whatever its size."""
    return math.fsum(values) / len(values) if values else math.nan


def se_mean(values: FloatArray) -> float:
    """Return sd / sqrt(n) with n - 1 in the sd; nan below two values."""
    return float(values.std(ddof=1) / math.sqrt(values.size)) if values.size > 1 else math.nan


def se_questions(matrix: FloatArray) -> float:
    """Return the standard error over questions (Miller, arXiv 2411.00640): what other questions would have given.

    It contains the decoding noise too, as each question's mean carries it.
    """
    return se_mean(question_means(matrix))


def se_decoding(matrix: FloatArray) -> float:
    """Return the standard error with these questions fixed: what other repeats would have given.

    From the variance between repeats within each question, which expects the same as the published
    sd(accuracy of a repeat) / sqrt(repeats) and is steadier. With one repeat there is no such variance, and the
    published rule is taken: binomial, sqrt(p (1 - p) / n), an upper bound, as it takes all questions for equally hard.
    """
    means = question_means(matrix)
    seen = np.count_nonzero(~np.isnan(matrix), axis=1)
    repeated = matrix[seen > 1]
    if not repeated.size:
        return math.sqrt(score(matrix) * (1 - score(matrix)) / means.size) if means.size else math.nan
    whole = repeated.size == matrix.size and int(seen.min()) == matrix.shape[1]
    variances = (np.var if whole else np.nanvar)(repeated, axis=1, ddof=1) / seen[seen > 1]
    return math.sqrt(float(variances.mean()) / means.size)


def binomial_tail(least: int, asked: int, share: float) -> float:
    """Return the chance of `least` or more among `asked` independent draws, each a hit with chance `share`."""
    return 1.0 if least <= 0 else float(bdtrc(least - 1, asked, share))


def wilson(right: float, asked: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the Wilson interval of a share, honest at few questions and at 0 or all right (arXiv 2503.01747).

    Of a sum of partial credits it is wider than it need be, never narrower.
    """
    if asked < 1:
        return math.nan, math.nan
    z, share = normal_quantile(confidence), right / asked
    centre = (share + z**2 / (2 * asked)) / (1 + z**2 / asked)
    half = z / (1 + z**2 / asked) * math.sqrt(share * (1 - share) / asked + z**2 / (4 * asked**2))
    return max(0.0, centre - half), min(1.0, centre + half)


def interval(matrix: FloatArray) -> tuple[float, float]:
    """Return the 95 % interval of a benchmark's score over questions: Wilson for one repeat, else Student t.

    Wilson also where all questions have the same mean, or there is only one: t would claim certainty, or nothing.
    """
    means, error = question_means(matrix), se_questions(matrix)
    if matrix.shape[1] < 2 or not error > 0:
        return wilson(float(means.sum()), means.size)
    half = float(t_quantile(means.size - 1)) * error
    return max(0.0, score(matrix) - half), min(1.0, score(matrix) + half)
