"""What a factor does: main effects and two-way interactions of a factorial design.

One idea: least squares with effects coding is a matrix of contrasts, effects x rows, and a contrast of question means
is a paired difference like any other; in a complete design it equals the plain marginal means. What a design with
holes cannot tell apart is nan. It must not fill in for rows that are not there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product

import numpy as np

from ot_grid.errors import BadInput
from ot_grid.report.stats.paired import Differences, judged, widened
from ot_grid.report.stats.permutation import sign_flip
from ot_grid.report.stats.seeds import Floor
from ot_grid.report.stats.student import FloatArray
from ot_grid.report.stats.suite import Suite

Design = Sequence[Mapping[str, str]]  # the coordinates of each row
DUST = 1e-15  # of a variance: what rounding leaves where nothing varies


@dataclass(frozen=True, eq=False)
class Effects:
    """What each choice of a factor comes to, averaged over the other factors."""

    factor: str
    choices: tuple[str, ...]  # as they first appear
    rows: FloatArray  # that have the choice
    mean: FloatArray
    effect: Differences  # against the factor's plain average of choices
    effect_p: FloatArray
    best: int | None  # the choice with the highest mean, where any has one
    difference: Differences  # to the best choice; nan for itself
    p: FloatArray
    share: float  # of the variance between rows, noise taken off; nan where rows do not vary beyond noise


@dataclass(frozen=True, eq=False)
class Interactions:
    """By how much two choices together differ from what each alone adds up to."""

    factors: tuple[str, str]
    choices: tuple[tuple[str, str], ...]
    effect: Differences
    p: FloatArray


def main_effects(
    suite: Suite, design: Design, factor: str, *, floor: Floor | None = None, seeds: FloatArray | None = None
) -> Effects:
    """Return the main effects of a factor, all other factors that vary held level.

    `p` compares with the best choice, which the same data chose: correct it for all pairs of choices, or say so.
    """
    _check(suite, design, [factor])
    columns = [_coded(design, each) for each in _varied(design)]
    own = _coded(design, factor)
    names = _choices(design, factor)
    others = [_coded(design, each) for each in _varied(design) if each != factor]
    solve = _Contrasts(suite, _joined(suite.rows, [own, *others]), _noise(suite, floor, seeds), floor)
    coding = _coding(len(names))
    effect = solve.rows(np.hstack([np.zeros((len(names), 1)), coding]), others)
    level = solve.rows(np.hstack([np.ones((len(names), 1)), coding]), others)
    mean = np.asarray(level @ suite.overall)
    best = None if np.isnan(mean).all() else int(np.nanargmax(mean))
    to_best = level - level[best] if best is not None else level
    apart, p = solve.judge(to_best)
    if best is not None:
        apart, p = _without(apart, best), np.where(np.arange(len(names)) == best, np.nan, p)
    effects, effect_p = solve.judge(effect)
    chosen = Counter(row.get(factor) for row in design)
    having = np.array([chosen[name] for name in names], dtype=float)
    share = _share(suite, _joined(suite.rows, columns), _joined(suite.rows, others), _noise(suite, floor, seeds))
    return Effects(factor, names, having, mean, effects, effect_p, best, apart, p, share)


def interactions(
    suite: Suite, design: Design, *, floor: Floor | None = None, seeds: FloatArray | None = None
) -> list[Interactions]:
    """Return the two-way interactions of every pair of factors that vary, beside the main effects of all."""
    _check(suite, design, [])
    return [_pair(suite, design, pair, (floor, seeds)) for pair in combinations(_varied(design), 2)]


def _pair(
    suite: Suite, design: Design, pair: tuple[str, str], training: tuple[Floor | None, FloatArray | None]
) -> Interactions:
    one, other = pair
    names = (_choices(design, one), _choices(design, other))
    both = _crossed(_coded(design, one), _coded(design, other))
    rest = [_coded(design, each) for each in _varied(design)]
    noise = _noise(suite, *training)
    solve = _Contrasts(suite, _joined(suite.rows, [both, *rest]), noise, training[0])
    coding = np.kron(_coding(len(names[0])), _coding(len(names[1])))
    contrasts = solve.rows(np.hstack([np.zeros((len(coding), 1)), coding]), rest)
    return Interactions((one, other), tuple(product(*names)), *solve.judge(contrasts))


class _Contrasts:
    """Least squares over rows, and what its contrasts come to on the questions."""

    def __init__(self, suite: Suite, matrix: FloatArray, noise: FloatArray, floor: Floor | None) -> None:
        self.suite, self.matrix, self.noise, self.floor = suite, matrix, noise, floor
        self.inverse = _inverse(matrix)

    def rows(self, wanted: FloatArray, others: Sequence[FloatArray]) -> FloatArray:
        """Return contrasts x rows for wanted sums of coefficients; nan where the design does not determine them."""
        wanted = np.hstack([wanted, np.zeros((len(wanted), sum(each.shape[1] for each in others)))])
        contrasts = wanted @ self.inverse
        told = np.abs(contrasts @ self.matrix - wanted).max(axis=1) < 1e-8
        varies = np.abs(wanted).max(axis=1) > 0
        return np.asarray(np.where((told & varies)[:, None], contrasts, np.nan))

    def judge(self, contrasts: FloatArray) -> tuple[Differences, FloatArray]:
        """Return the contrasts with intervals, and their sign-flip p-values."""
        known = np.asarray(~np.isnan(contrasts).any(axis=1))
        matrix = np.where(known[:, None], contrasts, 0.0)
        apart = [_tidy(matrix @ each) for each in self.suite.means]
        noise = np.asarray(matrix**2 @ self.noise)
        found = judged(apart, self.suite.weights, noise, self.floor.degrees if self.floor else np.inf)
        parts = zip(apart, self.suite.weights, strict=True)
        p = sign_flip(np.hstack([each * (w / each.shape[1]) for each, w in parts]), noise * widened(self.floor))
        return _without(found, ~known), np.where(known, p, np.nan)


def _tidy(values: FloatArray) -> FloatArray:
    """Return the values with roundings of zero made zero, so that they do not count as differences."""
    return np.asarray(np.where(np.abs(values) < 1e-12, 0.0, values))


def _without(found: Differences, which: np.ndarray | int) -> Differences:
    arrays = {name: np.array(getattr(found, name)) for name in ("mean", "se", "degrees", "low", "high", "differing")}
    for each in arrays.values():
        each[which] = np.nan
    return replace(found, **arrays)


def _share(suite: Suite, full: FloatArray, without: FloatArray, noise: FloatArray) -> float:
    """Return what a factor explains of the variance between rows: sums of squares less what noise alone would give."""
    own = _projection(full) - _projection(without)
    every = np.eye(suite.rows) - 1 / suite.rows
    explained, between = (_beyond_noise(suite, each, noise) for each in (own, every))
    return float(np.clip(explained / between, 0, 1)) if between > DUST else float("nan")


def _beyond_noise(suite: Suite, form: FloatArray, noise: FloatArray) -> float:
    """Return the quadratic form of the overall means less its expectation under noise, trace(form x covariance)."""
    expected = float(np.diag(form) @ noise)
    for means, weight in zip(suite.means, suite.weights, strict=True):
        asked = means.shape[1]
        centred = (means - means.mean(axis=1, keepdims=True)) * (weight / np.sqrt(asked * max(asked - 1, 1)))
        expected += float(np.sum((form @ centred) * centred))
    return float(suite.overall @ form @ suite.overall) - expected


def _projection(matrix: FloatArray) -> FloatArray:
    return np.asarray(matrix @ _inverse(matrix))


def _inverse(matrix: FloatArray) -> FloatArray:
    """Return the pseudo-inverse of rows x columns by way of columns x columns, as rows are many and codes near 1."""
    return np.asarray(np.linalg.pinv(matrix.T @ matrix, rcond=1e-10, hermitian=True) @ matrix.T)


def _noise(suite: Suite, floor: Floor | None, seeds: FloatArray | None) -> FloatArray:
    return floor.of(np.ones(suite.rows) if seeds is None else seeds) if floor else np.zeros(suite.rows)


def _varied(design: Design) -> list[str]:
    names = dict.fromkeys(name for row in design for name in row)
    return [name for name in names if len(_choices(design, name)) > 1]


def _choices(design: Design, factor: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(row[factor] for row in design if factor in row))


def _coding(count: int) -> FloatArray:
    """Return choices x (choices - 1): effects coding, whose effects sum to zero."""
    return np.vstack([np.eye(count - 1), -np.ones((1, count - 1))]) if count > 1 else np.zeros((1, 0))


def _coded(design: Design, factor: str) -> FloatArray:
    names = _choices(design, factor)
    return np.asarray(_coding(len(names))[[names.index(row[factor]) for row in design]])


def _crossed(one: FloatArray, other: FloatArray) -> FloatArray:
    return np.asarray((one[:, :, None] * other[:, None, :]).reshape(len(one), -1))


def _joined(rows: int, parts: Sequence[FloatArray]) -> FloatArray:
    return np.hstack([np.ones((rows, 1)), *parts])


def _check(suite: Suite, design: Design, factors: Sequence[str]) -> None:
    if len(design) != suite.rows:
        raise BadInput(f"a design of {len(design)} rows does not fit {suite.rows} rows; give coordinates of each row")
    given = Counter(name for row in design for name in row)
    if lacking := sorted(name for name in {*given, *factors} if given[name] < len(design)):
        raise BadInput(f"some rows have no choice for {lacking!r}; give every row a choice of each factor")
