"""What this machine carries: cores, memory, GPUs.

One idea: asked without importing torch, so that planning and launching stay light.
"""

from __future__ import annotations

import ctypes
import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from importlib import metadata
from typing import Any

from ot_grid.config import Cluster
from ot_grid.sizing.gpus import ASSUMED_GB, Gpus

GIB = 1024**3
GIB_A_WORKER = 4.0  # measured: training the 135M stand-in in float32 peaks at 3.4 GiB (analysis/LOG.md)
MOST_WORKERS = 8
PR_SET_PDEATHSIG = 1  # prctl(2)


def gpu_names() -> list[str]:
    """Return the names by which jobs can be given the GPUs of this process: numbers, or ids as CUDA takes them."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is None:
        return [str(number) for number in range(gpus())]
    return [device.strip() for device in visible.split(",") if device.strip()]


@cache
def gpus() -> int:
    """Return how many GPUs this process may use: those of CUDA_VISIBLE_DEVICES, else all the driver names."""
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return len([device for device in visible.split(",") if device.strip()])
    if not shutil.which("nvidia-smi"):
        return 0
    listed = subprocess.run(["nvidia-smi", "-L"], capture_output=True, text=True, check=False)  # noqa: S607
    return len([line for line in listed.stdout.splitlines() if line.startswith("GPU ")])


@cache
def gpu_gb() -> float | None:
    """Return the memory of the smallest GPU here in GB, None where the driver does not say."""
    if not gpus() or not shutil.which("nvidia-smi"):
        return None
    ask = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    told = subprocess.run(ask, capture_output=True, text=True, check=False).stdout
    mib = [int(line) for line in told.split() if line.isdigit()]
    return min(mib) / 1024 if mib else None


def here(nodes: int = 1) -> Gpus:
    """Return the GPUs that this process may use, or its memory where there are none; as many on each of some nodes."""
    count = len(gpu_names())
    return Gpus(count, (gpu_gb() or ASSUMED_GB) if count else memory_gb(), nodes)


def memory_gb() -> float:
    """Return the memory of this machine in GB."""
    import psutil

    return float(psutil.virtual_memory().total / GIB)


def cores() -> int:
    """Return the cores this process may run on."""
    return len(os.sched_getaffinity(0))


def nodes() -> int:
    """Return how many nodes the Slurm job of this process has; 1 where there is no job."""
    return int(os.environ.get("SLURM_JOB_NUM_NODES", "1"))


def free_port() -> int:
    """Return a port of this machine that is free now, for the processes of one training to meet at."""
    with socket.socket() as probe:
        probe.bind(("", 0))
        return int(probe.getsockname()[1])


def end_with_parent() -> None:
    """Have the kernel end this process when its parent ends, however that does."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def end(process: subprocess.Popen[Any]) -> None:
    """End a process now, with all it has started, in whatever session: wandb's service is in one of its own."""
    import psutil

    with suppress(psutil.NoSuchProcess):
        root = psutil.Process(process.pid)
        root.suspend()  # so that it starts nothing while it is looked at
        for each in [root, *root.children(recursive=True)]:
            with suppress(psutil.NoSuchProcess):
                each.kill()
    process.wait()


def versions(packages: Iterable[str]) -> dict[str, str]:
    """Return the versions of the packages that are installed."""
    installed = {}
    for name in packages:
        try:
            installed[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return installed


def share(cluster: Cluster) -> tuple[int, int]:
    """Return (stage runs at once, threads each): what the cluster config says, else what this machine carries.

    Many single-threaded workers rather than one with many threads: a second thread adds little for small models (one
    generates 104 tok/s, two 164: analysis/LOG.md). But each worker holds its own copy in memory.
    """
    import psutil

    carried = int(psutil.virtual_memory().available / GIB / GIB_A_WORKER)
    workers = cluster.workers or max(1, min(gpus() or cores(), carried, MOST_WORKERS))
    return workers, cluster.threads or max(1, cores() // workers)
