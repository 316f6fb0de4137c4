"""More stage runs than an array holds: all are submitted, each once, with the right orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from ot_grid import batches
from ot_grid.store import Store
from tests.cluster.dev import DevCluster
from tests.cluster.grid import Grid

pytestmark = pytest.mark.slow


def test_1500_tasks_where_an_array_holds_1000(grid: Callable[..., Grid], cluster: DevCluster):
    """Arrays of 1,000 and 500 hold every stage run once; cancelled and packed otherwise, the grid is completed."""
    many = grid("scale.pool=range(8,38)", "filter=random", "filter.seed=range(0,50)")
    filters = {run.key for run in many.runs("filter")}
    assert len(filters) == 1500
    held = ["cluster.slurm.cpu.pack=1", "+cluster.slurm.extra.begin=now+1hour", "cluster.slurm.self_heal=false"]
    many.submit(*held)
    given = batches.of_sweep(Store(many.place), many.plan.name)
    sizes = [len(batch.tasks) for batch in given if any(o["key"] in filters for task in batch.tasks for o in task)]
    assert sizes == [1000, 500]
    tasks = Counter(order["key"] for batch in given for orders in batch.tasks for order in orders)
    assert set(tasks) == set(many.plan.runs)
    assert set(tasks.values()) == {1}
    assert len(cluster.queue()) == len(many.plan.runs)
    assert f"{len(many.plan.runs)} were queued or running already" in many.submit(*held)
    assert many.command("cancel", many.plan.name).returncode == 0
    cluster.wait_empty(60)
