"""The process that grades for `pool`: one item at a time, under limits that the kernel keeps.

One idea: whatever a grader does, it ends: by its own return, by the CPU timer's signal, or by the pool. It must not be
imported for anything else.
"""

from __future__ import annotations

import contextlib
import importlib
import pickle
import resource
import signal
import sys
import time
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from ot_grid.grading import Graded, failed, needs_sandbox, sandbox

__all__ = ["OUT_OF_MEMORY", "main", "serve"]

OUT_OF_MEMORY = failed("out of memory")


def main() -> None:
    """Serve the pipe whose number the pool gave."""
    with contextlib.suppress(EOFError):  # the pool closed its end: nobody waits for verdicts
        serve(Connection(int(sys.argv[1])))


def serve(pipe: Connection[Any, Any]) -> None:
    """Take search path, grader and limits, then grade one (response, answer) after the other until EOFError."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the pool's to answer
    sys.path[:] = pipe.recv()
    grader, limits, tier = pickle.loads(pipe.recv_bytes())  # noqa: S301 (our own parent wrote it)
    if needs_sandbox(grader):
        sandbox.use(tier)
    else:
        importlib.import_module("math_verify")  # before the clock starts, and before memory is measured
    _limit_memory(limits.memory_mb)
    pipe.send(None)
    while True:
        response, answer = pipe.recv()
        signal.setitimer(signal.ITIMER_PROF, limits.seconds)  # its signal ends the process, wherever it is
        started = time.monotonic()
        graded = _graded(grader, response, answer)
        graded = replace(graded, seconds=time.monotonic() - started)
        signal.setitimer(signal.ITIMER_PROF, 0)
        pipe.send(graded)


def _limit_memory(megabytes: int) -> None:
    statm = Path("/proc/self/statm")  # without it (macOS) no limit of the kernel holds
    if statm.exists():
        used = int(statm.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + megabytes * 2**20, resource.RLIM_INFINITY))


def _graded(grader: Any, response: str, answer: str) -> Graded:
    try:
        graded = grader(response, answer)
    except MemoryError:
        return OUT_OF_MEMORY
    except Exception as error:
        return failed(f"{type(error).__name__}: {error}")
    return graded if isinstance(graded, Graded) else failed(f"it returned {graded!r}")
