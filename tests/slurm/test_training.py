"""Training over several nodes of a cluster."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.slurm.grid import Grid

pytestmark = pytest.mark.slow


def test_two_nodes_train_one_student(grid: Callable[..., Grid]):
    """`accelerate launch` runs on both nodes, with ranks that meet; the batch is shared and one model comes out."""
    one = grid("filter=random", "train=sft_rehearsal", "train.epochs=4", "cluster.slurm.train.nodes=2")
    one.submit()
    one.wait_over()
    one.check()
    counts = one.record(one.runs("train")[0])["counts"]
    assert (counts["processes"], counts["steps"]) == (2, 8)
    assert [step for step, _ in one.record(one.runs("train")[0])["loss"]] == list(range(1, 9))
