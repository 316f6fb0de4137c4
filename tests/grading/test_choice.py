"""Letters of multiple choice: what names one, and what only looks like it."""

from __future__ import annotations

import json

import pytest

from ot_grid.grading import NOT_EXTRACTED, Graded
from ot_grid.grading.choice.choice import choice
from ot_grid.grading.jeebench import jeebench


def asked(reply: str, answer: str = "A", letters: str = "ABCD") -> Graded:
    return choice(reply, answer, letters=letters)


@pytest.mark.parametrize(
    "content",
    ["B", r"\text{B}", "(B)", "B)", "B. 42 m/s", r"\textbf{(B) } 42", r"\mathrm{B}", r"\text{(B)}", r"\mathbf{B}",
     r"\text{Option B}", r"\text{B: } 42", r"\text{(B) a ball}", r"\textbf{(B)}\ 5",
     "b", "(b)", r"\text{b}", "B - mitochondria"],
)  # fmt: skip
def test_a_box_names_a_letter_in_any_dress(content):
    """Commands, brackets and the option's own text do not hide it."""
    assert asked(rf"So $\boxed{{{content}}}$.", "B") == Graded(1, "B")


@pytest.mark.parametrize(
    ("reply", "letter"),
    [
        ("The answer is (B).", "B"),
        ("The answer is A.", "A"),
        ("Answer: B", "B"),
        ("**Answer:** B", "B"),
        ("**Final Answer**\n\nB", "B"),
        ("The correct answer is **(D)**.", "D"),
        (r"the answer is $\text{C}$.", "C"),
        ("So.\n\n**B**", "B"),
        ("Well,\n(C)", "C"),
        ("So it must be option B.", "B"),
        ("Hence choice (C)", "C"),
        ("Option A is correct.", "A"),
        ("I choose C.", "C"),
        ("The answer is A because a cat ran.", "A"),
        ("The answer is B, because C is wrong.", "B"),
        ("The answer is C. Option D is wrong because A is a mess", "C"),
        (r"\boxed{42} so the answer is (B)", "B"),
        ("Answer: b", "B"),
        ("**Answer:** b\n", "B"),
        ("B is the correct answer.", "B"),
        ("We try all. So B is the best choice.", "B"),
        ("Answer: B (since A fails)", "B"),
        ("Answer: `B`", "B"),
        ('The answer is "B"', "B"),
        ("We see.\n**B) mitochondria**", "B"),
        ("We see.\n**B. mitochondria**", "B"),
        ("The answer is B, A is wrong", "B"),
        ("The answer is (B), (A) is wrong", "B"),
        ("The answer is B, and A is wrong", "B"),
        (r"\boxed{A} wait \boxed{B}", "B"),
        (r"\boxed{A}</think> The answer is B: 42", "B"),
    ],
)
def test_a_statement_names_a_letter(reply, letter):
    """The last statement of an answer counts, or a last line that is the letter alone."""
    assert asked(reply).extracted == letter


@pytest.mark.parametrize(
    "reply",
    ["A ball rolls down a hill.", "the answer is a number", "The answer is A ball.", "So a is right", "Answer: A cat",
     "the answer is not B", "the answer is $A = 5$",
     r"\boxed{A = 5}", r"\boxed{A \text{ ball}}", "the answer is A-type",
     "Statement A is true.\nVitamin C is good", "The answer is I think 5", r"<think>\boxed{A}", "It is not option B.",
     r"\boxed{A - 5}", "Answer: a cat", "The answer is a", "Vitamin C is the best choice",
     "A is not the correct answer.",
     "A) one\nB) two", "A. Smith said so.", r"\boxed{42}", ""],
)  # fmt: skip
def test_a_word_is_no_letter(reply):
    """The article, a variable, a negation or a name is no choice; GPQA's own extractor takes each "a" for A."""
    assert asked(reply, letters="ABCDEFGHIJ") == Graded(0, None, NOT_EXTRACTED)


