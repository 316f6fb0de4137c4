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
    return resources.of(run_of(plan, stage), plan, history)


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


REAL = ("scale=ot_1k", "teacher=r1")
H200 = "cluster.slurm.gpu_type=h200"


def test_the_size_of_a_teacher_says_how_many_gpus_it_takes():
    """The fewest that hold it; never fewer than the settings ask for, and as many as they say for it or its stage."""
    assert of("traces", *REAL, H200).gpus == 8
    assert [of("traces", "scale=ot_1k", f"teacher={name}").gpus for name in ("qwq", "phi")] == [2, 1]
    assert of("traces", "scale=ot_1k", "teacher=qwq", H200).gpus == 1
    assert of("traces", "scale=ot_1k", "teacher=qwq", "cluster.slurm.gpus=4").gpus == 4
    assert of("traces", *REAL, "+cluster.gpus={deepseek-ai/DeepSeek-R1: 16}").gpus == 16
    assert of("traces", *REAL, H200, "cluster.slurm.traces.gpus=12").gpus == 12
    assert of("filter", "scale=ot_1k", "filter=difficulty").gpus == 1


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ((), "DeepSeek-R1: 671.0B parameters are 689 GB of weights.*8 x 80 GB.*would fit.*8 x 141 GB"),
        ((H200, "cluster.slurm.traces.gpus=4"), "there is 4 x 141 GB"),
        (("cluster.slurm.gpu_gb=64",), "8 x 64 GB"),
        (("+cluster.gpus={deepseek-ai/DeepSeek-R1: 7}", H200), "7 GPUs cannot share 128 attention heads.*1, 2, 4, 8"),
    ],
)
def test_a_teacher_that_fits_nowhere_is_refused(given: tuple[str, ...], says: str):
    """With what would do, before a question is asked."""
    with pytest.raises(BadInput, match=says):
        of("traces", *REAL, *given)


def test_a_student_takes_a_node_where_one_gpu_has_no_room():
    """7B: 8 GPUs, 8 cores each, host memory for the weights twice and 5 GB a process, time for 91 GB of checkpoint."""
    asked = of("train", "scale=ot_31k")
    assert (asked.gpus, asked.cpus, asked.mem_gb, asked.grace) == (8, 64, 94, 480)
    assert of("train", "scale=ot_31k", H200).gpus == 8  # one has room, barely, and would take two days
    assert of("train", "scale=ot_31k", "cluster.slurm.train.gpus=4").gpus == 4
    assert of("train", "scale=ot_31k", "cluster.slurm.train.mem_gb=500").mem_gb == 500
    assert of("train").gpus == 1  # the small one of a rehearsal


def test_what_nodes_have_bounds_what_is_estimated():
    """Cores and memory are asked for up to those of the largest node; its GPUs are the ones that are counted."""
    plan = api.plan(["cluster=slurm", "scale=ot_1k"])
    small = [Node("p", True, 24, 70 * 1024, (("a100-80gb", 4),), None)]
    asked = resources.of(run_of(plan, "train"), plan, nodes=small)
    assert (asked.gpus, asked.cpus, asked.mem_gb) == (4, 24, 70)
    with pytest.raises(BadInput, match=r"train.* takes 138 GB on each GPU.*1 x 80 GB"):
        resources.of(run_of(plan, "train"), plan, nodes=[Node("p", True, 32, 80 * 1024, (("h100", 1),), None)])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (["cluster.slurm.train.gpus=1"], "7.6B parameters.*1 x 80 GB; it would fit .*2 x 80 GB"),
        (["cluster.accelerate_config=one_gpu"], "this job has 8 GPUs"),
        (["cluster.accelerate_config=one_node_ddp"], "takes 168 GB on each GPU"),
        (
            ["cluster.slurm.train.gpus=3"],
            r"batch_size=128 cannot be dealt evenly to the 3 processes.*train\.gpus=2.*multiple of 3 rows",
        ),
        (["train.batch_size=7", "cluster.slurm.train.nodes=2"], "dealt evenly to the 2 processes .*; take fewer nodes"),
        (["train.batch_size=7", "cluster.slurm.train.gpus=8"], r"the 8 processes .*\(cluster.slurm.train.gpus=7\)"),
        (["train.max_length=40000"], "train.max_length=40000, and Qwen/Qwen2.5-7B-Instruct reads 32768 tokens"),
    ],
)
def test_a_training_that_cannot_be_is_refused(given: list[str], says: str):
    """With the settings that contradict each other, or with GPUs that would do."""
    with pytest.raises(BadInput, match=says):
        of("train", "scale=ot_31k", *given)


def test_a_student_takes_as_many_gpus_as_share_the_rows_of_a_step():
    """Else the trainer would refuse, when all data is paid for."""
    assert of("train", "scale=ot_31k", "train.batch_size=100").gpus == 5
    two = of("train", "scale=ot_31k", "train.batch_size=100", "cluster.slurm.train.nodes=2", "cluster.slurm.gpu_gb=141")
    assert (two.nodes, two.gpus) == (2, 5)
    unknown = ["scale=ot_1k", "train.student.id=a/b", "cluster.slurm.train.gpus=8"]
    assert of("train", *unknown).gpus == 8
    with pytest.raises(BadInput, match="cannot be dealt evenly to the 8 processes"):
        of("train", *unknown, "train.batch_size=100")


def test_of_a_model_of_unknown_size_nothing_is_claimed():
    """The settings hold; said in the words of its config, its size counts."""
    unknown = ["scale=ot_1k", "teacher.model.id=a/b"]
    assert of("traces", *unknown).gpus == 1
    said = "{num_hidden_layers: 80, hidden_size: 8192, num_attention_heads: 64, num_key_value_heads: 8, bytes: 145e+9}"
    assert of("traces", *unknown, f"+cluster.sizes={{a/b: {said}}}").gpus == 4


def test_a_teacher_in_fp8_takes_fewer_gpus():
    """32.8 GB of weights and half the cache: one GPU of 80 GB in place of two."""
    assert of("traces", "scale=ot_1k", "+teacher.model.quantization=fp8", "+teacher.model.kv_cache_dtype=fp8").gpus == 1


def test_what_does_not_fit_is_told_once():
    """All of it together, whatever number of cells want it."""
    plan = api.plan(["cluster=slurm", "scale=ot_1k", "filter=length,random", "teacher=r1"])
    told = list(resources.misfits(plan, plan.runs.values()))
    assert len(told) == 1
    assert told[0].startswith("traces r1-x1: deepseek-ai/DeepSeek-R1: ")


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
    given = run_of(plan, "traces"), plan
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
