"""The noise floor: how far the same recipe lands from itself when it is trained again.

One idea: rows that were trained with several seeds speak for all. It must not guess: without such a row there is no
floor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ot_grid.errors import BadInput
from ot_grid.report.stats.student import FloatArray


@dataclass(frozen=True)
class Floor:
    """The variance of the overall mean between training seeds."""

    variance: float  # of one seed, decoding noise taken off; divide by a row's seeds
    degrees: float  # to which it is known: sum of seeds - 1
    rows: int  # that had two seeds or more

    def of(self, seeds: FloatArray) -> FloatArray:
        """Return the variance of the mean of so many seeds."""
        return np.asarray(self.variance / np.asarray(seeds, dtype=float))


def floor(values: Sequence[FloatArray], decoding_variance: Sequence[float]) -> Floor | None:
    """Return the variance between seeds, pooled over rows; None when no row has two.

    `values` has, for each row, the overall mean of each seed on the same questions; `decoding_variance` the variance
    that decoding alone gives one of those means. What seeds do to single questions is also in the variance over
    questions, so the two together err towards too wide.
    """
    if len(values) != len(decoding_variance):
        raise BadInput(f"{len(values)} rows have {len(decoding_variance)} decoding variances; give one for each row")
    pairs = [(np.asarray(each, dtype=float), noise) for each, noise in zip(values, decoding_variance, strict=True)]
    several = [(each, noise) for each, noise in pairs if each.size > 1]
    if not several:
        return None
    degrees = sum(each.size - 1 for each, _ in several)
    beyond = sum((each.size - 1) * (each.var(ddof=1) - np.nan_to_num(noise)) for each, noise in several)
    return Floor(max(0.0, float(beyond) / degrees), float(degrees), len(several))
