"""Jobs that Slurm holds back because their start failed: a sweep frees itself of them, with nobody there."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.slurm.dev import HANGS, DevCluster
from tests.slurm.grid import Grid

pytestmark = pytest.mark.slow
MakeGrid = Callable[..., Grid]


@pytest.fixture
def sick(cluster: DevCluster) -> Iterator[DevCluster]:
    """A cluster on which no job can start; it is well again after the test."""
    cluster.sicken()
    yield cluster
    cluster.cure()


def test_jobs_held_back_in_their_wave_start_again_by_themselves(grid: MakeGrid, sick: DevCluster):
    """All waits behind what Slurm holds, also the job that heals; of two heartbeats one frees the other."""
    one = grid("filter=random", "cluster.slurm.heartbeat=0.2")
    one.submit()
    names = {f"cpu-{one.plan.name}", f"heartbeat-{one.plan.name}"}
    sick.wait_until(lambda: names <= sick.held(), HANGS, "a job of the first wave and a heartbeat are held back")
    sick.cure()
    one.wait_over()
    one.check()
