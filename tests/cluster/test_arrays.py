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


def grid_of(grid: Callable[..., Grid], seeds: int) -> Grid:
    """Return a grid of seeds x seeds students with eleven benchmarks each."""
    values = f"range(0,{seeds})"
    return grid("filter=random", f"filter.seed={values}", f"train.seed={values}", "eval.sums.limit=range(1,12)")


def test_1584_tasks_where_an_array_holds_1000(grid: Callable[..., Grid], cluster: DevCluster):
    """Arrays of 1,000 and 584 hold every stage run once; cancelled, a part of it is completed, packed otherwise."""
    many = grid_of(grid, 12)
    assert len(many.runs("eval")) == 1584
    apart = ["cluster.slurm.eval.pack=1", "cluster.slurm.cpu.pack=1", "cluster.slurm.self_heal=false"]
    many.submit(*apart, "+cluster.slurm.extra.begin=now+1hour")
    given = batches.of_sweep(Store(many.place), many.plan.name)
    assert [len(batch.tasks) for batch in given if batch.stage == "eval"] == [1000, 584]
    tasks = Counter(str(order["key"]) for batch in given for orders in batch.tasks for order in orders)
    assert set(tasks) == set(many.plan.runs)
    assert set(tasks.values()) == {1}
    assert len(cluster.queue()) == sum(len(batch.tasks) for batch in given)
    assert f"{len(many.plan.runs)} were queued or running already" in many.command("resume").stdout
    assert many.command("cancel", many.plan.name).returncode == 0
    cluster.wait_empty(60)

    part = grid_of(grid, 1)
    assert set(part.plan.runs) < set(many.plan.runs)
    part.submit("cluster.slurm.eval.pack=11")
    part.wait_over()
    part.check()
    given = batches.of_sweep(Store(part.place), part.plan.name)
    assert [len(batch.tasks) for batch in given if batch.stage == "eval"] == [1]
