"""The known answer of a code question: its tests, read from JSON.

One idea: a form that does not fit is said before anything runs. It must not run anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KINDS = ("stdin", "call", "assert")
CHECKERS = ("any_order_lines", "any_order_tokens", "float")


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
        given = json.loads(answer)
    except RecursionError as error:
        raise ValueError("nested too deep") from error
    if not isinstance(given, dict):
        raise ValueError(f"{type(given).__name__} where an object is expected")
    kind, tests = given.get("kind"), given.get("tests")
    if kind not in KINDS:
        raise ValueError(f"kind={kind!r} is none of {', '.join(KINDS)}")
    if not isinstance(tests, list) or not tests:
        raise ValueError("tests must be a list of at least one")
    pairs = [(_text({"test": test}, "test"), "") if kind == "assert" else _pair(test) for test in tests]
    _check(given)
    optional = {name: given[name] for name in ("seconds", "memory_mb", "entry", "function") if given.get(name)}
    words: dict[str, Any] = {name: _text(given, name) for name in ("setup", "before") if given.get(name)}
    inputs, outputs = zip(*pairs, strict=True)
    return Tests(kind, inputs, outputs, checker=given.get("checker") or {}, **optional, **words)


def _pair(test: Any) -> tuple[str, str]:
    if not isinstance(test, dict):
        raise ValueError(f"test {str(test)[:60]!r} is not an object with input and output")
    return _text(test, "input"), _text(test, "output")


def _text(given: Mapping[str, Any], name: str) -> str:
    if not isinstance(given.get(name), str):
        raise ValueError(f"{name}={str(given.get(name))[:60]!r} is not a text")
    return str(given[name])


def _check(given: Mapping[str, Any]) -> None:
    """Raise ValueError when something beside the tests does not fit."""
    if given["kind"] == "call":
        _text(given, "function")
    for name in ("seconds", "memory_mb"):
        value = given.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float)) or value <= 0):
            raise ValueError(f"{name}={value!r} is not a number above 0")
    checker = given.get("checker")
    if checker is None:
        return
    if not isinstance(checker, dict) or not ({"function", "program"} & set(checker)):
        raise ValueError(f"checker={str(checker)[:60]!r} names neither a function nor a program")
    if "program" not in checker and checker["function"] not in CHECKERS:
        raise ValueError(f"checker.function={checker['function']!r} is none of {', '.join(CHECKERS)}")
