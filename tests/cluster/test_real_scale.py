"""The line that this exists for, as it is given to a cluster of nodes with eight GPUs each: every job, whole."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ot_grid import api
from ot_grid.errors import BadInput
from ot_grid.launch import check, launch
from ot_grid.planning import freezing
from tests.cluster.conftest import sent

THE_LINE = ["scale=ot_31k", "filter=length,difficulty", "teacher=qwq,r1", "cluster=slurm"]
SHOWN = ("array", "gpus-per-node", "nodes", "cpus-per-task", "mem", "time", "grace", "dependency")


def asked(script: str) -> str:
    """Return what a job asks for, in one line; of its dependency the arrays."""
    found = dict(re.findall(r"^#SBATCH --([\w-]+)=(\S+)", script, re.MULTILINE))
    found["grace"] = found["signal"].removeprefix("B:USR1@")
    if "dependency" in found:
        arrays = {job.partition("_")[0] for job in found["dependency"].removeprefix("afterany:").split(":")}
        found["dependency"] = "+".join(sorted(arrays, key=int))
    stage = found["job-name"].partition("-")[0]
    return " ".join([stage, *(f"{name}={found[name]}" for name in SHOWN if name in found)])


def submitted(cluster: Path, nodes: str) -> list[str]:
    (cluster / "nodes").write_text(nodes)
    plan = api.plan(THE_LINE)
    artifacts = api.artifacts_of(plan)
    check(plan, artifacts)
    freezing.freeze(plan, artifacts)
    launch(plan, artifacts)
    jobs = [asked(script) for script in sent(cluster).values()]
    return [job for job in jobs if not job.startswith(("heal", "heartbeat"))]


def test_every_job_on_nodes_of_eight_h200(cluster: Path):
    """R1 takes a node, QwQ a GPU, a training a node with memory and time for its checkpoint."""
    cpu = "cpu array=0-0%1 nodes=1 cpus-per-task=2 mem=16384M time=240 grace=120"
    assert submitted(cluster, "gpu*|128|2000000|7-00:00:00|gpu:h200:8(S:0-1)\n") == [
        cpu,
        "filter array=0-0%1 gpus-per-node=1 nodes=1 cpus-per-task=8 mem=65536M time=1440 grace=120 dependency=1",
        f"{cpu} dependency=3",
        "traces array=0-1%2 gpus-per-node=1 nodes=1 cpus-per-task=8 mem=65536M time=1440 grace=120 dependency=5",
        "traces array=0-1%2 gpus-per-node=8 nodes=1 cpus-per-task=64 mem=76800M time=1440 grace=120 dependency=5",
        f"{cpu} dependency=7+8",
        "train array=0-3%4 gpus-per-node=8 nodes=1 cpus-per-task=64 mem=96256M time=1440 grace=480 dependency=10",
        "eval array=0-3%4 gpus-per-node=1 nodes=1 cpus-per-task=8 mem=65536M time=1440 grace=120 dependency=1+12",
    ]


def test_on_80_gb_it_is_refused_before_anything_is_written(cluster: Path):
    """R1's half would be lost when QwQ's is paid for."""
    with pytest.raises(BadInput, match=r"DeepSeek-R1: 671.0B parameters.*there is 8 x 80 GB"):
        submitted(cluster, "gpu*|128|2000000|7-00:00:00|gpu:h100:8(S:0-1)\n")
    assert sent(cluster) == {}
