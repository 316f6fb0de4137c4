"""How the trainer's processes are started: on this machine, or on every node of a Slurm job.

One idea: `accelerate launch` owns processes, ranks and devices; here it is only told how many there are and where they
meet. What belongs to the job goes on the command line, which wins over a file of `accelerate config`. On several nodes
`srun` starts `node` on each, which becomes `accelerate launch` there. It must not import torch.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path

import yaml

from ot_grid import machine
from ot_grid.config import Cluster, shipped
from ot_grid.errors import BadInput, nearest
from ot_grid.sizing.gpus import ASSUMED_GB, Gpus
from ot_grid.sizing.training import Sharing

ACCELERATE = [sys.executable, "-m", "accelerate.commands.launch"]
ORDER, RESULT, REFUSED = "train.json", "result.json", "refused.json"
STOP, STOPPED = "stop", "stopped.json"  # files of a training
HSDP = "many_nodes_hsdp"
# By the word of accelerate's files; of another kind it is believed that it shares. YAML reads a bare NO as false.
SHARINGS: dict[str, Sharing] = {"NO": "one_gpu", "False": "one_gpu", "MULTI_GPU": "ddp"}
STOP_SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)  # what Slurm sends, by itself or because sbatch asks
# Left by another launcher around us, these would be taken for our own.
OTHERS = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT", "WANDB_SERVICE")


def gpus(cluster: Cluster) -> Gpus:
    """Return the GPUs that a training of this process has: those of this machine, or of every node of its job."""
    return machine.here(machine.nodes() if cluster.kind == "slurm" else 1)


def command(cluster: Cluster, order: Path, config: str | None = None) -> list[str]:
    """Return the command line that starts the trainer on all devices of this machine, or of this job's nodes.

    `config` names the file of slurm/accelerate that the student's size asks for; `cluster.accelerate_config` wins.
    """
    nodes = machine.nodes() if cluster.kind == "slurm" else 1
    devices = machine.gpus()
    here = [*_how(cluster, nodes, devices, config), "-m", "ot_grid.stages.training.sft", str(order)]
    if nodes == 1:
        # 0: any free port, so that two trainings can share a node
        return [*ACCELERATE, *(["--main_process_port", "0"] if devices > 1 else []), *here]
    head = ["--main_process_ip", socket.gethostname(), "--main_process_port", str(machine.free_port())]
    return [*_srun(nodes), sys.executable, "-m", "ot_grid.stages.training.node", *head, *here]


def _how(cluster: Cluster, nodes: int, devices: int, config: str | None) -> list[str]:
    """Return accelerate's options for the processes of this job and the way they work together."""
    chosen = cluster.accelerate_config
    count = ["--num_machines", str(nodes), "--num_processes", str(nodes * max(1, devices))]
    if not devices:
        if not chosen:
            threads = ["--num_cpu_threads_per_process", str(cluster.threads or machine.cores())]
            return ["--cpu", *count, *threads, "--mixed_precision", "no", "--dynamo_backend", "no"]
        if not _is_path(chosen):
            raise BadInput(
                f"cluster.accelerate_config={chosen!r} is for GPUs, and there is none on {socket.gethostname()}; ask "
                "for some with cluster.slurm.gpus, or leave accelerate_config at null"
            )
    check(chosen, Gpus(devices, ASSUMED_GB, nodes))
    usual = "one_gpu" if nodes * devices == 1 else "one_node_ddp" if nodes == 1 else "many_nodes_ddp"
    name = chosen or config or usual
    precision = ["--mixed_precision", "no"] if cluster.dtype == "float32" else []
    copies = _copies(nodes, devices) if name == HSDP else []
    return ["--config_file", str(config_file(name)), *count, *precision, *copies]


def _copies(nodes: int, devices: int) -> list[str]:
    """Return accelerate's options for a copy of the student on each node, shared by the GPUs of the node."""
    return ["--parallelism_config_dp_replicate_size", str(nodes), "--parallelism_config_dp_shard_size", str(devices)]


def sharing(given: str | None) -> Sharing | None:
    """Return how the file that `cluster.accelerate_config` means shares a student; None where it means none."""
    if given is None:
        return None
    kind = yaml.safe_load(config_file(given).read_text(encoding="utf-8")).get("distributed_type")
    return SHARINGS.get(str(kind), "fsdp")


def check(given: str | None, job: Gpus) -> None:
    """Raise `BadInput` where an accelerate file contradicts the GPUs that a training gets."""
    if given == "one_gpu" and job.all > 1:
        raise BadInput(
            f"cluster.accelerate_config='one_gpu', and this job has {job.all} GPUs; ask for one, or leave "
            "accelerate_config at null: all are used then"
        )


def config_file(name: str) -> Path:
    """Return the file that `cluster.accelerate_config` means: one of slurm/accelerate by its name, or a path."""
    if _is_path(name):
        path = Path(name).expanduser().absolute()
        if not path.is_file():
            raise BadInput(
                f"cluster.accelerate_config={name!r}: there is no file {path}; give the path of a file of "
                f"`accelerate config`, or a name: {', '.join(config_names())}"
            )
        return path
    if name not in config_names():
        raise BadInput(
            f"cluster.accelerate_config={name!r} is no file of ours; {nearest(name, config_names())}; or the path "
            "of a file of `accelerate config`"
        )
    return _shipped() / f"{name}.yaml"


def config_names() -> list[str]:
    """Return the names of the files in slurm/accelerate."""
    return sorted(path.stem for path in _shipped().glob("*.yaml"))


def _shipped() -> Path:
    return shipped("slurm") / "accelerate"


def _is_path(given: str) -> bool:
    return "/" in given or given.endswith((".yaml", ".yml", ".json"))


def _srun(nodes: int) -> list[str]:
    """Return the start of a line that runs the rest of it once on every node of this job."""
    cpus = os.environ.get("SLURM_CPUS_PER_TASK")
    return [
        "srun", f"--nodes={nodes}", f"--ntasks={nodes}", "--ntasks-per-node=1",
        *([f"--cpus-per-task={cpus}"] if cpus else []),  # since Slurm 22.05 a step does not inherit it
        "--kill-on-bad-exit=1",  # the others would wait for the lost one until the job's time is up
        "--overlap",  # not refused while the step of an earlier try still ends
        "--export=ALL",  # also where the job was submitted with less
    ]  # fmt: skip


def environment() -> dict[str, str]:
    """Return the environment for a launcher: ours, without what would be taken for ranks, or for its own W&B client."""
    kept = {name: value for name, value in os.environ.items() if name not in OTHERS}
    # torchrun would take SIGTERM for an order to kill the trainers; the rest is its default
    return {**kept, "PET_SIGNALS_TO_HANDLE": "SIGINT,SIGHUP,SIGQUIT"}


def bound_to_parent() -> None:
    """Have this process end with its parent and by no signal to stop: for the launchers, down to the trainer.

    An orphan would go on writing to a freed artifact; a launcher that ends at SIGTERM, which Slurm sends to every
    process of a job, takes the trainer with it before there is a checkpoint.
    """
    machine.end_with_parent()
    for name in STOP_SIGNALS:
        signal.signal(name, signal.SIG_IGN)
