"""The known answer of a code question: its tests, as the JSON text that the `code` grader reads.

One idea: three kinds of test (a program's input and output, a call's, assertions) and one form for each, whatever the
benchmark. It must not run anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ot_grid.errors import BadInput

Pair = dict[str, str]


def stdin(
    tests: Sequence[Pair],
    *,
    checker: Mapping[str, Any] | None = None,
    seconds: float | None = None,
    memory_mb: int | None = None,
) -> str:
    """Return the answer of a question whose program reads stdin and prints; its own limits, or null."""
    return json.dumps({"kind": "stdin", "tests": tests, "checker": checker, "seconds": seconds, "memory_mb": memory_mb})


def call(function: str, tests: Sequence[Pair]) -> str:
    """Return the answer of a question whose function is called: one JSON argument a line, a JSON result."""
    more = {"checker": None, "seconds": None, "memory_mb": None}
    return json.dumps({"kind": "call", "function": function, "tests": tests, **more})


def asserts(tests: Sequence[str], *, setup: str = "", before: str = "", entry: str | None = None) -> str:
    """Return the answer of a question that assertions check; `before` is what a mere completion continues."""
    return json.dumps({"kind": "assert", "setup": setup, "before": before, "tests": tests, "entry": entry})


def pairs(tests: Iterable[Any] | None, where: str) -> list[Pair]:
    """Return tests as inputs with outputs: of mappings with both, or of lists of two."""
    return [_pair(test, f"{where}[{index}]") for index, test in enumerate(tests or ())]


def _pair(test: Any, where: str) -> Pair:
    if isinstance(test, Mapping):
        test = [test.get("input"), test.get("output")]
    if not isinstance(test, (list, tuple)) or len(test) != 2 or not all(isinstance(part, str) for part in test):
        raise BadInput(f"{where}={str(test)[:60]!r} is no test; it must be an input and an output, both text")
    return {"input": test[0], "output": test[1]}


def listed(value: Any, where: str) -> list[str]:
    """Return a list of texts, at least one."""
    if not isinstance(value, (list, tuple)) or not value or not all(isinstance(item, str) for item in value):
        raise BadInput(f"{where}={str(value)[:60]!r} holds no tests; it must be a list of assertions")
    return list(value)
