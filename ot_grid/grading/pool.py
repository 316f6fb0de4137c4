"""Grading many replies in worker processes.

One idea: an item can hang, crash or eat all memory, and only that item is lost: its worker is killed and replaced, and
it gets no verdict but a reason. It must not use threads (Math-Verify needs signals), and it must not judge.
"""

from __future__ import annotations

import contextlib
import math
import os
import pickle
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from multiprocessing import Pipe
from multiprocessing.connection import wait
from typing import Any

from ot_grid.errors import OtGridError
from ot_grid.grading import Graded, ItemLimits, failed, needs_sandbox
from ot_grid.grading import sandbox as sandboxes
from ot_grid.grading.code import code
from ot_grid.grading.math import maths, number
from ot_grid.grading.sandbox import Tier
from ot_grid.grading.worker import OUT_OF_MEMORY

BUILT_IN = (code, maths, number)  # importing them registers their graders
Grader = Callable[[str, str], Graded]
Grading = Callable[[Sequence[tuple[str, str]]], Iterator[tuple[int, Graded]]]

START_SECONDS = 120.0  # to import what a grader needs on a busy machine
# Replies that are worth the start of one more worker: a second, in which it grades hundreds.
WORTH = 16
SLACK = 6.0  # wall seconds for each CPU second before a worker counts as hung


def tier(grader: Grader, sandbox: str = "auto") -> str | None:
    """Return the name of the tier in which a grader runs programs here; None: it runs none."""
    return sandboxes.choose(sandbox).name if needs_sandbox(grader) else None


def ready(grader: Grader, sandbox: str, log: dict[str, Any]) -> Grading:
    """Return `grade` for one grader, with its tier chosen and said in the `log` of a record."""
    chosen = tier(grader, sandbox)
    log.update({"sandbox": chosen} if chosen else {})
    return partial(grade, grader, sandbox=chosen or "auto")


def grade(
    grader: Grader,
    pairs: Sequence[tuple[str, str]],
    *,
    limits: ItemLimits | None = None,
    workers: int | None = None,
    sandbox: str = "auto",
) -> Iterator[tuple[int, Graded]]:
    """Yield (index, verdict) for every (response, answer), in the order in which they are done.

    `limits` are of the worker; `sandbox` is how programs are to be kept apart (auto, required, or a tier), chosen once.
    """
    own = needs_sandbox(grader)
    tools = (limits or own or ItemLimits(), sandboxes.choose(sandbox) if own and pairs else None)
    worth = len(pairs) if own else math.ceil(len(pairs) / WORTH)  # programs run for seconds
    count = min(workers or min(len(os.sched_getaffinity(0)), worth), len(pairs))
    waiting = deque(range(len(pairs)))
    crew: list[_Worker] = []
    try:
        for worker in _idle_for(_pickled(grader, *tools), count) if count else ():
            crew.append(worker)
            worker.give(waiting[0], pairs[waiting.popleft()])
        crew += (_Worker(grader, *tools) for _ in range(count - len(crew)))
        while crew:
            yield from _round(crew, waiting, pairs)
    finally:
        for worker in crew:
            worker.kill()


def _round(crew: list[_Worker], waiting: deque[int], pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[int, Graded]]:
    """Wait until a worker has something to say or has run out of time; hear it, and give it the next item."""
    patience = min(worker.deadline for worker in crew) - time.monotonic()
    heard = wait([worker.pipe for worker in crew], timeout=max(0.0, patience))
    for worker in list(crew):
        if worker.pipe not in heard and time.monotonic() < worker.deadline:
            continue
        item = worker.item
        graded = worker.result(heard=worker.pipe in heard)
        if graded is not None and item is not None:
            yield item, graded
        crew.remove(worker)
        if not waiting:
            _dismiss(worker)
        elif worker.alive:
            crew.append(worker)
            worker.give(waiting[0], pairs[waiting.popleft()])
        else:
            crew.append(worker.successor())


_idle: dict[bytes, list[_Worker]] | None = None  # by what they grade and how; None: nobody keeps them


@contextlib.contextmanager
def kept() -> Iterator[None]:
    """Keep idle workers from one call of `grade` to the next that grades the same way: their start costs a second."""
    global _idle
    if _idle is not None:
        yield
        return
    _idle = {}
    try:
        yield
    finally:
        idle, _idle = _idle, None
        for workers in idle.values():
            for worker in workers:
                worker.kill()


def _idle_for(order: bytes, most: int) -> list[_Worker]:
    """Take over the idle workers for such an order."""
    there = (_idle or {}).get(order, [])
    taken = [there.pop() for _ in range(min(most, len(there)))]
    return [worker for worker in taken if worker.process.poll() is None]


def _dismiss(worker: _Worker) -> None:
    if _idle is None or not worker.alive:
        worker.kill()
        return
    others = [order for order in _idle if order != worker.order]
    for order in others:  # one kind at a time: they hold memory
        for other in _idle.pop(order):
            other.kill()
    _idle.setdefault(worker.order, []).append(worker)


def _pickled(grader: Grader, limits: ItemLimits, tier: Tier | None) -> bytes:
    try:
        return pickle.dumps((grader, limits, tier))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise OtGridError(
            f"the grader {grader!r} cannot be sent to a worker process ({error}); define it at the top of a module"
        ) from error


class _Worker:
    """A process that grades one item at a time."""

    def __init__(self, grader: Grader, limits: ItemLimits, tier: Tier | None) -> None:
        self.grader, self.limits, self.tier = grader, limits, tier
        self.patience = limits.seconds * SLACK if limits.wall is None else limits.wall
        self.order = _pickled(grader, limits, tier)
        self.pipe, theirs = Pipe()
        # Not multiprocessing: its workers run the user's script again to find its functions.
        start = "from ot_grid.grading import worker; worker.main()"
        command = [sys.executable, "-c", start, str(theirs.fileno())]
        self.process = subprocess.Popen(command, pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL)
        theirs.close()
        self.pipe.send(sys.path)
        self.pipe.send_bytes(self.order)
        self.item: int | None = None
        self.started, self.alive = False, True
        self.deadline = time.monotonic() + START_SECONDS

    def give(self, item: int, pair: tuple[str, str]) -> None:
        self.item = item
        self.deadline = time.monotonic() + self.patience
        with contextlib.suppress(OSError):  # it died while idle: the next round hears that
            self.pipe.send(pair)

    def result(self, *, heard: bool) -> Graded | None:
        """Return the verdict on the item at hand, also when the worker hung or crashed; None: it says it is ready."""
        graded: Graded | None = failed(f"took more than {self.patience:g} s")
        try:
            graded = self.pipe.recv() if heard else graded
            self.alive = heard and (graded != OUT_OF_MEMORY)
        except (EOFError, OSError):
            graded, self.alive = failed(self._end()), False
        if not self.alive:
            self.kill()
        if not self.started and graded is not None:
            raise OtGridError(
                f"the grader {self.grader!r} does not start ({graded.reason}); import it in Python to see why"
            )
        self.started, self.item = True, None
        return graded

    def _end(self) -> str:
        ended = self.process.wait()
        if ended == -signal.SIGPROF:
            return f"took more than {self.limits.seconds:g} s of CPU time"
        return f"its process ended with {ended}"

    def successor(self) -> _Worker:
        return _Worker(self.grader, self.limits, self.tier)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.pipe.close()
