"""What `plan` says of GPUs: what each model takes, and what the cluster could never run."""

from __future__ import annotations

import pytest

from ot_grid import api, machine
from ot_grid.cluster import capacity
from ot_grid.cluster.capacity import Node
from ot_grid.status import fits, plan_text

THE_LINE = ("scale=ot_31k", "filter=length,difficulty", "teacher=qwq,r1", "cluster=slurm")


def told(*overrides: str) -> list[str]:
    plan = api.plan(overrides)
    missing = list(plan.runs.values())
    fits._answered.cache_clear()  # a command asks once
    return [" ".join(line.split()) for line in [*fits.lines(plan, missing), *fits.refused(plan, missing)]]


@pytest.fixture(autouse=True)
def nodes(monkeypatch: pytest.MonkeyPatch) -> list[Node]:
    """The nodes that the cluster answers with; none: it does not answer."""
    answer: list[Node] = []
    monkeypatch.setattr(fits.shutil, "which", lambda name: "/usr/bin/sinfo" if answer else None)
    monkeypatch.setattr(capacity, "nodes", lambda: answer)
    return answer


def test_the_line_that_this_exists_for(nodes: list[Node]):
    """Without a word of the cluster it is told what is assumed; R1 is refused on that, and fits larger GPUs."""
    assert told(*THE_LINE) == [
        "GPUs: 8 x 80 GB assumed; cluster.slurm.gpu_type or .gpu_gb says otherwise",
        "filter Qwen/Qwen2.5-7B-Instruct (7.6B) 1 GPU a copy",
        "traces Qwen/QwQ-32B (32.8B) 2 GPUs a copy",
        "train Qwen/Qwen2.5-7B-Instruct (7.6B) 8 GPUs, one copy on all, about 31 GB of each; a checkpoint has 91 GB",
        "eval Qwen/Qwen2.5-7B-Instruct (7.6B) 1 GPU a copy",
        "traces r1-x1: deepseek-ai/DeepSeek-R1: 671.0B parameters are 689 GB of weights, and replies of 34,048 tokens "
        "want 10 GB of cache; there is 8 x 80 GB. It would fit 4 x 192 GB, or 8 x 141 GB",
    ]
    nodes += [Node("gpu", True, 128, 2_000_000, (("h200", 8),), None)]
    lines = told(*THE_LINE)
    assert lines[0] == "GPUs: 8 x 141 GB"
    assert "traces deepseek-ai/DeepSeek-R1 (671.0B) 8 GPUs a copy" in lines
    assert not any(line.startswith("traces r1") for line in lines)


def test_a_cluster_without_gpus_and_a_rehearsal_say_nothing(monkeypatch: pytest.MonkeyPatch):
    """There is nothing to hand out."""
    monkeypatch.setattr(machine, "gpu_names", list)
    assert told("cluster=slurm_dev") == []
    assert told("filter=length,difficulty") == []


def test_this_machine_says_what_its_gpus_are_given_to(monkeypatch: pytest.MonkeyPatch):
    """One node of eight, without Slurm."""
    monkeypatch.setattr(machine, "gpu_names", lambda: [str(n) for n in range(8)])
    monkeypatch.setattr(machine, "gpu_gb", lambda: 79.6)
    plan = api.plan(["scale=ot_1k"])
    text = [" ".join(line.split()) for line in plan_text(plan, list(plan.runs.values()))]
    assert "GPUs: 8 x 80 GB" in text
    assert any(line.startswith("train Qwen/Qwen2.5-7B-Instruct (7.6B) 8 GPUs, one copy on all") for line in text)
