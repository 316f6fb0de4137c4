"""What this machine carries is found out without loading torch."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from ot_grid import machine
from ot_grid.config import Cluster


@pytest.fixture(autouse=True)
def asked_anew() -> Iterator[None]:
    """The number of GPUs is asked once a process."""
    machine.gpus.cache_clear()
    yield
    machine.gpus.cache_clear()


@pytest.mark.parametrize(
    ("visible", "count", "names"),
    [("", 0, []), ("0", 1, ["0"]), ("2, 3", 2, ["2", "3"]), ("GPU-5ee0,MIG-12ab", 2, ["GPU-5ee0", "MIG-12ab"])],
)
def test_gpus_are_those_of_the_environment(monkeypatch, visible: str, count: int, names: list[str]):
    """What a job was given, by its numbers or ids."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert (machine.gpus(), machine.gpu_names()) == (count, names)


def test_gpus_are_else_those_of_the_driver(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """As nvidia-smi lists them; none where it is not there."""
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.gpus() == 0
    machine.gpus.cache_clear()
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\necho 'GPU 0: H100 (UUID: GPU-1)'\necho 'GPU 1: H100'\n")
    (tmp_path / "nvidia-smi").chmod(0o755)
    assert machine.gpus() == 2


def test_what_is_set_is_not_guessed():
    """Workers and threads of the settings hold; else all cores are shared out, and nobody gets none."""
    assert machine.share(Cluster(workers=3, threads=5)) == (3, 5)
    workers, threads = machine.share(Cluster())
    assert workers >= 1
    assert 1 <= threads <= machine.cores() <= (os.cpu_count() or 1)


def test_a_process_is_ended_with_all_it_started():
    """Also what went to a session of its own, as the service of wandb does."""
    child = "import time; print('here', flush=True); time.sleep(600)"
    start = (
        "import subprocess, sys, time\n"
        f"it = subprocess.Popen([sys.executable, '-c', {child!r}], stdout=subprocess.PIPE, start_new_session=True)\n"
        "it.stdout.readline(); print(it.pid, flush=True); time.sleep(600)"
    )
    process = subprocess.Popen([sys.executable, "-c", start], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    started = psutil.Process(int(process.stdout.readline()))
    machine.end(process)
    assert process.poll() is not None
    psutil.wait_procs([started])
    machine.end(process)


def test_a_free_port_can_be_taken():
    """By whoever asked."""
    with socket.socket() as taken:
        taken.bind(("", machine.free_port()))


def test_versions_are_of_what_is_installed():
    """Nothing is said of what is not there."""
    assert set(machine.versions(["ot_grid", "no-such-package"])) == {"ot_grid"}
