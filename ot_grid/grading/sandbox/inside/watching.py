"""One case as the supervisor sees it: it reads what the child writes, and stops a child that goes on too long.

One idea: limits that the kernel does not keep for us (wall time, output, the size of scratch) are looked after here. It
must not trust a byte that it reads.
"""

from __future__ import annotations

import os
import select
import time

from ot_grid.grading.sandbox.inside.sweeping import SIGKILL, size, sweep, tidy
from ot_grid.grading.sandbox.inside.wire import RUNNING, TOO_BIG, TOO_LONG, TOO_MUCH, Ignored, Instruction

TICK = 0.05  # s between looks at the clock, at scratch and at orphans
RARELY = 20  # times the seconds that looking takes
DRAIN = 2.0  # s for what is left in the pipes when all who could write are killed
TAIL = 4096  # bytes of stderr that are kept


class Watch:
    """A child and its pipes for stdout, stderr and what it says in private."""

    def __init__(self, order: Instruction, pid: int, pipes: tuple[int, ...]) -> None:
        self.order, self.pid, self.pipes = order, pid, pipes
        self.started = time.monotonic()
        self.held = {fd: bytearray() for fd in pipes}
        self.written = 0
        self.stopped = RUNNING
        self.status: int | None = None
        self.cpu = self.wall = 0.0
        self.peak = 0  # KB of the largest of its processes
        self.measure_at = 0.0
        self.open = set(pipes)
        self.poll = select.poll()
        self.poll.register(0, 0)  # the parent is gone: POLLHUP
        for fd in pipes:
            self.poll.register(fd, select.POLLIN)

    def run(self) -> None:
        """Return when the child has ended and nobody can write any more."""
        while self.status is None:
            self._hear(TICK if self.open else TICK / 50)
            self._stop()
            self._end()
        if self.open:
            sweep(self.order)
        end = time.monotonic() + DRAIN
        while self.open and time.monotonic() < end:
            self._hear(TICK)
        for fd in self.pipes:
            os.close(fd)

    def _hear(self, seconds: float) -> None:
        for fd, _ in self.poll.poll(seconds * 1000):
            if fd == 0:
                self._abandon()
            piece = os.read(fd, 1 << 16)
            self.written += len(piece)
            if not piece:
                self.poll.unregister(fd)
                self.open.discard(fd)
            elif self.written <= self.order.limits["output_bytes"]:
                self.held[fd] += piece
        del self.held[self.pipes[1]][:-TAIL]

    def _abandon(self) -> None:
        """End with all of ours: the parent is gone."""
        with Ignored(ProcessLookupError):
            os.kill(self.pid, SIGKILL)
        sweep(self.order)
        tidy(self.order)
        with Ignored(OSError):
            if self.order.measured:  # scratch is a real folder, and nobody else is left to remove it
                os.rmdir(self.order.scratch)
                os.rmdir(os.path.dirname(self.order.scratch))
        os._exit(3)

    def _stop(self) -> None:
        why = self._over()
        if why != RUNNING and self.stopped == RUNNING:
            self.stopped = why
            os.kill(self.pid, SIGKILL)

    def _over(self) -> bytes:
        if time.monotonic() - self.started > self.order.wall:
            return TOO_LONG
        if self.written > self.order.limits["output_bytes"]:
            return TOO_MUCH
        return TOO_BIG if self.order.measured and self._scratch_is_full() else RUNNING

    def _scratch_is_full(self) -> bool:
        """Whether files are too large together; looks less often where looking takes long."""
        begun = time.monotonic()
        if begun < self.measure_at:
            return False
        full = size(self.order.scratch) > int(self.order.limits["scratch_mb"]) * 2**20
        self.measure_at = time.monotonic() + RARELY * (time.monotonic() - begun)
        return full

    def _end(self) -> None:
        """Note how the child ended, if it did; orphans that ended are waited for as well."""
        while self.status is None:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
            if pid == 0:
                return
            if pid == self.pid:
                self.status, self.cpu, self.peak = status, usage.ru_utime + usage.ru_stime, usage.ru_maxrss
                self.wall = time.monotonic() - self.started
