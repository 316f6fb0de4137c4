"""Where the final answer of a reply is found, and where there is none."""

from __future__ import annotations

import pytest

from ot_grid.grading import NOT_EXTRACTED, Graded, after_thinking
from ot_grid.grading.extract import final_answer, last_boxes
from ot_grid.grading.math.maths import math


@pytest.mark.parametrize(
    ("reply", "boxes"),
    [
        (r"\boxed{1}, so \boxed{2}", ["2"]),
        (r"\boxed{3} then \boxed{4", ["3"]),
        (r"\boxed{4", []),
        (r"\boxed{1} but \boxed{}", [""]),
        (r"\boxed{\frac{\frac{1}{2}}{3}}", [r"\frac{\frac{1}{2}}{3}"]),
        (r"\boxed{\{1, 2\}}", [r"\{1, 2\}"]),
        (r"\boxed{\{1\}", []),
        (r"\boxed{a \\}", [r"a \\"]),
        (r"\boxed 5$.", ["5"]),
        (r"$\boxed5$", ["5"]),
        (r"\fbox{5}", ["5"]),
        (r"\boxed {5}", ["5"]),
        (r"\boxed{x = \boxed{5}}", [r"x = \boxed{5}"]),
        (r"\boxed{2} and \boxed{3}", ["2", "3"]),
        (r"$x = \boxed{2}$, $y = \boxed{3}$", ["2", "3"]),
        (r"$\boxed{2}$ or $\boxed{2}$", ["2"]),
        ("$\\boxed{2}$\n\n$\\boxed{3}$", ["3"]),
        (r"\boxed{2}. \boxed{3}", ["3"]),
        (r"\boxed{2} is wrong, it is \boxed{3}", ["3"]),
        (r"\boxed", []),
        ("", []),
    ],
)
def test_last_boxes(reply, boxes):
    """The last complete box, with those that only commas, "and" or "x =" join to it."""
    assert last_boxes(reply) == boxes


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("So the answer is 42 because it must be.", "42"),
        ("**Answer:** 42", "42"),
        ("The answer is **42**.", "42"),
        ("Final answer: \\(x=5\\), as wanted", "x=5"),
        ("The answer is $2$ or $3$.", "2, 3"),
        ("The answer is 3.5.", "3.5"),
        ("#### 42", "42"),
        ("3 + 4 = 7.", "7"),
        (r"The answer is 4. No: \boxed{5}", "5"),
        (r"The answer is 4. No: \boxed{}", None),
        ("We simplify $\\frac{2}{4}$.", None),
        ("the answer is not 5", None),
        ("I have no answer", None),
    ],
)
def test_final_answer_without_a_box(reply, answer):
    """A phrase or a last equation counts where no box does; the expression of the question never does."""
    assert final_answer(reply, boxed_only=False) == answer


@pytest.mark.parametrize(
    ("reply", "after"),
    [
        ("so <think> I see", ""),
        ("<think>a</think>b <think>c", ""),
        ("a</think>b</think>c", "c"),
    ],
)
def test_thinking_that_is_not_closed_has_no_answer(reply, after):
    """Wherever it was begun."""
    assert after_thinking(reply) == after


@pytest.mark.parametrize(
    ("reply", "answer", "score"),
    [
        (r"\boxed{2}, \boxed{3}", "2, 3", 1),
        (r"\boxed{3}, \boxed{2}", r"\{2,3\}", 1),
        (r"$x=\boxed{2}$, $y=\boxed{3}$", "(2,3)", 1),
        (r"\boxed{2} or \boxed{3}", "3", 0),
    ],
)
def test_boxes_side_by_side_are_one_answer(reply, answer, score):
    """All of its parts count: naming two answers of which one is right is wrong."""
    assert math(reply, answer, boxed_only=True, float_rounding=6).score == score


def test_an_empty_box_is_no_answer():
    """The box before it was not the final one."""
    graded = math(r"\boxed{5} no: \boxed{ }", "5", boxed_only=False, float_rounding=6)
    assert graded == Graded(0, None, NOT_EXTRACTED)
