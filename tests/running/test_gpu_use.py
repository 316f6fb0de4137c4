"""How busy GPUs were is asked of nvidia-smi, which is played here by a script."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from ot_grid import machine
from ot_grid.running import gpu_use
from ot_grid.running.gpu_use import GpuUse

SAYS = "echo '97, 71680'; echo '91, 73728'; echo '[N/A], [N/A]'; echo $PPID > {pid}"


def played(folder: Path, monkeypatch: pytest.MonkeyPatch, says: str) -> Path:
    """Put an nvidia-smi into the path; return the file with its process id, and the words it was called with."""
    script, pid = folder / "nvidia-smi", folder / "pid"
    script.write_text(f'#!/bin/sh\necho "$@" > {folder}/words\n{says.format(pid=pid)}\n')
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2,GPU-7f3a")
    return pid


def sampled(pid: Path) -> None:
    """Wait until it has said something."""
    hangs = time.monotonic() + 600
    while not (pid.exists() and pid.read_text().strip()):
        assert time.monotonic() < hangs, "it was never asked"
        time.sleep(0.01)


def test_the_mean_and_the_most_of_what_it_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Of the GPUs that were given, and no longer than it was asked for; what it does not know counts for nothing."""
    pid = played(tmp_path, monkeypatch, SAYS)
    with GpuUse() as gpus:
        sampled(pid)
        assert gpus.told() == {"busy": 0.94, "memory_gb": 72.0}
        assert gpus.told() == {}
    assert "-i 2,GPU-7f3a" in (tmp_path / "words").read_text()
    assert not psutil.pid_exists(int(pid.read_text()))


@pytest.mark.parametrize("says", ["echo 'No devices were found'; exit 6", "printf '[N/A], 71'", "exec sleep 600"])
def test_what_it_cannot_say_is_not_told(says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A driver that fails, a number that it does not have, silence."""
    played(tmp_path, monkeypatch, says)
    with GpuUse() as gpus:
        pass
    assert gpus.told() == {}


def test_a_driver_that_hangs_holds_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """It is ended; where it cannot be, what it holds open is not waited for."""
    monkeypatch.setattr(gpu_use, "END_SECONDS", 0.2)
    pid = played(tmp_path, monkeypatch, SAYS + "; exec sleep 5")
    with GpuUse() as gpus:
        sampled(pid)
        assert gpus.told() == {"busy": 0.94, "memory_gb": 72.0}
    monkeypatch.setattr(machine, "end", lambda process: process.kill())
    pid.unlink()
    with GpuUse() as gpus:
        sampled(pid)
        assert gpus.told() == {}


@pytest.mark.parametrize("devices", [None, ""])
def test_nothing_is_asked_of_gpus_that_are_not_ours(
    devices: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """A stage run that was given none says nothing of those of others."""
    pid = played(tmp_path, monkeypatch, SAYS)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES") if devices is None else monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    with GpuUse() as gpus:
        assert gpus.told() == {}
    assert not pid.exists()


def test_it_ends_with_a_process_that_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Nobody reads what it says any more."""
    pid = played(tmp_path, monkeypatch, SAYS)
    work = (
        "import time\nfrom ot_grid.running import gpu_use\ngpu_use.SECONDS = 0.05\n"
        "with gpu_use.GpuUse():\n print('on', flush=True)\n time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", work], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        sampled(pid)
        process.kill()
    psutil.wait_procs([psutil.Process(int(pid.read_text()))] if psutil.pid_exists(int(pid.read_text())) else [])
