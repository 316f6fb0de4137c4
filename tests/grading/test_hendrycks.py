"""The string equivalence of the MATH paper, with what it sees and what it does not."""

from __future__ import annotations

import json

import pytest

from ot_grid.grading import NOT_EXTRACTED, Graded
from ot_grid.grading.math.hendrycks import equivalent, hendrycks


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("0.5", r"\frac12", True),
        ("1/2", r"\frac{1}{2}", True),
        (r"\frac1{2}", r"\dfrac{1}{2}", True),
        (r"\sqrt3", r"\sqrt{3}", True),
        ("x = 5", "5", True),
        ("xyz = 5", "5", False),
        (".5", "0.5", True),
        (r"5\text{ cm}", "5", True),
        (r"5\text{cm}", "5", False),
        (r"90^\circ", "90", True),
        (r"\$5", "5", True),
        (r"10\%", "10", True),
        (r"\left( 1, 2 \right)", "(1,2)", True),
        (r"10,\!080", "10,080", True),
        ("1/3", "2/6", False),
        ("0.25", r"\frac{1}{4}", False),
        ("x+1", "1+x", False),
        ("1,000", "1000", False),
        ("03/4", r"\frac{03}{4}", False),
        (r"\sqrt", r"\sqrt", True),
        (r"5\text{ a}\text{ b}", "5", False),
    ],
)
def test_strings_are_the_same_after_cleaning(one, other, same):
    """As published; 1/3 and 2/6 are different strings."""
    assert equivalent(one, other) is same


@pytest.mark.parametrize("file", ["aime24.json", "aime25.json", "amc23.json", "math500.jsonl"])
def test_known_answers_are_equal_to_themselves(shared_data, file):
    """A reply that boxes the known answer is right, for every question of the real benchmarks."""
    key = "expected_answer" if file == "aime24.json" else "answer"
    answers = [str(json.loads(line)[key]) for line in (shared_data / file).read_text().splitlines() if line]
    scores = [hendrycks(f"It is $\\boxed{{{answer}}}$.", answer, boxed_only=True).score for answer in answers]
    assert scores == [1] * len(answers)


def test_worked_solutions_of_math_are_right(shared_data):
    """The last box of every worked solution of MATH500 is its known answer."""
    rows = [json.loads(line) for line in (shared_data / "math500.jsonl").read_text().splitlines()]
    wrong = [r["answer"] for r in rows if hendrycks(r["solution"], r["answer"], boxed_only=True).score != 1]
    assert not wrong


def test_only_the_very_last_box_counts():
    """One that is cut off hides those before it, as published; without boxes a phrase counts only if wanted."""
    assert hendrycks(r"\boxed{5} \boxed{6", "5", boxed_only=True) == Graded(0, None, NOT_EXTRACTED)
    assert hendrycks("The answer is 5.", "5", boxed_only=True).extracted is None
    assert hendrycks("The answer is 5.", "5", boxed_only=False).score == 1
    assert hendrycks(r"so $\boxed 5$", "5", boxed_only=True).score == 1
