"""What an experiment of this size could have found.

One idea: a difference is found with the chance `power` when it lies that far beyond the threshold of the test. It
must not look at the differences that were found.
"""

from __future__ import annotations

import numpy as np

from ot_grid.report.stats.student import CONFIDENCE, FloatArray, one_sided


def detectable(se: FloatArray, degrees: FloatArray | float, comparisons: int, *, power: float = 0.8) -> FloatArray:
    """Return the smallest true difference, in the unit of `se`, that a two-sided 5 % test finds with that power.

    `comparisons` is the size of the family: the test's level is divided by it (Bonferroni, the first step of Holm).
    """
    level = (1 - CONFIDENCE) / max(comparisons, 1)
    reach = one_sided(degrees, 1 - level / 2) + one_sided(degrees, power)
    return np.asarray(reach * np.asarray(se, dtype=float))
