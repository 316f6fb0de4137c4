"""What was given to Slurm is taken back or slowed down."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from ot_grid.cluster import batches, control
from ot_grid.errors import BadInput
from ot_grid.launch import launch
from tests.cluster.conftest import gone, planned, sent


def told(cluster: Path, word: str) -> list[list[str]]:
    """What scancel or scontrol was told, call by call."""
    lines = (cluster / "told").read_text().splitlines()
    return [line.split()[1:] for line in lines if line.split()[0] == word]


@pytest.mark.slow  # computes for seconds
def test_jobs_that_heal_are_cancelled_first(cluster: Path):
    """They would submit the rest again; what the others were to make is counted."""
    plan, artifacts = planned()
    launch(plan, artifacts)
    healing = {str(batch.job) for batch in batches.of_sweep(artifacts.place, plan.name) if batch.heals}
    made = control.cancel(artifacts.place, plan.name)
    assert made.stage_runs == len(plan.runs)
    assert made.running == 0
    first, second = told(cluster, "cancel")
    assert healing
    assert {word for word in first if word.isdigit()} == healing
    assert healing < {word for word in second if word.isdigit()}  # squeue still lists all of them here


def test_a_sweep_that_slurm_never_had_is_told(own_store: Path, cluster: Path):
    """Nothing is cancelled, and it is said that nothing was given."""
    plan, artifacts = planned()
    assert control.cancel(artifacts.place, plan.name) == control.Cancelled(given=False)


@pytest.mark.slow  # computes for seconds
def test_another_sweep_that_needs_the_same_is_counted(cluster: Path):
    """Whoever cancels sees whom else it stops."""
    first, artifacts = planned()
    launch(first, artifacts)
    second, others = planned("teacher=r1")
    launch(second, others)
    shared = len(first.runs.keys() & second.runs.keys())
    assert control.cancel(artifacts.place, first.name).waiting == {second.name: shared}


@pytest.mark.slow  # computes for seconds
def test_a_limit_holds_for_what_is_there_and_what_comes(cluster: Path):
    """Each waiting array is told, healing ones are not; the same command, later, keeps to it; 0 lifts it."""
    wanted = ("teacher=qwq,r1,phi", "cluster.slurm.max_parallel=1")
    plan, artifacts = planned(*wanted)
    launch(plan, artifacts)
    waiting = [batch for batch in batches.of_sweep(artifacts.place, plan.name) if not batch.heals]
    made = control.throttle(artifacts.place, plan.name, 2)
    assert (made.arrays, made.queued) == (len(waiting), sum(len(batch.tasks) for batch in waiting))
    assert limits(cluster) == {"1"}
    for most, wish in ((2, "2"), (0, "3")):
        control.throttle(artifacts.place, plan.name, most)
        gone(cluster, "exit 1")
        shutil.rmtree(artifacts.place.root / "jobs")
        launch(*planned(*wanted))
        assert limits(cluster) == {wish}
    with pytest.raises(BadInput, match="-1 jobs at once cannot be"):
        control.throttle(artifacts.place, plan.name, -1)


def limits(cluster: Path) -> set[str]:
    """Return how many jobs of the submitted arrays of three may run at once."""
    return {most for text in sent(cluster).values() for most in re.findall(r"--array=0-2%(\d+)", text)}
