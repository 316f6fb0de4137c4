r"""The grader of the MATH paper (Hendrycks et al., arXiv 2103.03874): the same text after a fixed cleaning.

One idea: the published definition, step by step and in its order, so that scores can be put beside published ones. It
must not be improved; `math` is the better judge.
"""

from __future__ import annotations

import re

from ot_grid.grading import NOT_EXTRACTED, Graded, after_thinking
from ot_grid.grading.extract import after_equals, after_phrase
from ot_grid.registry import register

_BOX = re.compile(r"\\boxed|\\fbox")
_WHOLE = re.compile(r"-?\d+")


@register("grader")
def hendrycks(response: str, answer: str, *, boxed_only: bool) -> Graded:
    r"""Compare the last `\boxed{}` with the known answer as cleaned strings.

    It sees that 0.5 is \frac12 and 1/2 is \frac{1}{2}, and that degrees, dollars, percent signs, spaces and "x=" do not
    matter. It does not see that 1/3 is 2/6, 0.25 is \frac14, x+1 is 1+x, or 1,000 is 1000; every pair that only
    mathematics makes equal is wrong here. Without a box, and unless `boxed_only`, "answer is" counts as in `math`.
    """
    reply = after_thinking(response)
    extracted = last_box(reply)
    if extracted is None and not boxed_only:
        extracted = after_phrase(reply) or after_equals(reply)
    if not extracted:
        return Graded(0, None, NOT_EXTRACTED)
    if equivalent(answer, extracted):
        return Graded(1, extracted)
    return Graded(0, extracted, f"not the same text: {extracted} is not {answer}")


def last_box(text: str) -> str | None:
    r"""Return what the very last `\boxed` holds: its braces, every one counted, or what follows a space up to a $."""
    found = list(_BOX.finditer(text))
    if not found:
        return None
    rest = text[found[-1].end() :]
    if rest.startswith(" "):
        return rest[1:].split("$")[0]
    depth = 0
    for position, character in enumerate(rest):
        depth += (character == "{") - (character == "}")
        if character == "}" and depth == 0:
            return rest[1:position] if rest.startswith("{") else None
    return None


def equivalent(one: str, other: str) -> bool:
    """Tell whether two answers are the same after cleaning; as they stand, when one cannot be cleaned."""
    try:
        return cleaned(one) == cleaned(other)
    except ValueError:
        return one == other


def cleaned(text: str) -> str:
    """Return an answer as the definition cleans it; raise ValueError where it gives up."""
    text = text.replace("\n", "").replace("\\!", "").replace("\\\\", "\\")
    text = text.replace("tfrac", "frac").replace("dfrac", "frac").replace("\\left", "").replace("\\right", "")
    text = text.replace("^{\\circ}", "").replace("^\\circ", "").replace("\\$", "")
    text = _without_unit(text).replace("\\%", "").replace("%", "")
    text = text.replace(" .", " 0.").replace("{.", "{0.")
    text = f"0{text}" if text.startswith(".") else text
    name, equals, value = text.partition("=")
    if equals and "=" not in value and len(name) <= 2:
        text = value
    text = _whole_fractions(_braced_roots(text).replace(" ", ""))
    return _slash("\\frac{1}{2}" if text == "0.5" else text)


def _without_unit(text: str) -> str:
    r"""Cut the text off at `\text{ `, which in MATH begins a unit."""
    value, *unit = text.split("\\text{ ")
    if len(unit) > 1:
        raise ValueError("more than one unit")
    return value


def _braced_roots(text: str) -> str:
    r"""Write \sqrt3 as \sqrt{3}."""
    first, *rest = text.split("\\sqrt")
    if "" in rest:
        raise ValueError("a root of nothing")
    return first + "".join("\\sqrt" + (part if part[0] == "{" else f"{{{part[0]}}}{part[1:]}") for part in rest)


def _whole_fractions(text: str) -> str:
    r"""Write \frac12 and \frac1{2} as \frac{1}{2}; leave all as they are when one has less than two characters."""
    first, *rest = text.split("\\frac")
    if any(not part.startswith("{") and len(part) < 2 for part in rest):
        if "" in rest:
            raise ValueError("a fraction of nothing")
        return text
    return first + "".join("\\frac" + _braced_fraction(part) for part in rest)


def _braced_fraction(part: str) -> str:
    if part[0] == "{":
        return part
    over, under = part[0], part[1]
    return f"{{{over}}}" + (part[1:] if under == "{" else f"{{{under}}}{part[2:]}")


def _slash(text: str) -> str:
    """Write a/b as a fraction when both are whole numbers in their usual form."""
    parts = text.split("/")
    if len(parts) != 2 or not all(_WHOLE.fullmatch(part) and str(int(part)) == part for part in parts):
        return text
    return f"\\frac{{{parts[0]}}}{{{parts[1]}}}"
