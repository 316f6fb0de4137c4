"""The process of one case: it takes its limits, loses its rights, and runs the program.

One idea: the program finds what it would find when run alone: real files at 0, 1 and 2, a module of its own, the
interpreter's own end. It must not hold anything that the program could profit from.

What cannot be excluded: the test code of kind `assert` runs in the program's own process. The proof that it ran to its
end is a random number that waits in a pipe and is made after the fork, so it is in no variable; but a program written
against this file can read it there. What tests compare is compared in the program's process too: values of types with
operators of their own are not believed, but a forgery made with more effort is.
"""

from __future__ import annotations

import builtins
import ctypes
import fcntl
import os
import resource
import sys

from ot_grid.grading.sandbox.inside.filtering import restrict
from ot_grid.grading.sandbox.inside.plain import SAME, TOLD, Plainness
from ot_grid.grading.sandbox.inside.prelude import given
from ot_grid.grading.sandbox.inside.wire import Instruction, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

ABOVE = 300  # fds from here on belong to the import path
STACK = 120 * 2**20  # the kernel leaves 128 MB below the stack; set after exec, or each thread would reserve as much
ROOM_MB = 1024  # of addresses beyond the memory limit, which is for what is used: stacks are reserved whole
SAID, PROOF = 3, 4  # fds: what it returns, and the number that proves the end of a test
NAME = "solution.py"
STREAMS = (("stdin", "r", "surrogateescape"), ("stdout", "w", "surrogateescape"), ("stderr", "w", "backslashreplace"))
SET_DUMPABLE, NO_NEW_PRIVS = 4, 38

prctl = ctypes.CDLL(None).prctl


def become(order: Instruction, fds: list[int], files: dict[str, str]) -> None:
    """Turn this fork into the process of a case; `fds` become 0 to 4."""
    for number, fd in enumerate([fcntl.fcntl(fd, fcntl.F_DUPFD, ABOVE // 2) for fd in fds]):
        os.dup2(fd, number, inheritable=number < SAID)
    os.closerange(len(fds), ABOVE)
    _limit("NPROC", order.processes)
    os.setsid()
    drop(order.uid)
    prctl(SET_DUMPABLE, 1, 0, 0, 0)  # or /dev/stdin and /proc/self would be closed to it
    os.chdir(order.scratch)
    for name, text in files.items():
        with open(name, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            file.write(text)
    _limits(order.limits)
    restrict()


def drop(uid: int | None) -> None:
    """Become another user, if one is given, for good."""
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    prctl(NO_NEW_PRIVS, 1, 0, 0, 0)


def _limits(limits: dict[str, Any]) -> None:
    cpu = max(1, -int(-limits["cpu_seconds"] // 1))  # whole seconds are what the kernel takes
    _limit("CPU", cpu)  # soft and hard alike: SIGKILL, which no handler can answer
    _limit("CORE", 0)
    _limit("NOFILE", limits["open_files"])
    _limit("FSIZE", limits["file_mb"] * 2**20)
    hard = resource.getrlimit(resource.RLIMIT_STACK)[1]
    resource.setrlimit(resource.RLIMIT_STACK, (STACK if hard < 0 else min(STACK, hard), hard))
    _limit("AS", (limits["memory_mb"] + ROOM_MB) * 2**20)


def _limit(name: str, value: int) -> None:
    which = getattr(resource, f"RLIMIT_{name}")
    hard = resource.getrlimit(which)[1]
    value = value if hard < 0 else min(value, hard)
    resource.setrlimit(which, (value, value))


def play(order: Instruction, text: str) -> None:
    """Run the program on a case; what it raises goes up to the interpreter."""
    _streams()
    sys.argv = [NAME, *order.arguments]
    {"stdin": _as_main, "call": _called, "assert": _asserted}[order.kind](order, text)


def _streams() -> None:
    for fd, (name, mode, errors) in enumerate(STREAMS):
        stream = open(fd, mode, 1 if fd == 2 else -1, "utf-8", errors, closefd=False)  # noqa: SIM115
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _module(name: str) -> ModuleType:
    from _sitebuiltins import Quitter

    for word in ("exit", "quit"):  # -S leaves them out
        setattr(builtins, word, Quitter(word, "Ctrl-D (i.e. EOF)"))
    module = type(sys)(name)
    module.__dict__.update(__builtins__=builtins, __file__=NAME)
    sys.modules[name] = module
    return module


def _as_main(order: Instruction, _: str) -> None:
    exec(_compiled(order.source), _module("__main__").__dict__)  # noqa: S102 (this is the sandbox)


def _compiled(source: str, name: str = NAME) -> Any:
    """Compile a program as Python does when it is run alone: without the __future__ of this file."""
    return compile(source, name, "exec", dont_inherit=True)


def _called(order: Instruction, text: str) -> None:
    import json

    loads, dumps, done, say = json.loads, json.dumps, os._exit, write
    own = os.getpid()
    space = _module("solution").__dict__
    known = given(space)
    exec(_compiled(order.source), space)  # noqa: S102
    function = _function(space, order.function or "", known)
    result = function(*[loads(line) for line in text.split("\n") if line.strip()])
    if os.getpid() == own:
        say(SAID, dumps(result, default=lambda value: value.tolist()).encode())  # numpy has tolist
    done(0)


def _function(space: dict[str, Any], name: str, known: dict[str, Any]) -> Any:
    holder = space.get("Solution")
    if isinstance(holder, type) and hasattr(holder, name):
        return getattr(holder(), name)
    if name not in space or (name in known and space[name] is known[name]):
        raise NameError(f"the program defines no function {name!r}")
    return space[name]


def _asserted(order: Instruction, text: str) -> None:
    known, run, translate = dict(vars(builtins)), exec, _compiled
    read, done, say, mine, own = os.read, os._exit, write, os.getpid, os.getpid()
    space = _module("solution").__dict__
    run(translate(order.source), space)
    vars(builtins).update(known)  # a program's own len() is not the test's
    sys.settrace(None)
    sys.setprofile(None)
    plain = Plainness(space, order.named)
    space.update({SAME: plain.same, TOLD: plain.told})
    run(translate(text, "test.py"), space)
    if mine() == own:
        say(SAID, read(PROOF, 64))
    done(0)
