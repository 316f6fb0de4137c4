"""Question means side by side: of two cells, or of two groups of cells.

One idea: only what both sides answered is compared, question by question. It must not judge what it pairs.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

Means = Mapping[str, Mapping[str, float]]  # benchmark -> question -> mean over repeats


def common(sides: Sequence[Iterable[str]]) -> list[str]:
    """Return what is on every side, sorted."""
    return sorted(set.intersection(*map(set, sides))) if sides else []


def averaged(cells: Sequence[Means]) -> Means:
    """Return the question means averaged over cells, on the benchmarks and questions that all of them have."""
    return {name: _averaged([cell[name] for cell in cells]) for name in common(cells)}


def _averaged(sides: Sequence[Mapping[str, float]]) -> Mapping[str, float]:
    return {question: float(np.mean([side[question] for side in sides])) for question in common(sides)}


def paired(one: Means, other: Means) -> list[npt.NDArray[np.float64]]:
    """Return one - other for every common question, an array for each benchmark that shares any."""
    sides = [(one[name], other[name]) for name in common([one, other])]
    arrays = [np.array([mine[each] - theirs[each] for each in common([mine, theirs])]) for mine, theirs in sides]
    return [each for each in arrays if each.size]