@pytest.mark.parametrize(
    "reply",
    [
        "The answer is B or C.",
        "The answer is B, C.",
        "The answers are B, and C.",
        r"\boxed{B, C}",
        r"\boxed{BC}",
        r"\boxed{B} and \boxed{C}",
        "Answer: (B) and (C)",
    ],
)
def test_two_letters_are_no_answer(reply):
    """The reason names both."""
    assert asked(reply, "B") == Graded(0, None, f"{NOT_EXTRACTED}: both B and C are named")


def test_a_letter_that_the_question_does_not_have_is_no_answer():
    """E of A to D is none, and of A to J is one."""
    assert asked(r"\boxed{E}", "A") == Graded(0, None, f"{NOT_EXTRACTED}: E is not one of ABCD")
    assert asked(r"\boxed{E}", "E", "ABCDEFGHIJ") == Graded(1, "E")
    assert asked(r"\boxed{B}", "A") == Graded(0, "B", "B is not A")
    assert asked(r"\boxed{B}", "5").score is None


@pytest.mark.parametrize(
    ("kind", "gold", "content", "score"),
    [
        ("MCQ", "B", "B", 1),
        ("MCQ", "B", r"\text{(B)}", 1),
        ("MCQ", "B", "C", 0),
        ("MCQ", "B", "BC", 0),
        ("MCQ(multiple)", "ABD", "ABD", 1),
        ("MCQ(multiple)", "ABD", "D, A, B", 1),
        ("MCQ(multiple)", "AD", r"\text{A and D}", 1),
        ("MCQ(multiple)", "ABD", "(A),(B),(D)", 1),
        ("MCQ(multiple)", "BD", r"\{B, D\}", 1),
        ("MCQ(multiple)", "ABD", "AB", 0.5),
        ("MCQ(multiple)", "ABD", "A", 0.25),
        ("MCQ(multiple)", "ABD", "AC", 0),
        ("MCQ(multiple)", "A", "AB", 0),
        ("MCQ(multiple)", "AC", r"A}, \boxed{C", 1),
        ("Integer", "8", "8", 1),
        ("Integer", "8", "9", 0),
        ("Numeric", "2.36", "2.35", 1),
        ("Numeric", "2.35", "2.361", 0),
        ("Numeric", "2.35", r"2.345 \text{ m}", 1),
        ("Numeric", "9.8", r"9.8\,\mathrm{m/s^2}", 1),
        ("Numeric", "5000", r"5 \times 10^3", 1),
        ("Numeric", "0.5", r"\frac{1}{2}", 1),
        ("Numeric", "1.41", r"\sqrt{2}", 1),
        ("Numeric", "5", "x = 5", 1),
        ("Numeric", "6.3", r"6.3\ \Omega", 1),
        ("Numeric", "6.3", r"6.3\ \mu\text{C}", 1),
        ("Numeric", "2.33", r"\approx 2.33", 1),
        ("Numeric", "2.33", r"x = \frac{7}{3} \approx 2.33", 1),
        ("MCQ(multiple)", "AC", r"A\&C", 1),
        ("MCQ(multiple)", "AB", "A}\n- \\boxed{B", 1),
    ],
)
def test_jeebench_credit(kind, gold, content, score):
    """The credit of the benchmark's own script: a quarter for each right letter, nothing with a wrong one."""
    graded = jeebench(rf"\boxed{{{content}}}", json.dumps({"type": kind, "gold": gold}))
    assert (graded.score, graded.extracted is None) == (score, False)


@pytest.mark.parametrize(
    ("kind", "reply"),
    [("MCQ", "A ball"), ("MCQ(multiple)", r"\boxed{\text{None}}"), ("MCQ", r"\boxed{E}"), ("Numeric", "5"),
     ("Numeric", r"\boxed{5, 6}"), ("Integer", r"\boxed{}"), ("Integer", r"<think>\boxed{5}")],
)  # fmt: skip
def test_jeebench_does_not_guess(kind, reply):
    """Without a box that holds an answer of the kind there is none."""
    gold = "A" if kind.startswith("MCQ") else "5"
    assert jeebench(reply, json.dumps({"type": kind, "gold": gold})) == Graded(0, None, NOT_EXTRACTED)
