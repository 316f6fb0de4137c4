r"""The grader of JEEBench (Arora et al., arXiv 2305.15074): letters with partial credit, and numbers to two decimals.

One idea: the credit is that of the benchmark's own script; only finding the answer is ours, by the last box. It must
not give credit for a number that the reply does not state.
"""

from __future__ import annotations

import json
from decimal import Decimal
from fractions import Fraction

from ot_grid.grading import NOT_EXTRACTED, Graded, after_thinking
from ot_grid.grading.choice.letters import in_box
from ot_grid.grading.extract import last_boxes
from ot_grid.grading.math import shapes, units
from ot_grid.grading.math.equality import decimal
from ot_grid.grading.math.notation import tidy
from ot_grid.registry import register

LETTERS = "ABCD"
NEAR = Decimal("0.01")
PER_LETTER = 0.25


@register("grader")
def jeebench(response: str, answer: str) -> Graded:
    r"""Compare the last `\boxed{}` with the known answer, a JSON object of `type` and `gold`.

    MCQ: the letter. MCQ(multiple): all right letters are 1, some of them without a wrong one 0.25 each, else 0.
    Integer and Numeric: at most 0.01 from the known number.
    """
    known = json.loads(answer)
    kind, gold = known["type"], str(known["gold"])
    extracted = ", ".join(last_boxes(after_thinking(response)))
    if kind in ("MCQ", "MCQ(multiple)"):
        return _letters(extracted, set(gold), several=kind != "MCQ")
    if kind in ("Integer", "Numeric"):
        return _number(extracted, Decimal(gold))
    return Graded(None, None, f"the known answer is of no kind that JEEBench has: {kind!r}")


def _letters(extracted: str, gold: set[str], *, several: bool) -> Graded:
    named = sorted(in_box(extracted))
    if not named or not set(named) <= set(LETTERS):
        return Graded(0, None, NOT_EXTRACTED)
    score = float(set(named) == gold)
    if several and set(named) < gold:
        score = PER_LETTER * len(named)
    said = "".join(named)
    return Graded(score, said, "" if score == 1 else f"{said} is not {''.join(sorted(gold))}")


def _number(extracted: str, gold: Decimal) -> Graded:
    stated = shapes.split(shapes.named(tidy(extracted))[1], ("\\approx", "\\simeq"))
    values = [decimal(units.quantity(part).value) for part in stated if part]
    value = next((value for value in values if value is not None), None)
    if value is None:
        return Graded(0, None, NOT_EXTRACTED)
    right = abs(Fraction(value) - Fraction(gold)) <= Fraction(NEAR)
    return Graded(float(right), extracted, "" if right else f"{extracted} is not within {NEAR} of {gold}")
