r"""The grader for mathematical answers.

One idea: we find the final answer ourselves (`extract`), and compare it by rules of our own and by Math-Verify
(`equality`). It must not run outside `pool`: sympy can hang, and Math-Verify's own time limits need signals.
"""

from __future__ import annotations

from ot_grid.grading import NOT_EXTRACTED, Graded, after_thinking
from ot_grid.grading.extract import final_answer
from ot_grid.grading.math.equality import equal, readable, too_much
from ot_grid.registry import register


@register("grader", version=4)
def math(response: str, answer: str, *, boxed_only: bool, float_rounding: int) -> Graded:
    r"""Compare the final answer of a reply with the known one.

    The final answer is the last `\boxed{}` after `</think>`, or several that stand side by side; without one, and
    unless `boxed_only`, what follows the last "answer is" or "answer:", or else the right side of an equation that ends
    the reply. Numbers are equal when they agree in `float_rounding` decimal places.
    """
    extracted = final_answer(after_thinking(response), boxed_only=boxed_only)
    if not extracted:
        return Graded(0, None, NOT_EXTRACTED)
    if (why := too_much(extracted)) and extracted != answer.strip():
        return Graded(0, extracted, f"not equal: the answer is {why}")
    if equal(answer, extracted, float_rounding):
        return Graded(1, extracted)
    if not readable(answer):
        return Graded(None, extracted, f"the known answer cannot be read: {answer!r}")
    return Graded(0, extracted, f"not equal: {extracted} is not {answer}")
