"""Checkers of outputs that have more than one right form.

One idea: a checker that came with the data is a stranger's program too, and runs in a sandbox. It must not be trusted
with more than a verdict.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ot_grid.grading import sandbox
from ot_grid.grading.code import outputs
from ot_grid.grading.sandbox import Case, Program, SandboxLimits, endings
from ot_grid.grading.sandbox.launch import Sandbox

LIMITS = SandboxLimits(cpu_seconds=30.0, memory_mb=2048)
FILES = ("input.txt", "expected.txt", "actual.txt")
REJECTED = (1, 2)  # exit codes of testlib: wrong, badly formed
_SCORE = re.compile(r"[0-9]+(?:\.[0-9]+)?")


class CheckerFailed(Exception):
    """A checker itself does not work."""


class Checker:
    """The checker of a question: one of ours by name, or a program that came with the data."""

    def __init__(self, checker: Mapping[str, Any]) -> None:
        self.checker = checker
        self._sandbox: Sandbox | None = None

    def __enter__(self) -> Checker:
        return self

    def __exit__(self, *_: object) -> None:
        if self._sandbox:
            self._sandbox.close()

    def why(self, stdin: str, expected: str, actual: str) -> str:
        """Return why an output is not taken; empty: it is."""
        if "program" not in self.checker:
            return outputs.checked(self.checker, expected, actual)
        if self._sandbox is None:
            self._sandbox = Sandbox(
                Program("stdin", self.checker["program"], arguments=FILES), LIMITS, sandbox.current()
            )
        outcome = self._sandbox.play(Case("", dict(zip(FILES, (stdin, expected, actual), strict=True))))
        words = " ".join(outcome.stdout.split())
        if outcome.ended not in (endings.OK, endings.EXIT) or "Traceback" in outcome.stderr:
            raise CheckerFailed(f"{outcome.ended} {outcome.stderr.strip()[-200:]}")
        score = _SCORE.match(words)
        right = float(score[0]) >= 1 if score and outcome.ended == endings.OK else outcome.ended == endings.OK
        if not right and outcome.ended == endings.EXIT and outcome.code not in REJECTED:
            raise CheckerFailed(f"it ended with exit code {outcome.code}")
        return "" if right else f"wrong output, says its checker: {words[:60]!r}"
