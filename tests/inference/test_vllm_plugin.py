"""The process of an engine ends with the one that it works for, and no other process does."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil
import pytest

CHILD = "import time; from ot_grid.inference import vllm_plugin; vllm_plugin.end_with_owner(); print(); time.sleep(600)"
PARENT = (
    "import os, subprocess, sys\n"
    "owner = {'self': str(os.getpid()), 'another': '1', 'nobody': ''}[sys.argv[2]]\n"
    "environment = {**os.environ, 'OT_GRID_ENGINE_OWNER': owner}\n"
    "child = subprocess.Popen([sys.executable, '-c', sys.argv[1]], env=environment, stdout=subprocess.PIPE)\n"
    "child.stdout.readline()\n"
    "print(child.pid, flush=True)\n"
    "child.wait()\n"
)


def alive(process: psutil.Process) -> bool:
    """Whether it runs; where nobody waits for orphans, what has ended stays as a zombie."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(("owner", "ends"), [("self", True), ("another", False), ("nobody", False)])
def test_it_ends_with_its_owner_alone(owner: str, ends: bool):
    """Killed, the owner tells nobody: the kernel does."""
    with subprocess.Popen([sys.executable, "-c", PARENT, CHILD, owner], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    try:
        # One that ends is gone in milliseconds; one that stays is looked at for a while.
        deadline = time.monotonic() + (120 if ends else 1)
        while alive(child) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert alive(child) != ends
    finally:
        if alive(child):
            child.kill()
