"""The grader for science questions, whose known answers are letters or mathematics.

One idea: what the known answer is decides how it is compared. It must not grade by itself; `choice` and `math` do.
"""

from __future__ import annotations

from ot_grid.grading import Graded
from ot_grid.grading.choice.choice import choice
from ot_grid.grading.math.maths import math
from ot_grid.registry import register


@register("grader", version=2)
def science(response: str, answer: str, *, letters: str, boxed_only: bool, float_rounding: int) -> Graded:
    """Compare a known answer that is one of `letters` as a choice, and any other as mathematics."""
    known = answer.strip().strip("().")
    if len(known) == 1 and known in letters:
        return choice(response, known, letters=letters)
    return math(response, answer, boxed_only=boxed_only, float_rounding=float_rounding)
