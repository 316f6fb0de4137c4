"""The known answer of a code question: its tests, as JSON text; written by sources, read by the grader.

One idea: three kinds of test (a program's input and output, a call's, assertions) and one form for each, whatever the
benchmark; one that does not fit is said before anything runs. It must not run anything.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ot_grid.errors import BadInput

KINDS = ("stdin", "call", "assert")
CHECKERS = ("any_order_lines", "any_order_tokens", "float")


Pair = dict[str, str]


@dataclass(frozen=True)
class Tests:
    """What a program is tried on, and what is expected of it."""

    kind: str
    inputs: tuple[str, ...]  # stdin: texts; call: one JSON argument a line; assert: test code
    outputs: tuple[str, ...]  # none for assert
    function: str | None = None
    setup: str = ""  # assert: runs between program and test
    before: str = ""  # assert: the prompt that a completion continues
    entry: str | None = None  # assert: the function that a whole solution defines
    checker: Mapping[str, Any] = field(default_factory=dict)
    seconds: float | None = None  # of CPU time for one test
    memory_mb: int | None = None


def read(answer: str) -> Tests:
    """Return the tests in a known answer; raise ValueError with what is wrong with it."""
    try:
        content = json.loads(answer)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if not isinstance(content, dict):
        raise ValueError(f"{type(content).__name__} where an object is expected")
    kind, tests = content.get("kind"), content.get("tests")
    if kind not in KINDS:
        raise ValueError(f"kind={kind!r} is none of {', '.join(KINDS)}")
    if not isinstance(tests, list) or not tests:
        raise ValueError("tests must be a list of at least one")
    pairs = [(_text({"test": test}, "test"), "") if kind == "assert" else _pair(test) for test in tests]
    _check(content)
    optional = {name: content[name] for name in ("seconds", "memory_mb", "entry", "function") if content.get(name)}
    words: dict[str, Any] = {name: _text(content, name) for name in ("setup", "before") if content.get(name)}
    inputs, outputs = zip(*pairs, strict=True)
    return Tests(kind, inputs, outputs, checker=content.get("checker") or {}, **optional, **words)


def _pair(test: Any) -> tuple[str, str]:
    if not isinstance(test, dict):
        raise ValueError(f"test {str(test)[:60]!r} is not an object with input and output")
    return _text(test, "input"), _text(test, "output")


def _text(given: Mapping[str, Any], name: str) -> str:
    if not isinstance(given.get(name), str):
        raise ValueError(f"{name}={str(given.get(name))[:60]!r} is not a text")
    return str(given[name])


def _check(content: Mapping[str, Any]) -> None:
    """Raise ValueError when something beside the tests does not fit."""
    if content["kind"] == "call":
        _text(content, "function")
    for name in ("seconds", "memory_mb"):
        value = content.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0):
            raise ValueError(f"{name}={value!r} is not a number above 0")
    checker = content.get("checker")
    if checker is None:
        return
    if not isinstance(checker, dict) or not ({"function", "program"} & set(checker)):
        raise ValueError(f"checker={str(checker)[:60]!r} names neither a function nor a program")
    if "program" not in checker and checker["function"] not in CHECKERS:
        raise ValueError(f"checker.function={checker['function']!r} is none of {', '.join(CHECKERS)}")


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
    return [_input_and_output(test, f"{where}[{index}]") for index, test in enumerate(tests or ())]


def _input_and_output(test: Any, where: str) -> Pair:
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
