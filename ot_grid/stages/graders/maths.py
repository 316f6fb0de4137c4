"""The grader for mathematical answers, by Math-Verify.

One idea: we find the final answer ourselves (the last `\\boxed`), and Math-Verify only says whether two answers are
equal. It must not run outside `pool`: sympy can hang, and Math-Verify's own time limits need signals.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ot_grid.registry import register
from ot_grid.stages.graders import NOT_EXTRACTED, Graded, after_thinking

_BOX = re.compile(r"\\(?:boxed|fbox)\s*")
_PHRASE = re.compile(r"(?i)\banswer(?:\s+(?:to|of|for)\s[^.\n]{1,60}?)?(?:\s+is|\s*[:=])\s*:?\s*")

_EQUATION = re.compile(r"=([^=\n]{1,40}?)[\s.$*]*$")


@register("grader")
def math(response: str, answer: str, *, boxed_only: bool, float_rounding: int) -> Graded:
    """Compare the final answer of a reply with the known one.

    The final answer is the last `\\boxed{}` after `</think>`; without one, and unless `boxed_only`, what follows the
    last "answer is" or "answer:", or else the right side of an equation that ends the reply. Numbers are equal when
    they agree in `float_rounding` decimal places.
    """
    reply = after_thinking(response)
    extracted = last_boxed(reply)
    if extracted is None and not boxed_only:
        extracted = after_phrase(reply) or after_equals(reply)
    if not extracted:
        return Graded(0, None, NOT_EXTRACTED)
    known = [] if _same(answer, extracted) else _parsed(answer)
    if _same(answer, extracted) or _equal(known, _parsed(extracted), float_rounding):
        return Graded(1, extracted)
    if not known:
        return Graded(None, extracted, f"the known answer cannot be read: {answer!r}")
    return Graded(0, extracted, f"not equal: {extracted} is not {answer}")


def last_boxed(text: str) -> str | None:
    """Return what the last complete `\\boxed{...}` of a text holds, or the token after a `\\boxed` without braces."""
    for found in reversed(list(_BOX.finditer(text))):
        rest = text[found.end() :]
        content = _braced(rest) if rest.startswith("{") else (rest.split() or [""])[0].strip("$.,")
        if content:
            return content.strip()
    return None


def _braced(text: str) -> str | None:
    depth = 0
    for position, character in enumerate(text):
        escaped = position and text[position - 1] == "\\"
        depth += 0 if escaped else (character == "{") - (character == "}")
        if depth == 0:
            return text[1:position]
    return None


def after_phrase(text: str) -> str | None:
    """Return the rest of the sentence after the last "answer is" or "answer:"."""
    found = list(_PHRASE.finditer(text))
    if not found:
        return None
    line = text[found[-1].end() :].split("\n")[0]
    return re.split(r"\.(?:\s|$)", line)[0].strip(" *$") or None


def after_equals(text: str) -> str | None:
    """Return the right side of the equation that a text ends with, as in "3 + 4 = 7."."""
    found = _EQUATION.search(text)
    return found[1].strip(" *$") or None if found else None


def _same(answer: str, extracted: str) -> bool:
    return _plain(answer) == _plain(extracted)


def _plain(text: str) -> str:
    return re.sub(r"\s|\\[,;!: ]|\$", "", text)


def _parsed(text: str) -> list[Any]:
    from math_verify import LatexExtractionConfig, parse

    _quiet()
    target = LatexExtractionConfig(boxed_match_priority=0)
    found: list[Any] = _tried(
        lambda: parse(f"\\boxed{{{text}}}", extraction_config=[target], parsing_timeout=None, raise_on_error=True)
    )
    return found or []


def _equal(known: list[Any], given: list[Any], float_rounding: int) -> bool:
    from math_verify import verify

    return bool(
        _tried(lambda: verify(known, given, float_rounding=float_rounding, timeout_seconds=None, raise_on_error=True))
    )


def _tried(step: Callable[[], Any]) -> Any:
    """Return None where a text cannot be read or compared, but let the end of memory or stack be an error."""
    try:
        return step()
    except (MemoryError, RecursionError):
        raise  # Math-Verify by itself takes these for 'not equal'
    except Exception:
        return None


def _quiet() -> None:
    import logging

    logging.getLogger("math_verify").setLevel(logging.ERROR)  # it warns of each None time limit; the pool has its own
