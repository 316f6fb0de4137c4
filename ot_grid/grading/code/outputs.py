"""Whether a program wrote or returned what was expected.

One idea: space at the ends of lines and of the text does not matter, numbers are compared as exact decimals, and all
else must be equal. It must not run anything.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

_INTEGER = re.compile(r"[+-]?[0-9]+")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
SHOWN = 60  # characters of a text in a reason


def difference(expected: str, actual: str, tolerance: float | None = None) -> str:
    """Return why an output is not the expected one; empty: it is."""
    right, printed = _lines(expected), _lines(actual)
    for number, (one, other) in enumerate(zip(right, printed, strict=False), 1):
        if not _same_line(one, other, tolerance):
            return _unequal(one, other) + (f" in line {number}" if len(right) > 1 else "")
    if len(right) == len(printed):
        return ""
    if not printed:
        return f"wrote nothing, expected {_shown(expected.strip())}"
    return f"wrong output, expected {len(right)} lines, got {len(printed)}"


def _lines(text: str) -> list[str]:
    """Return the lines of an output without space at their ends, and without empty ones before and after all."""
    lines = [line.rstrip() for line in text.split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    while lines and not lines[0]:
        lines.pop(0)
    return lines


def _unequal(expected: str, actual: str) -> str:
    return f"wrong output, expected {_shown(expected)}, got {_shown(actual)}"


def _shown(text: str) -> str:
    return repr(text if len(text) <= SHOWN else text[:SHOWN] + "...")


def _same_line(expected: str, actual: str, tolerance: float | None) -> bool:
    if expected == actual:
        return True
    wanted, given = expected.split(), actual.split()
    return len(wanted) == len(given) and all(
        same_token(one, other, tolerance) for one, other in zip(wanted, given, strict=True)
    )


def same_token(expected: str, actual: str, tolerance: float | None = None) -> bool:
    """Whether two words are equal, as texts or as numbers; digits alone are texts: 010 is not 10."""
    if expected == actual:
        return True
    if not (_DECIMAL.fullmatch(expected) and _DECIMAL.fullmatch(actual)):
        return False
    if tolerance is None and _INTEGER.fullmatch(expected) and _INTEGER.fullmatch(actual):
        return False
    one, other = Decimal(expected), Decimal(actual)
    return one == other or (tolerance is not None and _near(float(one), float(other), tolerance))


def _near(expected: float, actual: float, tolerance: float) -> bool:
    return abs(expected - actual) <= tolerance * max(1.0, abs(expected))


def checked(checker: Mapping[str, Any], expected: str, actual: str) -> str:
    """Return why a special checker does not take an output; empty: it does."""
    if checker["function"] == "float":
        return difference(expected, actual, float(checker.get("tolerance", 1e-6)))
    split: Callable[[str], list[str]] = str.split if checker["function"] == "any_order_tokens" else _whole_lines
    missing = Counter(split(expected)) - Counter(split(actual))
    more = Counter(split(actual)) - Counter(split(expected))
    if missing:
        return f"wrong output, in any order: {_shown(next(iter(missing)))} is missing"
    return f"wrong output, in any order: {_shown(next(iter(more)))} is too much" if more else ""


def _whole_lines(text: str) -> list[str]:
    return [" ".join(line.split()) for line in _lines(text)]


def returned(expected: str, actual: str, tolerance: float | None = None) -> str:
    """Return why a result is not the expected one, both as JSON; empty: it is."""
    right = json.loads(expected)
    try:
        value = json.loads(actual)
    except (ValueError, RecursionError):
        return f"its result cannot be read: {_shown(actual)}"
    return (
        "" if _same_value(right, value, tolerance) else _unequal(expected.strip(), actual).replace("output", "result")
    )


def _same_value(expected: Any, actual: Any, tolerance: float | None) -> bool:
    if isinstance(expected, list) and isinstance(actual, list):
        pairs = zip(expected, actual, strict=False)
        return len(expected) == len(actual) and all(_same_value(one, other, tolerance) for one, other in pairs)
    if isinstance(expected, dict) and isinstance(actual, dict):
        same = expected.keys() == actual.keys()
        return same and all(_same_value(value, actual[name], tolerance) for name, value in expected.items())
    numbers = all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in (expected, actual))
    if tolerance is not None and numbers:
        return bool(expected == actual) or _near(float(expected), float(actual), tolerance)
    return bool(expected == actual)
