"""From what the supervisor reports to how a case ended.

One idea: the kernel says how a process died, not why; limits leave traces by which the reason is told. It must not
compare an answer.
"""

from __future__ import annotations

import os
import signal

from ot_grid.grading.sandbox import endings
from ot_grid.grading.sandbox.inside.wire import RUNNING, TOO_BIG, TOO_LONG, TOO_MUCH
from ot_grid.grading.sandbox.limits import Program, ProgramOutcome, SandboxLimits

STOPPED = {TOO_LONG: endings.WALL, TOO_MUCH: endings.OUTPUT, TOO_BIG: endings.SCRATCH}
NEARLY = 0.75  # of the CPU limit: two clocks of the kernel differ, by 0.2 of 2 s on a busy machine
NO_PROCESS = ("BlockingIOError: [Errno 11]", "RuntimeError: can't start new thread")
OWN_STACK = "stack_size"  # in the source
NO_ROOM = ("OSError: [Errno 27]", "OSError: [Errno 28]")  # a file too large, no space left


def outcome(
    program: Program, limits: SandboxLimits, head: tuple[int, float, float, int, bytes], texts: list[bytes]
) -> ProgramOutcome:
    """Return how a case ended, from (wait status, CPU s, wall s, peak KB, why stopped) and its three texts."""
    status, cpu, wall, peak, stopped = head
    out, err, proof = (text.decode("utf-8", "replace") for text in texts)
    code = os.waitstatus_to_exitcode(status)
    ended = STOPPED[stopped] if stopped != RUNNING and stopped in STOPPED else _ended(code, cpu, limits, err)
    if ended in (endings.OK, endings.EXIT, endings.SIGNAL, endings.CPU) and peak > limits.memory_mb * 1024:
        ended = endings.MEMORY
    if ended == endings.PROCESSES and OWN_STACK in program.source:
        ended = endings.MEMORY  # no room for the stack of a thread: the kernel says the same as of too many
    if ended == endings.OK and program.kind != "stdin" and not proof:
        ended = endings.UNFINISHED
    return ProgramOutcome(ended, abs(code), cpu, wall, out, err, proof)


def _ended(code: int, cpu: float, limits: SandboxLimits, err: str) -> str:
    if code == -signal.SIGXCPU or cpu > limits.cpu_seconds or (code == -signal.SIGKILL and _about(cpu, limits)):
        return endings.CPU
    if code == -signal.SIGXFSZ:
        return endings.SCRATCH
    if code <= 0:
        return endings.SIGNAL if code else endings.OK
    last = (err.strip().splitlines() or [""])[-1]
    if last.startswith("MemoryError") or "_ArrayMemoryError" in last:
        return endings.MEMORY
    if last.startswith(NO_PROCESS):
        return endings.PROCESSES
    return endings.SCRATCH if last.startswith(NO_ROOM) else endings.EXIT


def _about(cpu: float, limits: SandboxLimits) -> bool:
    return cpu > limits.cpu_seconds * NEARLY
