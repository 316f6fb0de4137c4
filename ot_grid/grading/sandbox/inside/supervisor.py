"""The loop of the supervisor: one order, then case after case.

One idea: each case gets a fresh child, and is cleaned up after before the next. It must not run a line of the program
itself.
"""

from __future__ import annotations

import fcntl
import gc
import os
import sys

from ot_grid.grading.sandbox.inside.child import ABOVE, SET_DUMPABLE, become, play, prctl
from ot_grid.grading.sandbox.inside.prelude import load
from ot_grid.grading.sandbox.inside.sweeping import sweep, tidy
from ot_grid.grading.sandbox.inside.watching import Watch
from ot_grid.grading.sandbox.inside.wire import REPORT, Ignored, Instruction, receive, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

SET_SUBREAPER = 36


def serve() -> Callable[[], None] | None:
    """Play cases until there are no more; in the child of a case, return what plays it."""
    given = receive()
    if given is None:
        return None
    order = Instruction(given)
    prepare(order)
    write(1, b"!")  # ready: from here on, an end of this process is the program's doing
    gc.freeze()  # so that a child does not copy pages by looking at our objects
    while (case := receive()) is not None:
        played = _one(order, case)
        if played is not None:
            return played
    return None


def prepare(order: Instruction) -> None:
    """Become what orphans fall to, closed to other processes of the same user; make the import path."""
    prctl(SET_SUBREAPER, 1, 0, 0, 0)
    if order.uid is None:
        prctl(SET_DUMPABLE, 0, 0, 0, 0)  # same user as the program: no ptrace, no /proc/<pid>/mem
    sys.path += order.site
    if order.kind == "call":
        load()
    order.alone = order.alone and os.getpid() == 1
    order.before = {folder: set(os.listdir(folder)) for folder in order.folders}
    if order.uid is not None and any(map(_closed, sys.path)):
        _open_path()


def _closed(path: str) -> bool:
    """Whether a folder, or one above it, is closed to other users."""
    while len(path) > 1:
        if os.path.isdir(path) and not os.stat(path).st_mode & 0o001:
            return True
        path = os.path.dirname(path)
    return False


def _open_path() -> None:
    """Reach the import path by open folders: /root, say, is closed to the user that the program becomes."""
    known: dict[str, str] = {}
    for path in filter(os.path.isdir, sys.path):
        fd = fcntl.fcntl(os.open(path, os.O_PATH | os.O_DIRECTORY), fcntl.F_DUPFD, ABOVE)
        known[path] = f"/proc/self/fd/{fd}"
    sys.path[:] = known.values()
    for module in list(sys.modules.values()):
        places = getattr(module, "__path__", None)
        if isinstance(places, list):  # of packages that were imported already: encodings, ctypes
            places[:] = [known.get(os.path.dirname(p), os.path.dirname(p)) + "/" + os.path.basename(p) for p in places]


def _one(order: Instruction, case: dict[str, Any]) -> Callable[[], None] | None:
    """Fork a child for a case, watch it, clean up after it, report; in the child return what plays it."""
    stdin = _file(case["text"].encode("utf-8", "backslashreplace") if order.kind == "stdin" else b"")
    ours, theirs = zip(*(os.pipe() for _ in range(3)), strict=True)
    proof, prover = os.pipe()
    pid = os.fork()
    if pid == 0:
        private = [theirs[2], proof] if order.kind != "stdin" else []
        become(order, [stdin, *theirs[:2], *private], case["files"])
        return lambda: play(order, case["text"])
    for fd in (stdin, *theirs, proof):
        os.close(fd)
    nonce = os.urandom(16)  # made after the fork: the child's memory does not hold it
    watch = Watch(order, pid, ours)
    with Ignored(BrokenPipeError):  # it has ended already
        os.write(prover, nonce)
    os.close(prover)
    watch.run()
    sweep(order)
    _report(order, watch, nonce)
    tidy(order)
    return None


def _file(content: bytes) -> int:
    """Return an fd of a file that can be read and not written."""
    fd = os.memfd_create("input", os.MFD_ALLOW_SEALING)
    write(fd, content)
    os.lseek(fd, 0, os.SEEK_SET)
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK)
    return fd


def _report(order: Instruction, watch: Watch, nonce: bytes) -> None:
    out, err, proof = (bytes(watch.held[fd]) for fd in watch.pipes)
    if order.kind == "assert":
        proof = b"done" if proof == nonce else b""
    head = REPORT.pack(
        watch.status or 0, watch.cpu, watch.wall, watch.peak, watch.stopped, len(out), len(err), len(proof)
    )
    write(1, head + out + err + proof)
