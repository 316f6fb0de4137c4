"""Whom a program runs as.

One idea: as root, each sandbox at work has a user of its own, so that limits count apart and its processes can be told
from all others; the kernel keeps who has which. It must not give out a user that the machine knows.
"""

from __future__ import annotations

import os
import pwd
import socket
from pathlib import Path

import psutil

from ot_grid.errors import OtGridError

FIRST, COUNT = 60706, 478  # systemd leaves 60706 to 61183 to nobody
PER_NAMESPACE = (5, 14)  # from this kernel on, processes of a user are counted in each user namespace apart


class User:
    """A user for one sandbox; None where we are not root: it runs as ourselves."""

    def __init__(self) -> None:
        self.uid: int | None = None
        self._claim: socket.socket | None = None
        if os.geteuid() == 0:
            self.uid, self._claim = _claimed()

    def release(self) -> None:
        """Let another sandbox have it."""
        if self._claim:
            self._claim.close()


def _claimed() -> tuple[int, socket.socket]:
    """Bind a name that the kernel gives to one process at a time, and frees with it."""
    for turn in range(COUNT):
        uid = FIRST + (os.getpid() + turn) % COUNT
        claim = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            claim.bind(f"\0ot_grid-sandbox-{uid}")
            if not _known(uid):
                return uid, claim
        except OSError:
            pass
        claim.close()
    raise OtGridError(f"no user from {FIRST} to {FIRST + COUNT - 1} is free for a sandbox; run fewer graders at once")


def _known(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def processes(allowed: int, *, own_namespace: bool) -> int:
    """Return the kernel's limit that allows so many processes more than there are of this user."""
    if os.geteuid() == 0 or (own_namespace and _kernel() >= PER_NAMESPACE):
        return allowed
    mine = [each for each in psutil.process_iter() if _of(each, os.getuid())]
    return allowed + sum(_threads(each) for each in mine)


def _kernel() -> tuple[int, ...]:
    return tuple(int(part) for part in os.uname().release.split(".")[:2])


def _of(process: psutil.Process, uid: int) -> bool:
    try:
        return process.uids().real == uid
    except psutil.Error:
        return False


def _threads(process: psutil.Process) -> int:
    try:
        return process.num_threads()
    except psutil.Error:
        return 0


def resident(pid: int) -> int:
    """Return the bytes of memory that a process and its descendants hold."""
    return sum(_bytes(each) for each in family(pid))


def _bytes(process: psutil.Process) -> int:
    try:
        return process.memory_info().rss
    except psutil.Error:
        return 0


def family(pid: int) -> list[psutil.Process]:
    """Return a process and its descendants."""
    try:
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    except psutil.Error:
        return []


def marked(mark: str) -> list[psutil.Process]:
    """Return our processes whose environment holds a mark; they need not descend from us any more."""
    found = [each for each in psutil.process_iter() if _of(each, os.getuid())]
    return [each for each in found if mark.encode() in _environment(each.pid)]


def _environment(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""
