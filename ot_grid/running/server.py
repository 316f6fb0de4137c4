"""The process from which stage runs on this machine are forked, with what they need loaded already.

One idea: to load torch and transformers takes five seconds of a core, and a fork some milliseconds. It is told what to
start, and tells when that has ended. It must not start a thread, nor touch a GPU: neither survives a fork.
"""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

from ot_grid.config import Runtime
from ot_grid.errors import OtGridError
from ot_grid.inference import engines
from ot_grid.registry import load_plugins
from ot_grid.running.execute import run_orders, versions
from ot_grid.stopping import Stopped

POLL_SECONDS = 0.05
FAILED, INTERRUPTED = 1, 130  # exit codes


@dataclass(frozen=True)
class Start:
    """A process to start: the orders it runs one after the other, where its output goes, what is set for it."""

    number: int  # by which it is spoken of
    root: str  # of the store
    orders: Sequence[Mapping[str, Any]]
    runtime: Runtime
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    warm: bool = False  # whether it asks a model

    def run(self) -> int:
        """Run the orders in this process, which was forked for them; return its exit code."""
        os.environ.update({**self.environment, "OT_GRID_JOB": str(os.getpid()), "OT_GRID_LOG": str(self.log)})
        _redirect(self.log)
        signal.signal(signal.SIGINT, _interrupt)
        try:
            run_orders(self.root, self.orders, self.runtime)
        except OtGridError as error:
            print(f"ot_grid: failed: {error}", flush=True)  # noqa: T201 (its stdout is its log)
            return FAILED
        except (KeyboardInterrupt, Stopped):
            print("ot_grid: interrupted; what is stored stays", flush=True)  # noqa: T201 (its stdout is its log)
            return INTERRUPTED
        return 0


def serve(driver: Connection) -> Start | None:
    """Start what the driver asks for, and tell it (number, pid, whether it has ended), until it hangs up.

    In each process that was started it returns what that one is to run.
    """
    running: dict[int, int] = {}  # pid -> number
    while True:
        try:
            start: Start | None = driver.recv() if driver.poll(POLL_SECONDS) else None
            if start and not (pid := _forked(start)):
                driver.close()
                return start
            if start:
                running[pid] = start.number
                driver.send((start.number, pid, False))
            while running and (pid := os.waitpid(-1, os.WNOHANG)[0]):
                driver.send((running.pop(pid), pid, True))
        except (EOFError, ConnectionError):
            return None


def _forked(start: Start) -> int:
    """Fork, with what is needed loaded before; return the pid, and 0 in the process that was forked."""
    if start.warm:
        engines.load(start.runtime.cluster.engine)
    # A look for garbage in what was loaded would copy it into each process.
    gc.freeze()
    return os.fork()


def _end(code: int) -> NoReturn:
    """End a process that was forked: what is told to happen at the end does, what was loaded is not taken apart."""
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _redirect(log: Path) -> None:
    """Send what this process prints to a file, line by line, and read from nothing."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output, open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]


def _interrupt(*_: object) -> None:
    """Stop once: a terminal sends Ctrl-C to every process, and the driver then ends those that still run."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt


def load() -> None:
    """Load and look up what every stage run needs."""
    import pyarrow.dataset  # noqa: F401  (with pandas, which it would load with the first table)

    load_plugins()
    versions()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends when the driver does
    load()
    if mine := serve(Connection(int(sys.argv[1]))):
        _end(mine.run())
