"""What goes into one job: chains without a model, benchmarks of one student, filters of one scorer."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from ot_grid import api
from ot_grid.cluster import resources
from ot_grid.planning.packs import Want, Wave, waves
from ot_grid.planning.plan import Plan, StageRun


def made(*overrides: str) -> tuple[Plan, list[Wave]]:
    plan = api.plan(["cluster=slurm", *overrides])
    wants = {run.key: Want.of(resources.of(run, plan)) for run in plan.runs.values()}
    return plan, waves(list(plan.runs.values()), wants)


def stages(wave: Wave) -> list[list[str]]:
    return sorted([run.stage for run in pack.runs] for packs in wave.values() for pack in packs)


def check_order(plan: Plan, found: Sequence[Wave]) -> None:
    """Every stage run is in one job; its inputs are in an earlier wave, or before it in its own job."""
    done: set[str] = set()
    for wave in found:
        inside: list[StageRun] = []
        for pack in (pack for packs in wave.values() for pack in packs):
            mine: set[str] = set()
            for run in pack.runs:
                assert set(run.inputs) <= done | mine
                mine.add(run.key)
            inside += pack.runs
        assert len({run.key for run in inside}) == len(inside)
        assert not done & {run.key for run in inside}
        done |= {run.key for run in inside}
    assert done == set(plan.runs)


def test_the_grid_of_the_readme_is_seven_waves():
    """Chains without a model are one job; the two filters ask one scorer; each student's benchmarks are one job."""
    plan, found = made("filter=length,difficulty", "teacher=qwq,r1")
    check_order(plan, found)
    assert [stages(wave) for wave in found] == [
        [["source", "source", "mix", *["benchmark"] * 3]],
        [["filter", "filter"]],
        [["dedup", "dedup"]],
        [["traces"]] * 4,
        [["dataset"] * 4],
        [["train"]] * 4,
        [["eval"] * 3] * 4,
    ]


@pytest.mark.slow  # computes for seconds
def test_a_job_holds_no_more_than_its_pack():
    """With pack=1 every stage run is a job of its own, and with pack=2 no job has three."""
    overrides = ["filter=random,length,none", "teacher=qwq,r1", "verify=on,off"]
    for most in (1, 2, 3, 50):
        packs = [f"cluster.slurm.{name}.pack={most}" for name in ("cpu", "filter", "eval")]
        plan, found = made(*overrides, *packs)
        check_order(plan, found)
        sizes = [len(pack.runs) for wave in found for packs_ in wave.values() for pack in packs_]
        assert max(sizes) <= most
        assert len(sizes) == len(plan.runs) or most > 1


def test_chains_run_through_stages_whatever_pack_these_have():
    """Filters without a model join the chain of their inputs; a filter's own pack is for those that share a scorer."""
    plan, found = made("filter=random", "filter.seed=1,2,3", "teacher=reference", "cluster.slurm.filter.pack=1")
    check_order(plan, found)
    chain = ["source", "source", "mix", *["filter", "dedup", "traces", "dataset"] * 3]
    (whole,) = [job for job in stages(found[0]) if "mix" in job]
    assert [stage for stage in sorted(whole) if stage != "benchmark"] == sorted(chain)


def test_stage_runs_that_ask_for_different_things_share_no_job():
    """A dataset with more memory than a mix is an array of its own."""
    plan, found = made("teacher=reference", "filter=random", "cluster.slurm.dataset.mem_gb=99")
    check_order(plan, found)
    assert ["dataset"] in [jobs for wave in found for jobs in stages(wave)]


def test_what_is_done_is_no_edge():
    """Stage runs whose inputs are not among those to be run begin in the first wave."""
    plan = api.plan(["cluster=slurm", "filter=length,random"])
    wants = {run.key: Want.of(resources.of(run, plan)) for run in plan.runs.values()}
    trainings = [run for run in plan.runs.values() if run.stage in ("train", "eval")]
    found = waves(trainings, wants)
    assert [stages(wave) for wave in found] == [[["train"]] * 2, [["eval"] * 3] * 2]
