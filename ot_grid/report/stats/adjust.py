"""p-values for a family of comparisons.

One idea: step over the sorted p-values once. What has no p-value (nan) is not in the family and stays nan.
"""

from __future__ import annotations

import numpy as np

from ot_grid.report.stats.student import FloatArray


def holm(p: FloatArray) -> FloatArray:
    """Return p-values such that resolving those below 0.05 is wrong anywhere in the family in at most 5 % of cases."""
    known, values, order = _sorted(p)
    stepped = np.maximum.accumulate(values * np.arange(values.size, 0, -1))
    return _placed(known, order, stepped)


def benjamini_hochberg(p: FloatArray) -> FloatArray:
    """Return p-values such that at most 5 % of those resolved below 0.05 are expected to be wrong."""
    known, values, order = _sorted(p)
    stepped = values * values.size / np.arange(1, values.size + 1)
    return _placed(known, order, np.minimum.accumulate(stepped[::-1])[::-1])


def _sorted(p: FloatArray) -> tuple[FloatArray, FloatArray, np.ndarray]:
    given = np.asarray(p, dtype=float)
    values = given[~np.isnan(given)]
    order = np.argsort(values, kind="stable")
    return given, values[order], order


def _placed(given: FloatArray, order: np.ndarray, stepped: FloatArray) -> FloatArray:
    placed, values = np.full(given.shape, np.nan), np.empty(order.size)
    values[order] = np.minimum(stepped, 1)
    placed[~np.isnan(given)] = values
    return placed
