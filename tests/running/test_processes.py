"""Processes forked from a server: what they are given, how they end, what becomes of them when somebody kills one."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ot_grid.config import Runtime
from ot_grid.running.processes import Process, Processes

LONG = 60.0  # seconds after which something hangs
# A plug-in is loaded first of all in a process, so a test can have it do anything.
TELLS = """
import os, pathlib
told = {name: os.environ.get(name) for name in ("CUDA_VISIBLE_DEVICES", "OMP_NUM_THREADS", "OT_GRID_LOG")}
pathlib.Path("told.txt").write_text(repr({**told, "stdin": os.read(0, 1), "tasks": len(os.listdir("/proc/self/task"))}))
print("hello", flush=True)
"""
WAITS = "import pathlib, time\npathlib.Path('begun').touch()\ntime.sleep(600)\n"
ENDS = "import atexit, sys\natexit.register(print, 'at the end')\nsys.stdout.write('no line')\n"
BREAKS = "raise RuntimeError('a plug-in that breaks')\n"


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Processes]:
    monkeypatch.chdir(tmp_path)
    made = Processes(tmp_path / "logs", threads=3)
    yield made
    made.close()


def start(processes: Processes, plugin: str, *, gpu: str | None = None, warm: bool = False) -> Process:
    """Start a process that runs the text of a plug-in and has no orders."""
    Path("plugin_of_a_test.py").write_text(plugin)
    runtime = Runtime.of({"plugins": ["plugin_of_a_test"], "cluster": {"engine": "transformers"}})
    return processes.start(Path("store"), [], runtime, gpus=[gpu] if gpu else [], warm=warm)


def wait(processes: Processes, until: Callable[[], Any]) -> None:
    deadline = time.monotonic() + LONG
    while not until():
        processes.refresh()
        assert time.monotonic() < deadline, "it hangs"
        time.sleep(0.02)


def test_a_process_has_its_gpu_its_threads_and_a_log(processes: Processes):
    """What it prints is in its log, it reads from nothing, and knows where its log is."""
    process = start(processes, TELLS, gpu="GPU-5ee")
    wait(processes, lambda: process.done)
    told = eval(Path("told.txt").read_text())
    assert told.pop("tasks") >= 1
    assert told == {
        "CUDA_VISIBLE_DEVICES": "GPU-5ee", "OMP_NUM_THREADS": "3", "OT_GRID_LOG": str(process.log), "stdin": b"",
    }  # fmt: skip
    assert process.log.read_text() == "hello\n"
    assert "CUDA_VISIBLE_DEVICES" not in os.environ


def test_a_process_that_breaks_says_why_and_the_next_one_works(processes: Processes):
    """What is wrong stands in its log, and the server outlives it."""
    broken = start(processes, BREAKS)
    wait(processes, lambda: broken.done)
    assert "a plug-in that breaks" in broken.log.read_text()
    other = start(processes, TELLS)
    wait(processes, lambda: other.done)
    assert other.log.read_text() == "hello\n"


def test_what_is_told_to_happen_at_the_end_does(processes: Processes):
    """Libraries end their own processes and write their files so; nothing that was printed is lost."""
    process = start(processes, ENDS)
    wait(processes, lambda: process.done)
    assert process.log.read_text() == "no lineat the end\n"


def test_an_interrupted_process_ends_with_a_line_and_no_traceback(processes: Processes):
    """Ctrl-C reaches every process of a terminal, and the driver asks again."""
    process = start(processes, WAITS)
    wait(processes, Path("begun").exists)
    wait(processes, lambda: process.interrupt() or process.done)
    assert process.log.read_text() == "ot_grid: interrupted; what is stored stays\n"


def test_a_killed_process_is_done(processes: Processes):
    """By the system when memory runs out, say."""
    process = start(processes, WAITS)
    wait(processes, lambda: process.pid)
    os.kill(process.pid, signal.SIGKILL)
    wait(processes, lambda: process.done)


def test_a_killed_server_is_replaced(processes: Processes):
    """What it had started goes on and is waited for; the next process starts from a new server."""
    process = start(processes, WAITS)
    wait(processes, Path("begun").exists)
    processes.refresh()
    assert processes._server
    processes._server.kill()
    processes._server.wait()
    processes.refresh()
    assert not process.done
    other = start(processes, TELLS)
    wait(processes, lambda: other.done)
    assert Path("told.txt").exists()
    os.kill(process.pid, signal.SIGKILL)
    wait(processes, lambda: process.done)


def test_a_server_that_cannot_start_says_why(processes: Processes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The log of what it was to start is its own."""
    broken = tmp_path / "python"
    broken.write_text("#!/bin/sh\necho no such module\nexit 1\n")
    broken.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(broken))
    process = start(processes, TELLS)
    wait(processes, lambda: process.done)
    assert process.log.read_text() == "no such module\n"


def test_a_driver_that_is_gone_leaves_no_server(processes: Processes):
    """The server ends when its driver hangs up, however that came."""
    start(processes, TELLS)
    assert processes._server
    assert processes._line
    processes._line.close()
    assert processes._server.wait(LONG) == 0


@pytest.mark.slow
def test_what_asks_a_model_is_forked_with_the_libraries_loaded(processes: Processes):
    """And what asks none is not kept waiting for them."""
    ask = "import sys, pathlib\npathlib.Path('told.txt').write_text(str('transformers' in sys.modules))\n"
    for warm in (False, True):
        process = start(processes, ask, warm=warm)
        wait(processes, lambda: process.done)  # noqa: B023
        assert Path("told.txt").read_text() == str(warm)
