"""More stage runs than an array holds: all are submitted, each once, with the right orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

import pytest

from ot_grid.cluster import batches
from ot_grid.store import Store
from tests.slurm.dev import HANGS, DevCluster
from tests.slurm.grid import Grid

pytestmark = pytest.mark.slow


def grid_of(grid: Callable[..., Grid], seeds: int) -> Grid:
    """Return a grid of seeds x seeds students with eleven benchmarks each."""
    values = f"range(0,{seeds})"
    return grid("filter=random", f"filter.seed={values}", f"train.seed={values}", "eval.drills.limit=range(1,12)")


@pytest.fixture
def arrays_of_20(cluster: DevCluster) -> Iterator[None]:
    """Let no array have more than 20 tasks."""
    cluster.configure("MaxArraySize=1001", "MaxArraySize=21")
    cluster.run("scontrol", "reconfigure")
    yield
    cluster.configure("MaxArraySize=21", "MaxArraySize=1001")
    cluster.run("scontrol", "reconfigure")


@pytest.mark.long
def test_1584_tasks_where_an_array_holds_1000(grid: Callable[..., Grid], cluster: DevCluster):
    """Arrays of 1,000 and 584 hold every stage run once; cancelled, a part of it is completed, packed otherwise."""
    submitted_in_parts(grid, cluster, 12, [1000, 584])


@pytest.mark.usefixtures("arrays_of_20")
def test_44_tasks_where_an_array_holds_20(grid: Callable[..., Grid], cluster: DevCluster):
    """The same, with fewer."""
    submitted_in_parts(grid, cluster, 2, [20, 20, 4])


def submitted_in_parts(make: Callable[..., Grid], cluster: DevCluster, seeds: int, parts: list[int]) -> None:
    """Submit a grid whose evaluations fill arrays of these sizes, cancel it, and complete a part of it."""
    many = grid_of(make, seeds)
    assert len(many.runs("eval")) == sum(parts)
    apart = ["cluster.slurm.eval.pack=1", "cluster.slurm.cpu.pack=1", "cluster.slurm.self_heal=false"]
    many.submit(*apart, "+cluster.slurm.extra.begin=now+1hour")
    given = batches.of_sweep(Store(many.place), many.plan.name)
    assert [len(batch.tasks) for batch in given if batch.stage == "eval"] == parts
    tasks = Counter(str(order["key"]) for batch in given for orders in batch.tasks for order in orders)
    assert set(tasks) == set(many.plan.runs)
    assert set(tasks.values()) == {1}
    assert len(cluster.queue()) == sum(len(batch.tasks) for batch in given)
    assert f"{len(many.plan.runs)} were queued or running already" in many.command("resume").stdout
    assert many.command("cancel", many.plan.name).returncode == 0
    cluster.wait_empty(HANGS)

    part = grid_of(make, 1)
    assert set(part.plan.runs) < set(many.plan.runs)
    part.submit("cluster.slurm.eval.pack=11")
    part.wait_over()
    part.check()
    given = batches.of_sweep(Store(part.place), part.plan.name)
    assert [len(batch.tasks) for batch in given if batch.stage == "eval"] == [1]
