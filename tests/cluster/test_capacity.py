"""What a cluster has is read off what Slurm says."""

from __future__ import annotations

from pathlib import Path

import pytest

from ot_grid.cluster import capacity
from ot_grid.cluster.capacity import ClusterLimits, Node
from ot_grid.config import Resources


def test_nodes_are_read_with_their_gpus(cluster: Path):
    """GPUs with and without a type, several types on a node, sockets in brackets, none; the default partition."""
    lines = ("gpu*|64|512000|7-00:00:00|gpu:h100:8(S:0-1)", "gpu*|64|512000|7-00:00:00|gpu:4",
             "mixed|32|256000+|12:30:00|gpu:a100:2(S:0),gpu:h100:1(S:1)", "cpu|64|256000|infinite|(null)")  # fmt: skip
    (cluster / "nodes").write_text("\n".join(lines) + "\n")
    typed, plain, mixed, without = capacity.nodes()
    assert typed == Node("gpu", True, 64, 512000, (("h100", 8),), 7 * 24 * 60)
    assert (plain.gpus_of(None), plain.gpus_of("h100")) == (4, 0)
    assert (mixed.gpus_of(None), mixed.gpus_of("h100"), mixed.minutes, mixed.memory) == (3, 1, 750, 256000)
    assert (without.gpus, without.minutes, without.default) == ((), None, False)


@pytest.mark.parametrize(
    ("text", "minutes"), [("infinite", None), ("1-00:00:00", 1440), ("4:00:00", 240), ("30:00", 30), ("n/a", None)]
)
def test_time_limits_are_read_as_slurm_writes_them(text: str, minutes: int | None):
    """Days, hours, minutes."""
    assert capacity.minutes(text) == minutes


def test_a_node_fits_what_is_no_more_than_it_has():
    """Cores, memory in GB, GPUs of the type that is asked for."""
    node = Node("gpu", True, 8, 64 * 1024, (("h100", 2),), None)
    assert node.fits(Resources(cpus=8, mem_gb=64, gpus=2, gpu_type="h100"))
    for more in (Resources(cpus=9), Resources(mem_gb=65), Resources(gpus=3), Resources(gpus=1, gpu_type="a100")):
        assert not node.fits(more)


def test_limits_are_the_smallest_that_holds(cluster: Path):
    """An array's largest index is one less than MaxArraySize; without accounting only the cluster's limit counts."""
    assert capacity.limits() == ClusterLimits(1000, 10000)
    (cluster / "sacctmgr").write_text("#!/bin/sh\necho '50|'\n")
    assert capacity.limits() == ClusterLimits(1000, 50)
