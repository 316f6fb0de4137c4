"""Random faults: the grid ends complete, nothing is lost, nothing is made twice."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from tests.slurm.dev import HANGS, DevCluster
from tests.slurm.grid import Grid
from tests.slurm.soak import GRID, Soak

pytestmark = pytest.mark.slow
# It waits at the gate for its share of faults, however fast the rest of it is.
SMALLER = {True: ["filter.seed=1", f"filter.seconds={HANGS}"], False: [f"filter.seconds={HANGS}"]}


@pytest.mark.parametrize(("seconds", "least"), [(10, 1), pytest.param(120, 3, marks=pytest.mark.long)])
def test_a_grid_under_random_faults_ends_complete(
    seconds: int, least: int, grid: Callable[..., Grid], cluster: DevCluster, capsys
):
    """`check` after it says what must hold; half an hour of it by hand is `python -m tests.slurm.soak 1800`."""
    soak = Soak(cluster, random.Random(11))
    soak.endure(grid(*GRID, *SMALLER[seconds < 60]), seconds, least)
    with capsys.disabled():
        print(f"\nsoak: {soak}")  # noqa: T201 (its figures belong in the log of the run)
    assert sum(soak.faults.values()) >= least
