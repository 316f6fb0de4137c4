"""The grader for answers that are one number.

One idea: numbers are compared as exact decimals. It must not evaluate expressions; `math` does.
"""

from __future__ import annotations

import re
from decimal import Decimal

from ot_grid.grading import NOT_EXTRACTED, Graded, after_thinking
from ot_grid.registry import register

# A minus is a sign only where no operand stands before it: "5-3" ends in 3, "= -3" and "$-3$" in -3.
_NUMBER = re.compile(r"(?:(?<![\w.)\]}])-)?(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+)")
_NOISE = str.maketrans({"\u2212": "-", "$": None, "\\": None})  # U+2212, and LaTeX's \$ and \!


def last_number(text: str) -> str | None:
    """Return the last number of a text without its thousands separators."""
    found = _NUMBER.findall(text.replace("{,}", ",").translate(_NOISE))
    return found[-1].replace(",", "") if found else None


@register("grader")
def number(response: str, answer: str) -> Graded:
    """Compare the last number of the reply with the known answer; thousands separators and $ do not matter."""
    extracted = last_number(after_thinking(response))
    known = last_number(answer)
    if known is None:
        return Graded(None, extracted, f"the known answer is not a number: {answer!r}")
    if extracted is None:
        return Graded(0, None, NOT_EXTRACTED)
    correct = Decimal(extracted) == Decimal(known)
    return Graded(float(correct), extracted, "" if correct else f"not equal: {extracted} is not {known}")
