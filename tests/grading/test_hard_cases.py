"""Hard but fair answers: what a reader would call right is right, and nothing wrong is.

A false "right" is worse than a miss, so what is still missed is listed here with its topic, and is wrong, never right.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import pytest
import yaml

from ot_grid.config import shipped
from ot_grid.grading import pool
from ot_grid.grading.choice.letters import stated
from ot_grid.grading.math.equality import equal
from ot_grid.stages import bind

CASES = [json.loads(line) for line in Path(__file__).with_name("hard_cases.jsonl").read_text().splitlines()]
MISSED = {  # topic: how many right answers are taken for wrong
    "inequality": 1, "algebra": 1,
}  # fmt: skip
WORD = {1: "right", 0: "wrong", None: "unverifiable"}


def grader(name: str) -> pool.Grader:
    """Return a grader with the settings of its choice; `math_free` reads answers without a box."""
    own = "math" if name == "math_free" else name
    settings: dict[str, Any] = yaml.safe_load((shipped("conf") / "grade" / f"{own}.yaml").read_text())
    return bind.bound("grader", {**settings, **({"boxed_only": False} if name == "math_free" else {})})


@pytest.mark.slow  # computes for seconds
def test_hard_cases_are_graded_as_a_reader_would():
    """86 cases less those of taste and of code: no wrong one is right, and of the right ones only these are missed."""
    groups: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for case in CASES:
        groups[case["grader"]].append(case)
    missed: Counter[str] = Counter()
    for name, cases in groups.items():
        for index, graded in pool.grade(grader(name), [(case["reply"], case["gold"]) for case in cases]):
            verdict, case = WORD.get(graded.score), cases[index]
            assert case["expected"] == "right" or verdict != "right", case
            missed[case["topic"]] += verdict != case["expected"]
    assert +missed == Counter(MISSED)


@pytest.mark.parametrize(
    ("known", "given", "same"),
    [
        (r"\frac{5}{8}", "⅝", True), ("x^{10}", "x¹⁰", True), ("a_2", "a₂", True), ("1.5", "\uff11\uff0e\uff15", True),
        ("7", r"\textcolor{blue}{7}", True), ("7", r"\underline{7}", True), ("12345678", "1,23,45,678", True),
        ("1234", "1'234", True), (r"\frac{2}{3}", r"0.666\ldots", True), ("10^{-7}", "10^-7", True),
        ("2", r"2^{\text{nd}}", True), (r"\text{No solution}", r"\text{There are no solutions}", True),
        ("13", r"\text{Thus the final answer is } 13", True), ("110_2", r"110_{\text{two}}", True),
        ("49", r"7\text{ squared}", False), ("7", r"7\text{ squared}", False), ("4", r"4\text{ cubed}", False),
        ("3", r"3\mathrm{i}", False), ("3", r"3\text{y}", False), (r"5\text{ AM}", r"5\text{ PM}", False),
        (r"\text{(A)}", r"\text{(A) and (C)}", False), ("5!", "5!!", False), ("1,2,3", "123", False),
        (r"(-\infty,1)\cup(3,\infty)", r"x < 1 \text{ or } x > 3", True),
        (r"(-\infty,1)\cup(3,\infty)", r"x < 1 \text{ and } x > 3", False), ("5 cm", r"5\text{ m}", False),
        (r"(2,3)", r"\begin{cases} x = 2 \\ y = 3 \end{cases}", True),
        (r"(2,3)", r"\left\{\begin{array}{l} x = 2, \\ y = 3. \end{array}\right.", True),
        (r"(2,3)", r"\begin{cases} x = 3 \\ y = 2 \end{cases}", False),
        (r"(2,3)", r"\begin{cases} 2 & x > 0 \\ 3 & x \le 0 \end{cases}", False),
        ("9.8", r"9.8\ \frac{\text{m}}{\text{s}^2}", True),
        (r"9.8\text{ m/s}", r"9.8\ \frac{\text{m}}{\text{s}^2}", False),
        ("0.75", r"\frac{3}{4}\ (0.75)", True), ("0.75", r"\frac{3}{4}\ (0.5)", False), ("6", "2 (3)", False),
        (r"\mathbb{R} \setminus \{2\}", r"(-\infty,2)\cup(2,\infty)", True),
        (r"\mathbb{R} \setminus \{2\}", r"\mathbb{R} \setminus \{-2\}", False),
        (r"(-\infty,-1)\cup(-1,1)\cup(1,\infty)", r"\mathbb{R} \setminus \{1, -1\}", True),
        (r"\mathbb{R} \setminus \{2\}", r"(-\infty,2]\cup[2,\infty)", False),
        ("3", r"\deg P = 3", True), ("3", r"\deg P = 4", False), ("3", r"\log x = 3", False),
        ("0 < f(x) < 1", "(0,1)", True), ("0 < f(x) < 1", "[0,1]", False), ("0 < f(x) < 1", "0 < g(x) < 1", False),
        ("(1,2,3)", r"\mathbf{i} + 2\mathbf{j} + 3\mathbf{k}", True), ("(1,-2)", r"\hat{i} - 2\hat{j}", True),
        ("(1,2,3)", r"\mathbf{i} + 2\mathbf{k} + 3\mathbf{j}", False), ("(1,2)", "1+2i", False),
        ("(1,0,-1)", r"\vec{i} - \vec{k}", True), (r"(\frac{1}{2},1)", r"\frac{1}{2}\hat{\imath} + \hat{\jmath}", True),
    ],
)  # fmt: skip
def test_kinds_of_dress_and_of_lookalikes(known: str, given: str, same: bool):
    """Digits of other forms, layout, grouping, words around an answer; and what only looks like the answer."""
    assert equal(known, given, 6) is same


@pytest.mark.parametrize(
    ("reply", "named"),
    [
        ("Of the options, C is correct.", ["C"]), ("So B is right.", ["B"]),
        ("Therefore, D is the correct choice.", ["D"]),
        ("If the gas is ideal, C is correct.", []), ("I doubt that C is correct.", []), ("C is not correct.", []),
        ("It is not the case that, say, B is correct.", []), ("A is correct that heat flows.", []),
        ("B\n\nExplanation: vitamin A deficiency causes it.", ["B"]), ("A\nThis is wrong.\nB\nThis is right.", []),
        ("**B**: the gradient points uphill.", ["B"]), ("**A**: no.\n**B**: yes.", []),
        ('{"answer": "B"}', ["B"]), ('{"reasoning": "not A", "answer": "C"}', ["C"]),
    ],
)  # fmt: skip
def test_letters_that_are_stated_otherwise(reply: str, named: list[str]):
    """A sentence that says which is correct, a letter with its explanation behind it, JSON; denied ones name none."""
    assert stated(reply) == named
