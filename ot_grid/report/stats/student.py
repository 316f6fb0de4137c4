"""Quantiles and degrees of freedom, for whole arrays at once.

One idea: every interval here reaches some quantile times a standard error, and this says how far. `scipy.special`
alone, as importing `scipy.stats` costs a second. It must not know what is estimated.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import ndtri, stdtrit

FloatArray = npt.NDArray[np.float64]

CONFIDENCE = 0.95
NORMAL_FROM = 1e7  # degrees from which Student t is the normal distribution to seven digits


def normal_quantile(confidence: float = CONFIDENCE) -> float:
    """Return how many standard errors a two-sided normal interval reaches."""
    return float(ndtri((1 + confidence) / 2))


def t_quantile(degrees: FloatArray | float, confidence: float = CONFIDENCE) -> FloatArray:
    """Return how many standard errors a two-sided Student t interval reaches; nan without a degree of freedom."""
    return one_sided(degrees, (1 + confidence) / 2)


def one_sided(degrees: FloatArray | float, share: FloatArray | float) -> FloatArray:
    """Return the quantile of Student t below which `share` of it lies."""
    given = np.asarray(degrees, dtype=float)
    usable = np.where(given > 0, given, np.nan)
    return np.asarray(np.where(usable > NORMAL_FROM, ndtri(share), stdtrit(np.minimum(usable, NORMAL_FROM), share)))


def welch(variances: FloatArray, degrees: FloatArray) -> FloatArray:
    """Return the degrees of freedom of sums (last axis) of independent variances, each known to its own degrees.

    Welch-Satterthwaite: (sum v)^2 / sum(v^2 / degrees). Where nothing varies, all the degrees together.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        below = (variances**2 / degrees).sum(axis=-1)
        found = variances.sum(axis=-1) ** 2 / below
    return np.asarray(np.where(variances.sum(axis=-1) == 0, np.sum(degrees), found))
