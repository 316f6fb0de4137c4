"""The grader for programs.

One idea: a program is right when it passes every test, each in a fresh process of a sandbox; what is expected is
compared here, outside. It must not run a line of the program, or of a downloaded checker, in this process.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from signal import Signals

from ot_grid.grading import NOT_EXTRACTED, Graded, ItemLimits, sandbox, sandboxed
from ot_grid.grading.code import checkers, guards, known_tests, outputs, programs
from ot_grid.grading.code.known_tests import Tests
from ot_grid.grading.sandbox import Case, Program, ProgramOutcome, endings
from ot_grid.registry import register

TOTAL_SECONDS = 600.0  # wall clock, for all tests of one program
COMPARING = ItemLimits(seconds=120.0, memory_mb=4096, wall=TOTAL_SECONDS * 2)  # of the worker: the sandbox has its own
SHOWN = 160  # characters of the last line of an error


class Undecided(Exception):
    """The time for all tests was over before one could be judged."""


@sandboxed(COMPARING)
@register("grader", version=2)
def code(response: str, answer: str, *, seconds: float, memory_mb: int, tolerance: float | None) -> Graded:
    """Run the program of a reply on the tests in the known answer, up to the first that fails.

    The program is the last fenced block marked as Python (or, with none, without a mark) after the thinking, or the
    last that defines what the tests call; a reply without a fence counts when it is Python. `seconds` of CPU time and
    `memory_mb` hold for each test, unless the question has limits of its own. A function that is called finds the
    modules and the depth of recursion that LiveCodeBench's runner gives. Numbers must be equal as decimals, or
    within `tolerance`.
    """
    try:
        tests = known_tests.read(answer)
        program = programs.extract(response, tests.before, _wanted(tests))
        if program is None:
            return Graded(0, None, NOT_EXTRACTED)
        limits = sandbox.SandboxLimits(
            cpu_seconds=float(tests.seconds or seconds),
            memory_mb=int(tests.memory_mb or memory_mb),
            total_seconds=TOTAL_SECONDS,
        )
        return _graded(program, tests, limits, tolerance)
    except checkers.CheckerFailed as error:
        return Graded(None, None, f"the checker of the question failed: {error}")
    except ValueError as error:
        return Graded(None, None, f"the known answer cannot be read: {error}")


def _graded(program: str, tests: Tests, limits: sandbox.SandboxLimits, tolerance: float | None) -> Graded:
    whole = programs.completed(program, tests.before, tests.entry)
    kept, total = programs.shown(program), len(tests.inputs)
    number = 0
    try:
        for number, why in enumerate(_whys(whole, tests, limits, tolerance), 1):
            if why:
                return Graded(0, kept, f"test {number} of {total}: {why}" if total > 1 else f"test 1: {why}")
    except Undecided as error:
        return Graded(None, kept, f"test {number + 1} of {total}: {error}")
    if number < total:
        return Graded(0, kept, f"test {number + 1} of {total}: not run, its sandbox had ended")
    return Graded(1, kept)


def _whys(program: str, tests: Tests, limits: sandbox.SandboxLimits, tolerance: float | None) -> Iterator[str]:
    """Yield for each test why it failed; empty: it passed."""
    cases = (Case(_played(tests, text)) for text in tests.inputs)
    whole = Program(tests.kind, program, tests.function, named=_classes(tests) if tests.kind == "assert" else ())
    done = sandbox.run(whole, cases, limits=limits, tier=sandbox.current())
    with checkers.Checker(tests.checker) as checker:
        for text, expected, outcome in zip(tests.inputs, tests.outputs, done, strict=False):
            if outcome.ended == endings.TOTAL:
                raise Undecided(f"all tests together took more than {limits.total_seconds:g} s")
            if outcome.ended != endings.OK:
                yield said(outcome, limits)
            elif tests.kind == "call":
                yield outputs.returned(expected, outcome.said, tolerance)
            elif tests.kind == "assert":
                yield ""
            elif tests.checker:
                yield checker.why(text, expected, outcome.stdout)
            else:
                yield outputs.difference(expected, outcome.stdout, tolerance)


def _played(tests: Tests, text: str) -> str:
    if tests.kind != "assert":
        return text
    return (tests.setup + "\n" if tests.setup else "") + guards.guarded(text, _read(tests))


def _read(tests: Tests) -> tuple[str, ...]:
    """Return the names of the program that assertions read."""
    return guards.wanted(tests.inputs, tests.setup) + ((tests.entry,) if tests.entry else ())


def _classes(tests: Tests) -> tuple[str, ...]:
    """Return the names of classes that results may be of: those of the tests, and what results are compared with."""
    asked = {tests.entry} if tests.entry else set(guards.entries(tests.inputs, tests.setup))
    return guards.classes(tests.inputs, tests.setup) + tuple(name for name in _read(tests) if name not in asked)


def _wanted(tests: Tests) -> tuple[str, ...]:
    """Return what the program must define."""
    if tests.kind == "call":
        return (str(tests.function), "Solution")
    return () if tests.kind == "stdin" else (tests.entry,) if tests.entry else _read(tests)


def said(outcome: ProgramOutcome, limits: sandbox.SandboxLimits) -> str:
    """Return in words how a program ended that did not end well."""
    last = re.sub(r"\s+", " ", (outcome.stderr.strip().splitlines() or [""])[-1])[:SHOWN]
    signal = Signals(outcome.code).name if outcome.code in set(Signals) else str(outcome.code)
    return {
        endings.EXIT: f"ended with exit code {outcome.code}" + (f": {last}" if last else ""),
        endings.SIGNAL: f"was ended by {signal}",
        endings.CPU: f"took more than {limits.cpu_seconds:g} s of CPU time",
        endings.WALL: f"took more than {limits.wall:g} s",
        endings.MEMORY: f"needed more than {limits.memory_mb} MB of memory",
        endings.OUTPUT: f"wrote more than {limits.output_bytes / 1e6:g} MB",
        endings.PROCESSES: f"started more than {limits.processes} processes or threads",
        endings.SCRATCH: f"wrote files of more than {limits.scratch_mb} MB",
        endings.UNFINISHED: "ended before the test was over",
    }.get(outcome.ended, "ended the sandbox that it ran in")
