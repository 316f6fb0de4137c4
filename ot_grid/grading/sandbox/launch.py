"""Running one untrusted program on its cases, in one sandbox.

One idea: the supervisor inside keeps the limits of a case; from outside we keep those of the whole (all memory, all
time), and end everything when we are done. It must not believe what comes out, nor unpickle it.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import select
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any

import psutil

from ot_grid.errors import OtGridError
from ot_grid.grading.sandbox import endings, users
from ot_grid.grading.sandbox.commands import SCRATCH, Tier, environment, site_folders
from ot_grid.grading.sandbox.inside.sweeping import empty
from ot_grid.grading.sandbox.inside.wire import LENGTH, REPORT
from ot_grid.grading.sandbox.limits import Case, Program, ProgramOutcome, SandboxLimits
from ot_grid.grading.sandbox.verdicts import outcome

# In the order of their imports.
INSIDE = ("wire", "filtering", "plain", "prelude", "child", "sweeping", "watching", "supervisor")
TICK = 0.1  # s between looks at the memory of all
GRACE = 10.0  # s for a supervisor to report what it stopped, on a busy machine
GOODBYE = 1.0  # s for it to end by itself, where its namespace ends with it
LONG_GOODBYE = 30.0  # s where it must kill its processes one by one
EXTRA_MB = 512  # what the resident memory of all may be beyond the limit of one: the interpreters share most of theirs
TOLD = 300  # characters of why a sandbox did not start


def run(
    program: Program, cases: Iterable[Case], *, tier: Tier, limits: SandboxLimits | None = None
) -> Iterator[ProgramOutcome]:
    """Yield how each case ended; stop asking, and no more are played. Ends early when the sandbox itself is lost."""
    sandbox = Sandbox(program, limits or SandboxLimits(), tier)
    try:
        for case in cases:
            found = sandbox.play(case)
            yield found
            if sandbox.over:
                return
    finally:
        sandbox.close()


@cache
def _modules() -> bytes:
    """Return the compiled modules of the supervisor."""
    names = [f"ot_grid.grading.sandbox.inside.{name}" for name in INSIDE]
    return marshal.dumps([(name, _compiled(name)) for name in names])


def _compiled(name: str) -> Any:
    spec = find_spec(name)
    assert spec
    assert spec.origin
    return compile(Path(spec.origin).read_bytes(), name.rpartition(".")[2], "exec", optimize=0)


class Sandbox:
    """One launch: a supervisor that plays one program on case after case."""

    def __init__(self, program: Program, limits: SandboxLimits, tier: Tier) -> None:
        self.program, self.limits, self.tier = program, limits, tier
        self.over = False
        self.until = time.monotonic() + limits.total_seconds
        self.user = users.User()
        self.mark = ""
        self.scratch = SCRATCH if tier.isolated else self._folder()
        self.process = subprocess.Popen(
            tier.command(limits), bufsize=0, start_new_session=True, env=environment(self.scratch),
            cwd="/" if tier.isolated else self.scratch,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.poll = select.poll()
        self.poll.register(self._pipes[1], select.POLLIN)
        self._start()

    @property
    def _pipes(self) -> list[IO[bytes]]:
        return [pipe for pipe in (self.process.stdin, self.process.stdout, self.process.stderr) if pipe]

    def _folder(self) -> str:
        self.mark = tempfile.mkdtemp(prefix="ot_grid-sandbox-")
        os.chmod(self.mark, 0o711)  # the program's user can go through, and not delete scratch  # noqa: S103
        scratch = os.path.join(self.mark, "scratch")
        os.mkdir(scratch)
        os.chmod(scratch, 0o1777)  # noqa: S103
        return scratch

    def _order(self) -> dict[str, Any]:
        folders = [self.scratch, "/tmp", "/dev/shm"] if self.tier.isolated else [self.scratch]  # noqa: S108
        asked = {"kind": self.program.kind, "source": self.program.source, "function": self.program.function}
        allowed = users.processes(self.limits.processes, own_namespace=self.tier.isolated)
        return asked | {
            "arguments": list(self.program.arguments), "named": list(self.program.named),
            "site": site_folders(), "uid": self.user.uid,
            "alone": self.tier.isolated, "scratch": self.scratch, "folders": folders, "processes": allowed,
            "limits": asdict(self.limits), "wall": self.limits.wall, "measured": not self.tier.isolated,
        }  # fmt: skip

    def _start(self) -> None:
        """Send what is the same for all cases; raise `OtGridError` when the sandbox does not start."""
        self._send(_modules())
        self._send(marshal.dumps(self._order()))
        why, _ = self._hear(self.until)
        if why:
            words = self._last_words()
            self.over = True
            self.close()
            raise OtGridError(f"the sandbox {self.tier.name!r} does not start ({why}): {words}")

    def _send(self, data: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):  # it died: what it says is missed, not what it hears
            for part in (LENGTH.pack(len(data)), data):
                view = memoryview(part)
                while view:
                    view = view[os.write(self._pipes[0].fileno(), view) :]

    def play(self, case: Case) -> ProgramOutcome:
        """Run one case and return how it ended."""
        begun = time.monotonic()
        self._send(marshal.dumps({"text": case.text, "files": case.files}))
        until = min(self.until, begun + self.limits.wall + GRACE)
        held = b""
        while not (texts := _texts(held)):
            why, piece = self._hear(until)
            held += piece
            if why or _forged(held, self.limits.output_bytes):
                return self._ended(why or endings.LOST, begun, until)
        return outcome(self.program, self.limits, REPORT.unpack_from(held)[:5], texts)

    def _ended(self, why: str, begun: float, until: float) -> ProgramOutcome:
        """Return how the last case ended: with its sandbox."""
        self.over = True
        words = self._last_words() if why == endings.LOST else ""
        if why == endings.WALL and until == self.until:
            why = endings.TOTAL
        return ProgramOutcome(why, wall=time.monotonic() - begun, stderr=words)

    def _hear(self, until: float) -> tuple[str, bytes]:
        """Return what came, or why no more can come."""
        while not self.poll.poll(TICK * 1000):
            if users.resident(self.process.pid) > (self.limits.memory_mb + EXTRA_MB) * 2**20:
                return endings.MEMORY, b""
            if time.monotonic() > until:
                return endings.WALL, b""
        piece = os.read(self._pipes[1].fileno(), 1 << 20)
        return ("" if piece else endings.LOST), piece

    def _last_words(self) -> str:
        self.process.kill()
        return self._pipes[2].read()[-TOLD:].decode("utf-8", "replace").strip()

    def close(self) -> None:
        """End everything that runs in it."""
        mine = users.family(self.process.pid) if self.over else []
        self._pipes[0].close()  # its supervisor ends itself and all the rest
        if self.over and self.tier.isolated:
            self.process.kill()
        try:
            self.process.wait(GOODBYE if self.tier.isolated else LONG_GOODBYE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.over and self.mark:
            mine += users.marked(self.mark)
        for each in mine:
            with contextlib.suppress(psutil.Error):
                each.kill()
        for pipe in self._pipes[1:]:
            pipe.close()
        self.user.release()
        if self.mark:
            with contextlib.suppress(OSError):  # a supervisor that we killed may be at it too
                empty(self.mark, set())
                os.rmdir(self.mark)


def _forged(held: bytes, most: int) -> bool:
    """Whether a report says that it is longer than any that our supervisor writes."""
    return len(held) >= REPORT.size and max(REPORT.unpack_from(held)[5:]) > most


def _texts(held: bytes) -> list[bytes]:
    """Split a report into stdout, stderr and what was said; empty while it is not complete."""
    if len(held) < REPORT.size:
        return []
    sizes = REPORT.unpack_from(held)[5:]
    if len(held) < REPORT.size + sum(sizes):
        return []
    texts, at = [], REPORT.size
    for size in sizes:
        texts.append(held[at : at + size])
        at += size
    return texts
