r"""The grader for multiple choice with one right letter.

One idea: a reply names one letter, in a box or in a statement, or it names none. It must not take a word for a letter
(the article "A"), and it must not choose for a reply that names two.
"""

from __future__ import annotations

from ot_grid.grading import NOT_EXTRACTED, Graded, after_thinking
from ot_grid.grading.choice.letters import in_box, stated
from ot_grid.grading.extract import all_boxes
from ot_grid.registry import register


@register("grader", version=3)
def choice(response: str, answer: str, *, letters: str) -> Graded:
    r"""Compare the letter that a reply chooses with the known one; `letters` are those of the question.

    The choice is the last `\boxed{}` that names a letter; without one the last statement such as "the answer is (B)",
    or else a last line that is the letter alone. Two letters, or one that the question does not have, are no answer.
    """
    known = answer.strip().strip("().")
    if len(known) != 1 or known not in letters:
        return Graded(None, None, f"the known answer is not one of {letters}: {answer!r}")
    named = chosen(after_thinking(response))
    if len(named) > 1:
        return Graded(0, None, f"{NOT_EXTRACTED}: both {' and '.join(named)} are named")
    if not named:
        return Graded(0, None, NOT_EXTRACTED)
    if named[0] not in letters:
        return Graded(0, None, f"{NOT_EXTRACTED}: {named[0]} is not one of {letters}")
    return Graded(float(named[0] == known), named[0], "" if named[0] == known else f"{named[0]} is not {known}")


def chosen(reply: str) -> list[str]:
    """Return the letters that a reply names as its answer."""
    for group in reversed(all_boxes(reply)):
        if named := in_box(", ".join(group)):
            return named
    return stated(reply)
