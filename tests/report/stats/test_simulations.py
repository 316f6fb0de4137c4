"""The statistics on simulated grids whose truth is known: do they keep what they say?

One core, a minute together; `analysis/simulations.py` does the same with ten times as many. Bounds on few grids allow
what chance gives a method that keeps its promise, and no more.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.slow  # simulated grids

SCRIPT = Path(__file__).parents[3] / "analysis" / "simulations.py"
COVERED = (0.93, 0.97)


@pytest.fixture(scope="module")
def simulations():
    found = importlib.util.spec_from_file_location("simulations", SCRIPT)
    module = importlib.util.module_from_spec(found)
    sys.modules["simulations"] = module
    found.loader.exec_module(module)
    return module


@pytest.mark.parametrize("shape", [(30, 10), (500, 1)])
def test_intervals_of_a_benchmark_cover_as_often_as_they_say(simulations, shape):
    """Of the mean, and of a paired difference."""
    found = simulations.coverage([shape], [0.5], times=4000)
    assert all(COVERED[0] <= each <= COVERED[1] for each in found)


def test_intervals_of_the_suite_of_eight_cover(simulations):
    found = simulations.coverage(simulations.EIGHT, simulations.MIDDLES, times=2000)
    assert all(COVERED[0] <= each <= COVERED[1] for each in found)


def test_of_27_equal_rows_hardly_ever_one_is_named(simulations):
    """5 % may be; a few of 60 grids more by chance."""
    found = simulations.tally(simulations.EIGHT, np.zeros(27), grids=60, draws=1000)
    assert found.winner <= 0.05
    assert found.ranks >= 0.88
    assert found.contends >= 0.95


def test_a_gap_of_twice_the_detectable_difference_names_the_right_row(simulations):
    gap = 2 * simulations.stated(simulations.EIGHT, 27)
    found = simulations.tally(simulations.EIGHT, np.append(np.zeros(26), gap), grids=40, draws=1000)
    assert found.right >= 0.95
    assert found.right == found.winner


@pytest.mark.parametrize("rows", [2, 3])
def test_two_or_three_equal_rows_are_told_apart_no_more_often_than_5_percent(simulations, rows):
    """400 grids: 5 % and two standard errors of what is counted."""
    assert simulations.tally([(60, 4)], np.zeros(rows), grids=400, draws=500).winner <= 0.072


def test_few_rows_and_a_real_gap_name_the_right_row(simulations):
    shapes = [(500, 1)]
    gap = 2 * simulations.stated(shapes, 3)
    assert simulations.tally(shapes, np.append(np.zeros(2), gap), grids=100, draws=500).right >= 0.95


def test_training_noise_that_is_known_keeps_the_promise(simulations):
    """The reference has three seeds, the others one; seeds move a row by 2 points."""
    found = simulations.tally([(200, 4)], np.zeros(9), grids=100, training=0.02, draws=500)
    assert found.winner <= 0.05
    assert found.ranks >= 0.9
