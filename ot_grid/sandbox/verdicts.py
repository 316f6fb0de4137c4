"""From what the supervisor reports to how a case ended.

One idea: the kernel says how a process died, not why; limits leave traces by which the reason is told. It must not
compare an answer.
"""

from __future__ import annotations

import os
import signal

from ot_grid.sandbox.inside.wire import RUNNING, TOO_BIG, TOO_LONG, TOO_MUCH
from ot_grid.sandbox.limits import (
    CPU, EXIT, MEMORY, OK, OUTPUT, PROCESSES, SCRATCH, SIGNAL, UNFINISHED, WALL, Limits, Outcome, Program,
)  # fmt: skip

STOPPED = {TOO_LONG: WALL, TOO_MUCH: OUTPUT, TOO_BIG: SCRATCH}
NO_PROCESS = ("BlockingIOError: [Errno 11]", "RuntimeError: can't start new thread")
NO_ROOM = ("OSError: [Errno 27]", "OSError: [Errno 28]")  # a file too large, no space left


def outcome(program: Program, limits: Limits, head: tuple[int, float, float, bytes], texts: list[bytes]) -> Outcome:
    """Return how a case ended, from (wait status, CPU seconds, wall seconds, why stopped) and its three texts."""
    status, cpu, wall, stopped = head
    out, err, said = (text.decode("utf-8", "replace") for text in texts)
    code = os.waitstatus_to_exitcode(status)
    ended = STOPPED[stopped] if stopped != RUNNING and stopped in STOPPED else _ended(code, cpu, limits, err)
    if ended == OK and program.kind != "stdin" and not said:
        ended = UNFINISHED
    return Outcome(ended, abs(code), cpu, wall, out, err, said)


def _ended(code: int, cpu: float, limits: Limits, err: str) -> str:
    if code == -signal.SIGXCPU or cpu > limits.cpu_seconds:
        return CPU
    if code == -signal.SIGXFSZ:
        return SCRATCH
    if code <= 0:
        return SIGNAL if code else OK
    last = (err.strip().splitlines() or [""])[-1]
    if last.startswith("MemoryError") or "_ArrayMemoryError" in last:
        return MEMORY
    if last.startswith(NO_PROCESS):
        return PROCESSES
    return SCRATCH if last.startswith(NO_ROOM) else EXIT
