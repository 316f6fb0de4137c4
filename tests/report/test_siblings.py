"""The others beside each cell: found by their choices, and their middle by one sorting."""

from __future__ import annotations

from statistics import median_high, median_low

import numpy as np

from ot_grid.planning.frozen import FrozenCell
from ot_grid.report.results import Result
from ot_grid.report.siblings import Alike, middles


def cell(**coordinates: str) -> Result:
    return Result(FrozenCell("c", "c", coordinates, ()), (), None, 0, 0.0)


def test_cells_with_a_choice_in_common_are_alike():
    """Without the cell itself; a choice that nobody else has, or everybody, tells nothing."""
    cells = [cell(filter=a, teacher=b, mix="x") for a in "kl" for b in "mn"] + [cell(filter="k", mix="x")]
    alike = [[group.tolist() for group in groups] for groups in Alike(cells)]
    assert alike == [[[1, 4], [2]], [[0, 4], [3]], [[3], [0]], [[2], [1]], [[0, 1]]]
    assert list(Alike([])) == []


def test_the_middles_are_those_of_all_others():
    """As the plain way has it, with equal values and with what is not there."""
    rng = np.random.default_rng(4)
    for count in (2, 3, 8, 21):
        values = rng.integers(0, 5, count).astype(float)
        values[rng.random(count) < 0.2] = np.nan
        low, high = middles(values)
        for place in range(count):
            others = [each for each in np.delete(values, place).tolist() if each == each]
            expected = [median_low(others), median_high(others)] if others else [np.nan, np.nan]
            np.testing.assert_array_equal([low[place], high[place]], expected)


def test_copies_of_a_measurement_are_no_others():
    """Two cells with one evaluation leave each other out; with nobody else there is no middle."""
    low, high = middles(np.array([0.2, 0.2, 0.5, 0.9]), np.array([2, 2, 1, 1]))
    assert (low.tolist(), high.tolist()) == ([0.5, 0.5, 0.2, 0.2], [0.9, 0.9, 0.2, 0.2])
    assert np.isnan(middles(np.array([0.3, 0.3]), np.array([2, 2]))).all()
    assert np.isnan(middles(np.array([np.nan, 0.3]))[0]).tolist() == [False, True]
