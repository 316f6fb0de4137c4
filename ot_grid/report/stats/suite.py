"""What is measured: rows by questions, one array for each benchmark.

One idea: a row's value is a weighted mean of benchmarks, and its questions are what could have been others, so its
variance is that over questions; this contains the decoding noise, as each question's mean carries it. It must not
pair or rank rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from ot_grid.errors import BadInput
from ot_grid.report.stats.student import FloatArray, welch


@dataclass(frozen=True, eq=False)
class Suite:
    """Question means (over repeats and training seeds) in 0..1, all rows on the same questions, nothing missing."""

    names: tuple[str, ...]
    means: tuple[FloatArray, ...]  # rows x questions, one for each benchmark
    weights: FloatArray = field(default_factory=lambda: np.empty(0))  # default: benchmarks weigh the same; sum made 1
    binary: tuple[bool, ...] = ()  # whether a benchmark was run once, with nothing but right and wrong

    def __post_init__(self) -> None:
        weights = np.asarray(self.weights, dtype=float) if len(self.weights) else np.ones(len(self.names))
        object.__setattr__(self, "means", tuple(np.asarray(each, dtype=float) for each in self.means))
        object.__setattr__(self, "binary", tuple(self.binary) or (False,) * len(self.names))
        _check(self, weights)
        object.__setattr__(self, "weights", weights / weights.sum())

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return len(self.means[0])

    @cached_property
    def questions(self) -> FloatArray:
        """How many questions each benchmark has."""
        return np.array([each.shape[1] for each in self.means], dtype=float)

    @cached_property
    def scores(self) -> FloatArray:
        """Rows x benchmarks: the mean over questions."""
        return np.column_stack([each.mean(axis=1) for each in self.means])

    @cached_property
    def overall(self) -> FloatArray:
        """The weighted mean of benchmarks, as the method publishes it: plain by default, whatever their sizes."""
        return np.asarray(self.scores @ self.weights)

    @cached_property
    def variances(self) -> FloatArray:
        """Rows x benchmarks: the variance of each score over questions, s^2 / n; nan with one question."""
        return np.column_stack([mean_variance(each) for each in self.means])

    @cached_property
    def variance(self) -> FloatArray:
        """The variance of each row's overall mean over questions: sum of w^2 s^2 / n."""
        return np.asarray((self.weights**2 * self.variances).sum(axis=1))

    @cached_property
    def degrees(self) -> FloatArray:
        """The degrees of freedom to which each row's variance is known."""
        return welch(self.weights**2 * self.variances, self.questions - 1)

    def differing(self, row: int, others: npt.NDArray[np.int64]) -> FloatArray:
        """Return on how many questions each of the others differs from that row."""
        counts = [np.count_nonzero(np.abs(each[others] - each[row]) > 1e-12, axis=1) for each in self.means]
        return np.asarray(np.sum(counts, axis=0), dtype=float)

    def subset(self, names: Sequence[str]) -> Suite:
        """Return these benchmarks alone, at their weights relative to each other: a domain."""
        if missing := [name for name in names if name not in self.names]:
            raise BadInput(f"no benchmark {missing!r} in this suite; it has {list(self.names)!r}")
        at = [self.names.index(name) for name in names]
        means, binary = tuple(self.means[i] for i in at), tuple(self.binary[i] for i in at)
        return Suite(tuple(names), means, self.weights[at], binary)


def mean_variance(values: FloatArray) -> FloatArray:
    """Return s^2 / n of each row, n - 1 in s^2; nan with one question, and exactly 0 where nothing varies."""
    asked = values.shape[1]
    if asked < 2:
        return np.full(len(values), np.nan)
    varies = np.ptp(values, axis=1) > 1e-12  # a mean of equal shares is off by a rounding, and its variance not 0
    return np.asarray(np.where(varies, values.var(axis=1, ddof=1) / asked, 0.0))


def _check(suite: Suite, weights: FloatArray) -> None:
    if not suite.names:
        raise BadInput("a suite of no benchmarks has no mean; give at least one")
    counts = {"means": len(suite.means), "weights": len(weights), "binary": len(suite.binary)}
    if wrong := {name: count for name, count in counts.items() if count != len(suite.names)}:
        raise BadInput(f"{len(suite.names)} benchmarks have {wrong}; give one of each for every benchmark")
    if not (np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0):
        raise BadInput(f"weights {weights.tolist()!r} are not shares: none may be negative, and one must be above 0")
    for name, each in zip(suite.names, suite.means, strict=True):
        if each.ndim != 2 or not each.size or len(each) != len(suite.means[0]):
            raise BadInput(f"{name!r} has shape {each.shape}; it takes rows x questions, the same rows everywhere")
        if not ((each >= 0) & (each <= 1)).all():
            raise BadInput(f"{name!r} has a mean outside 0..1 or missing; leave out questions that a row lacks")
