"""How trainers are started: what the job says wins over a file, and accelerate itself accepts every line."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import Any

import pytest
import yaml

from ot_grid import machine
from ot_grid.config import Cluster
from ot_grid.errors import BadInput
from ot_grid.stages.training import launcher, node

pytestmark = pytest.mark.slow  # loads accelerate, and with it torch

ORDER = Path("/artifact/train.json")
NAMES = (
    "many_nodes_ddp",
    "many_nodes_fsdp",
    "many_nodes_hsdp",
    "many_nodes_zero3",
    "one_gpu",
    "one_node_ddp",
    "one_node_fsdp",
)


@pytest.fixture
def job(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Set what this job has: GPUs on each of so many nodes."""

    def given(*, nodes: int = 1, gpus: int = 0) -> None:
        monkeypatch.setenv("SLURM_JOB_NUM_NODES", str(nodes))
        monkeypatch.setattr(machine, "gpus", lambda: gpus)

    return given


def cluster(config: str | None = None, *, kind: str = "slurm", dtype: str = "auto") -> Cluster:
    return Cluster(kind, threads=1, dtype=dtype, accelerate_config=config)


def understood(line: list[str]) -> argparse.Namespace:
    """What accelerate makes of a line: its options, with those of the file that it names filled in."""
    from accelerate.commands.launch import _validate_launch_command, launch_command_parser

    module = "ot_grid.stages.training.node" if "ot_grid.stages.training.node" in line else "accelerate.commands.launch"
    parsed = launch_command_parser().parse_args(line[line.index(module) + 1 :])
    assert parsed.training_script == "ot_grid.stages.training.sft"
    assert parsed.training_script_args == [str(ORDER)]
    assert parsed.module
    merged, _, _ = _validate_launch_command(parsed)
    return merged


def test_every_file_is_listed_and_says_when_to_take_it():
    """The files that ship have a first line for a person."""
    assert launcher.config_names() == list(NAMES)
    for name in NAMES:
        assert launcher.config_file(name).read_text().startswith("# ")


@pytest.mark.parametrize("name", NAMES)
def test_accelerate_knows_every_key_of_a_file(name: str):
    """A key that accelerate does not know would be a setting without effect."""
    from accelerate.commands.config.config_args import load_config_from_file
    from accelerate.commands.launch import launch_command_parser

    known = {action.dest for action in launch_command_parser()._actions}
    load_config_from_file(str(launcher.config_file(name)))  # raises for an unknown key at the top
    for value in yaml.safe_load(launcher.config_file(name).read_text()).values():
        assert set(value if isinstance(value, dict) else ()) <= known


@pytest.mark.parametrize("name", [None, *NAMES])
@pytest.mark.parametrize("nodes", [1, 2])
def test_what_belongs_to_the_job_is_said_on_the_line(job: Any, name: str | None, nodes: int):
    """Machines, processes and the place to meet come from the job, with each file; the rest comes from the file."""
    gpus = 1 if name == "one_gpu" else 4
    nodes = 1 if name == "one_gpu" else nodes
    job(nodes=nodes, gpus=gpus)
    made = understood(launcher.command(cluster(name), ORDER))
    assert (made.num_machines, made.num_processes) == (nodes, nodes * gpus)
    assert made.mixed_precision == "bf16"
    assert made.use_fsdp == ("sdp" in (name or ""))
    assert made.use_deepspeed == ("zero3" in (name or ""))
    assert made.multi_gpu == (name is None or "ddp" in name)
    if nodes > 1:
        assert made.main_process_ip
        assert made.main_process_port > 0
    if made.use_fsdp:
        assert str(made.fsdp_version) == "2"
        assert made.fsdp_state_dict_type == "SHARDED_STATE_DICT"
    if name == "many_nodes_hsdp":
        assert (made.parallelism_config_dp_replicate_size, made.parallelism_config_dp_shard_size) == (nodes, gpus)
    assert made.use_parallelism_config == (name == "many_nodes_hsdp")


def test_the_line_wins_over_a_file_of_the_user(job: Any, tmp_path: Path):
    """A file made for another machine does not decide how many processes this job has."""
    file = tmp_path / "mine.yaml"
    file.write_text("distributed_type: MULTI_GPU\nnum_machines: 7\nnum_processes: 56\nmain_process_port: 1\n")
    job(nodes=2, gpus=4)
    made = understood(launcher.command(cluster(str(file)), ORDER))
    assert (made.num_machines, made.num_processes) == (2, 8)
    assert made.main_process_port != 1


def test_trainings_on_one_node_meet_at_ports_of_their_own(job: Any):
    """Port 0 lets accelerate take a free one: two trainings may share a node."""
    job(gpus=4)
    assert understood(launcher.command(cluster(), ORDER)).main_process_port == 0


