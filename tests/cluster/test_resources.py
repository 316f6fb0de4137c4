"""What a job asks for: the narrower layer wins, a teacher may need more, a failure teaches."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ot_grid import api
from ot_grid.attempts import Attempt
from ot_grid.cluster import resources
from ot_grid.cluster.capacity import Node
from ot_grid.config import Resources
from ot_grid.errors import BadInput
from ot_grid.planning.plan import StageRun


def of(stage: str, *overrides: str, history: tuple[Attempt, ...] = ()) -> Resources:
    plan = api.plan(["cluster=slurm", *overrides])
    return resources.of(run_of(plan, stage), plan.runtime.cluster, history)


def run_of(plan: api.Plan, stage: str) -> StageRun:
    return next(run for run in plan.runs.values() if run.stage == stage)


def failed(outcome: str, times: int) -> tuple[Attempt, ...]:
    return tuple(Attempt(str(n), None, "2026", None, outcome) for n in range(times))


def test_the_narrowest_layer_wins():
    """A stage's own setting, else that of its kind, else that of all jobs."""
    given = ["cluster.slurm.partition=big", "cluster.slurm.cpu.partition=small", "cluster.slurm.mix.partition=tiny"]
    assert [of(stage, *given).partition for stage in ("train", "source", "mix")] == ["big", "small", "tiny"]
    assert (of("source").gpus, of("traces").gpus, of("train").gpus) == (0, 1, 1)


def test_further_options_are_merged():
    """`extra` of a stage adds to that of all jobs."""
    given = ["+cluster.slurm.extra.reservation=r", "+cluster.slurm.train.extra.exclusive=true"]
    assert of("train", *given).extra == {"reservation": "r", "exclusive": True}
    assert of("mix", *given).extra == {"reservation": "r"}


def test_a_teacher_says_how_many_gpus_it_takes():
    """As its YAML declares, or as the cluster's settings say of it; never fewer than the stage asks for."""
    real = ["scale=ot_1k", "teacher=r1"]
    assert of("traces", *real).gpus == 8
    assert of("traces", "scale=ot_1k", "teacher=qwq").gpus == 2
    assert of("traces", *real, "+cluster.gpus={deepseek-ai/DeepSeek-R1: 16}").gpus == 16
    assert of("traces", *real, "cluster.slurm.traces.gpus=12").gpus == 12
    assert of("train", *real).gpus == 1


def test_what_a_teacher_takes_enters_no_key():
    """Another number of GPUs is another job, not another stage run."""
    plans = [api.plan(["scale=ot_1k", f"+cluster.gpus={{Qwen/QwQ-32B: {n}}}"]) for n in (1, 8)]
    assert list(plans[0].runs) == list(plans[1].runs)
    assert "gpus" not in str([run.reads for run in plans[0].runs.values()])


def test_only_training_takes_many_nodes_and_only_generation_many_workers():
    """What a stage cannot use is not asked for."""
    given = ["cluster.slurm.nodes=4", "cluster.slurm.traces.workers=3", "cluster.slurm.eval.workers=3"]
    asked = {stage: of(stage, *given) for stage in ("train", "traces", "eval", "mix")}
    assert {stage: (each.nodes, each.workers) for stage, each in asked.items()} == {
        "train": (4, 1), "traces": (1, 3), "eval": (1, 3), "mix": (1, 1),
    }  # fmt: skip


def test_memory_grows_after_running_out_of_it():
    """By the factor of the settings, once for each time."""
    assert of("traces", history=failed("out of memory", 2)).mem_gb == 144
    assert of("traces", history=failed("bug", 2)).mem_gb == 64
    assert of("traces", "cluster.slurm.grow.time=2", history=failed("time limit", 1)).time == 2880


def test_memory_grows_no_further_than_the_largest_node():
    """What no node has would be refused; what was asked for at first is never undercut."""
    plan = api.plan(["cluster=slurm", "cluster.slurm.partition=p"])
    nodes = [Node("p", True, 64, 100 * 1024, (), None), Node("q", False, 64, 999 * 1024, (), None)]
    given = run_of(plan, "traces"), plan.runtime.cluster
    assert resources.of(*given, failed("out of memory", 2), nodes).mem_gb == 100
    assert resources.of(*given, failed("out of memory", 2), [Node("p", True, 64, 1024, (), None)]).mem_gb == 64


def test_options_are_those_of_sbatch():
    """Null is left out, memory is in MiB, GPUs carry their type, and what is further given is handed on."""
    given = {"partition": "p", "time": 5, "nodes": 1, "cpus": 2, "mem_gb": 1.5, "gpus": 2, "gpu_type": "h100"}
    wanted = Resources(**given, extra={"exclusive": True})
    assert resources.options(wanted) == {
        "partition": "p", "time": 5, "nodes": 1, "cpus-per-task": 2, "mem": "1536M", "gpus-per-node": "h100:2",
        "exclusive": True,
    }  # fmt: skip
    assert "gpus-per-node" not in resources.options(replace(wanted, gpus=0))


def test_a_setting_that_is_none_is_told():
    """With the nearest one, and wrong types before anything is submitted."""
    with pytest.raises(BadInput, match=r"cluster.slurm.train.*no setting 'node'.*did you mean 'nodes'"):
        api.plan(["cluster=slurm", "cluster.slurm.train.node=2"])
    with pytest.raises(BadInput, match=r"cluster.slurm.train.nodes.*'two'"):
        api.plan(["cluster=slurm", "cluster.slurm.train.nodes=two"])
