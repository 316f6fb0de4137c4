"""The driver's end: processes of stage runs, started through a server that stays loaded.

One idea: a process is done when the server says so, or, where somebody has killed the server, when it is no longer
there. It must not know what a stage run is.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from ot_grid.config import Runtime
from ot_grid.running.server import Start


@dataclass
class Process:
    """A process that works."""

    log: Path
    pid: int = 0  # until it has begun
    done: bool = False
    lost: bool = False  # its server is gone, so that nobody tells when it ends

    def interrupt(self) -> None:
        """Ask it to stop, as Ctrl-C would; asked again, it takes no notice."""
        if self.pid and not self.done:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGINT)


class Processes:
    """Starts processes and knows which have ended."""

    def __init__(self, logs: Path, threads: int) -> None:
        self.logs, self.threads = logs, threads
        self._begun = f"{time.strftime('%Y%m%dT%H%M%S')}-{os.getpid()}"
        self._known: list[Process] = []  # by number, from 1
        self._server: subprocess.Popen[bytes] | None = None
        self._line: Connection | None = None

    def start(
        self, root: Path, orders: Sequence[Mapping[str, Any]], runtime: Runtime, *, gpus: Sequence[str], warm: bool
    ) -> Process:
        """Start a process for some orders, with some GPUs or none; `warm` where it asks a model."""
        number = len(self._known) + 1
        process = Process(self._log(str(number)))
        self._known.append(process)
        environment = {"CUDA_VISIBLE_DEVICES": ",".join(gpus)} if gpus else {}
        try:
            self._connected().send(Start(number, str(root), orders, runtime, process.log, environment, warm))
        except OSError:
            process.done = True  # the server was killed: what it was to run failed, and the next one starts anew
            self.close()
        return process

    def _log(self, what: str) -> Path:
        return self.logs / f"{self._begun}-{what}.log"

    def refresh(self) -> None:
        """Learn which processes have begun, and which have ended."""
        try:
            while self._line and self._line.poll():
                number, pid, ended = self._line.recv()
                self._known[number - 1].pid = pid
                self._known[number - 1].done = ended
        except (EOFError, OSError):
            self.close()
        for process in self._known:
            if process.lost and not process.done:
                process.done = not process.pid or not _alive(process.pid)

    def close(self) -> None:
        """Hang up: the server ends, what it has started goes on."""
        if self._line:
            self._line.close()
        if self._server:
            self._server.wait()
        self._line = self._server = None
        for process in self._known:
            process.lost = True
            if not process.pid:
                process.log = self._log("server")  # which says why nothing was started

    def _connected(self) -> Connection:
        """Return the line to the server, started where there is none."""
        if self._line:
            return self._line
        self._line, theirs = Pipe()
        count = str(self.threads)
        threads = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), count)
        self.logs.mkdir(parents=True, exist_ok=True)
        with self._log("server").open("ab") as output:
            self._server = subprocess.Popen(
                [sys.executable, "-m", "ot_grid.running.server", str(theirs.fileno())],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, pass_fds=[theirs.fileno()],
                # Libraries read how many threads they may have when they are loaded.
                env={**os.environ, **threads, "TOKENIZERS_PARALLELISM": "false"},
            )  # fmt: skip
        theirs.close()
        return self._line


def _alive(pid: int) -> bool:
    """Whether a process works still: one that ended, and whose end nobody has asked for, is there as a zombie."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