def test_the_size_of_a_student_decides_where_no_file_does(job: Any):
    """And a file that somebody names wins over it."""
    job(gpus=4)
    sized = understood(launcher.command(cluster(), ORDER, "one_node_fsdp"))
    named = understood(launcher.command(cluster("one_node_ddp"), ORDER, "one_node_fsdp"))
    assert (sized.use_fsdp, named.use_fsdp) == (True, False)


@pytest.mark.parametrize(
    ("written", "means"),
    [("'NO'", "one_gpu"), ("NO", "one_gpu"), ("MULTI_GPU", "ddp"), ("FSDP", "fsdp"), ("DEEPSPEED", "fsdp")],
)
def test_what_a_file_of_the_user_shares(tmp_path: Path, written: str, means: str):
    """Told from the kind that it names."""
    (tmp_path / "mine.yaml").write_text(f"distributed_type: {written}\n")
    assert launcher.sharing(str(tmp_path / "mine.yaml")) == means


def test_float32_holds_with_every_file(job: Any):
    """cluster.dtype=float32 is not overruled by a file that says bf16."""
    job(gpus=1)
    assert understood(launcher.command(cluster(dtype="float32"), ORDER)).mixed_precision == "no"


def test_without_a_gpu_one_process_a_node_trains_on_the_cpu(job: Any):
    """Several nodes without GPUs train together too; this machine is one node whatever job is around it."""
    job(nodes=3)
    line = launcher.command(cluster(), ORDER)
    assert line[: line.index("--main_process_ip")].count("--nodes=3") == 1
    made = understood(line)
    assert (made.cpu, made.num_machines, made.num_processes) == (True, 3, 3)
    assert understood(launcher.command(cluster(kind="local"), ORDER)).num_machines == 1


@pytest.mark.parametrize(("head", "known_as"), [("127.0.0.1", "127.0.0.1"), ("no.such.invalid", "10.0.0.7")])
def test_a_node_takes_its_rank_from_the_job(monkeypatch: pytest.MonkeyPatch, head: str, known_as: str):
    """srun starts the same line everywhere; what differs is in the environment, also the way to the first node."""
    became: list[list[str]] = []
    monkeypatch.setattr(node, "bound_to_parent", lambda: None)
    monkeypatch.setattr(os, "execv", lambda program, line: became.append(line))
    monkeypatch.setenv("SLURM_NODEID", "1")
    monkeypatch.setenv("SLURM_LAUNCH_NODE_IPADDR", "10.0.0.7")
    for name in launcher.OTHERS:
        monkeypatch.setenv(name, "from elsewhere")
    node.on_this_node(["--main_process_ip", head, "--num_machines", "2", "--cpu"])
    told = ["--machine_rank", "1", "--main_process_ip", known_as, "--num_machines", "2", "--cpu"]
    assert became == [[*launcher.ACCELERATE, *told]]
    ranks = {name: os.environ[name] for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")}
    assert ranks == {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "0", "LOCAL_WORLD_SIZE": "1"}


def test_ranks_of_another_launcher_are_not_taken_for_ours(monkeypatch: pytest.MonkeyPatch):
    """What torchrun or an outer job left in the environment does not reach the trainer."""
    monkeypatch.setenv("WORLD_SIZE", "8")
    monkeypatch.setenv("RANK", "3")
    assert not set(launcher.environment()) & set(launcher.OTHERS)


def test_torchrun_does_not_take_sigterm_for_an_order_to_kill(monkeypatch: pytest.MonkeyPatch):
    """torchrun handles the signals that it is told to; SIGTERM, which Slurm sends to all, is not among them."""
    from torch.distributed.run import get_args_parser

    monkeypatch.setenv("PET_SIGNALS_TO_HANDLE", launcher.environment()["PET_SIGNALS_TO_HANDLE"])
    assert "SIGTERM" not in get_args_parser().parse_args(["script"]).signals_to_handle.split(",")


@pytest.mark.parametrize(
    ("config", "gpus", "says"),
    [
        ("many_nodes_fdsp", 4, "did you mean 'many_nodes_fsdp'"),
        ("/nowhere/mine.yaml", 4, "there is no file /nowhere/mine.yaml"),
        ("many_nodes_fsdp", 0, "is for GPUs, and there is none"),
        ("one_gpu", 4, "this job has 4 GPUs"),
    ],
)
def test_what_cannot_work_is_told_with_the_way_out(job: Any, config: str, gpus: int, says: str):
    """A wrong name, a missing file and missing GPUs are the user's to mend, not a traceback of accelerate."""
    job(gpus=gpus)
    with pytest.raises(BadInput, match=says):
        launcher.command(cluster(config), ORDER)
