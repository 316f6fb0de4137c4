"""Scores, their standard errors, and paired differences.

One idea: pure functions over question x repeat matrices (1 right, 0 wrong, between them partial credit, nan not there),
in shares of one. Two kinds of noise have two names: which questions were asked (`se_questions`) and how the student
happened to decode (`se_decoding`). Neither covers training seeds. Where a rule is binomial, partial credit makes it an
upper bound: scores within 0 and 1 vary at most p (1 - p). It must not know about cells, files or percent.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]

CONFIDENCE = 0.95
FEWEST_DIFFERING = 6  # a two-sided sign test cannot reach p < 0.05 with fewer: 2 * 0.5**5 = 0.0625


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


def combined(errors: Sequence[float]) -> float:
    """Return the standard error of a plain mean of independent benchmarks: sqrt(sum se^2) / k."""
    return math.sqrt(math.fsum(error**2 for error in errors)) / len(errors) if errors else math.nan


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


def t_quantile(degrees: int, confidence: float = CONFIDENCE) -> float:
    """Return how many standard errors a two-sided Student t interval reaches.

    Exact for 1 and 2 degrees; else the Cornish-Fisher expansion around the normal quantile (Abramowitz & Stegun
    26.7.5, four terms), off by less than 0.004 at 95 % for 3 degrees and by less than 0.0002 from 6 on. nan below 1.
    """
    if degrees < 1:
        return math.nan
    if degrees == 1:
        return math.tan(math.pi * confidence / 2)
    if degrees == 2:
        return confidence * math.sqrt(2 / (1 - confidence**2))
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    terms = (
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return z + math.fsum(term / degrees**power for power, term in enumerate(terms, 1))


def binomial_tail(least: int, asked: int, share: float) -> float:
    """Return the chance of `least` or more among `asked` independent draws, each a hit with chance `share`."""
    if least <= 0 or share >= 1:
        return 1.0
    if share <= 0:
        return 0.0
    hit, miss, whole = math.log(share), math.log1p(-share), math.lgamma(asked + 1)
    terms = (
        whole - math.lgamma(n + 1) - math.lgamma(asked - n + 1) + n * hit + (asked - n) * miss
        for n in range(least, asked + 1)
    )
    return min(1.0, math.fsum(map(math.exp, terms)))


def wilson(right: float, asked: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Return the Wilson interval of a share, honest at few questions and at 0 or all right (arXiv 2503.01747).

    Of a sum of partial credits it is wider than it need be, never narrower.
    """
    if asked < 1:
        return math.nan, math.nan
    z, share = NormalDist().inv_cdf((1 + confidence) / 2), right / asked
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
    half = t_quantile(means.size - 1) * error
    return max(0.0, score(matrix) - half), min(1.0, score(matrix) + half)


@dataclass(frozen=True)
class Difference:
    """A paired difference of two cells, with a 95 % interval of mean ± half."""

    mean: float
    se: float
    half: float  # nan when no variance can be estimated
    degrees: int  # of the t distribution
    differing: int  # questions on which the two differ at all

    @property
    def resolved(self) -> bool:
        """Whether the interval excludes zero."""
        return abs(self.mean) > self.half


def difference(benchmarks: Sequence[FloatArray]) -> Difference:
    """Return the mean difference from each benchmark's per-question differences, benchmarks weighing the same.

    A normal 95 % interval covers less than 95 % at few questions, so this takes Student t with the n - 1 degrees of
    the smallest benchmark, which errs towards too wide. With fewer than six questions that differ it reaches at least
    to zero, because even their unanimous sign would not be significant; when none varies the half-width is nan.
    """
    mean = overall([float(each.mean()) if each.size else math.nan for each in benchmarks])
    error = combined([se_mean(each) for each in benchmarks])
    degrees = min((each.size for each in benchmarks), default=0) - 1
    differing = sum(int(np.count_nonzero(np.abs(each) > 1e-12)) for each in benchmarks)
    half = t_quantile(degrees) * error if error > 0 else math.nan
    return Difference(mean, error, max(half, abs(mean)) if differing < FEWEST_DIFFERING else half, degrees, differing)
