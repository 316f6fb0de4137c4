"""What is done to whatever a case leaves behind: processes and files.

One idea: only what surely belongs to the sandbox is killed: everything in a process namespace of our own, everything
of a user that is ours alone, or our descendants. It must not send a signal to anything else.
"""

from __future__ import annotations

import os
import time

from ot_grid.grading.sandbox.inside.child import drop
from ot_grid.grading.sandbox.inside.wire import Ignored, Instruction

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SIGKILL, SIGSTOP = 9, 19  # importing signal takes as long as all else here
TURNS = 2000  # of a millisecond; a fork bomb is over after a few


def sweep(order: Instruction) -> None:
    """Kill what a case left running."""
    for _ in range(TURNS):
        if not _reaped():
            break
        _kill_rest(order)
        time.sleep(0.001)


def tidy(order: Instruction) -> None:
    """Delete the files that a case left."""
    os.makedirs(order.scratch, exist_ok=True)
    if any(set(os.listdir(folder)) != before for folder, before in order.before.items()):
        _as_program(order, lambda: _empty_all(order.before))


def _reaped() -> bool:
    """Wait for all children that have ended; return whether others are left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _kill_rest(order: Instruction) -> None:
    if order.alone:
        with Ignored(ProcessLookupError):
            os.kill(-1, SIGKILL)  # all of this namespace but ourselves
    elif order.uid is not None:
        _as_program(order, lambda: os.kill(-1, SIGKILL))  # all of a user that is ours alone
    else:
        for how in (SIGSTOP, SIGKILL):
            for pid in descendants(os.getpid()):
                with Ignored(ProcessLookupError):
                    os.kill(pid, how)


def descendants(of: int) -> list[int]:
    """Return the children of a process, and theirs."""
    try:
        with open(f"/proc/{of}/task/{of}/children") as file:
            children = [int(pid) for pid in file.read().split()]
    except OSError:
        return []
    return children + [pid for child in children for pid in descendants(child)]


def _as_program(order: Instruction, work: Callable[[], object]) -> None:
    """Do something with the rights of the program, in a process of its own."""
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        return
    try:
        drop(order.uid)
        work()
    finally:
        os._exit(0)


def _empty_all(before: dict[str, set[str]]) -> None:
    for folder, kept in before.items():
        empty(folder, set(kept))


def empty(folder: str, kept: set[str]) -> None:
    """Delete all in a folder but some names; what lies deep is moved up first, as no path may be too long."""
    numbers = iter(range(1 << 62))
    while left := set(os.listdir(folder)) - kept:
        kept |= {name for name in left if not _deleted(folder, name, numbers)}


def _deleted(folder: str, name: str, numbers: Iterator[int]) -> bool:
    """Delete a file, or a folder whose content is moved beside it; return whether that went well."""
    path = os.path.join(folder, name)
    with Ignored(OSError):
        if os.path.isdir(path) and not os.path.islink(path):
            os.chmod(path, 0o700)
            for inner in os.listdir(path):
                os.rename(os.path.join(path, inner), os.path.join(folder, f".{next(numbers)}"))
            os.rmdir(path)
        else:
            os.unlink(path)
        return True
    return False


def size(folder: str) -> int:
    """Return the bytes on disk of all files below a folder."""
    total = 0
    with Ignored(RecursionError):  # nothing legitimate lies so deep
        for at, _, names in os.walk(folder):
            for name in names:
                with Ignored(OSError):
                    total += os.lstat(os.path.join(at, name)).st_blocks * 512
    return total
