"""Graders on real answers, and the pool under grader misbehaviour."""

from __future__ import annotations

import json
import os
import re
import time
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from ot_grid.errors import OtGridError
from ot_grid.grading import Graded, ItemLimits, after_thinking, failed, pool
from ot_grid.grading.math import maths
from ot_grid.grading.math.number import last_number, number

MATH = partial(maths.math, boxed_only=True, float_rounding=6)
PHRASE = partial(maths.math, boxed_only=False, float_rounding=6)


def grade(grader, *pairs, **more):
    done = dict(pool.grade(grader, pairs, **more))
    return [done[index] for index in range(len(pairs))]


def bad(response: str, answer: str) -> Graded:
    """Misbehave as the response says."""
    if response == "hang":
        while True:
            pass
    if response == "sleep":
        time.sleep(600)
    if response == "eat":
        return Graded(1, "x" * 10**11)
    if response == "die":
        os._exit(3)
    if response == "raise":
        raise KeyError("oops")
    return Graded(response == answer, response)


def rows(path: Path, answer: str) -> list[str]:
    return [str(json.loads(line)[answer]) for line in path.read_text().splitlines() if line]


GOLD = {
    "aime24.json": "expected_answer",
    "aime25.json": "answer",
    "amc23.json": "answer",
    "math500.jsonl": "answer",
    "gsm8k_test.jsonl": "answer",
}


@pytest.mark.slow  # computes for seconds
@pytest.mark.parametrize("file", GOLD)
def test_known_answers_are_equal_to_themselves(shared_data, file):
    """A reply that boxes the known answer is right, for every question of the real benchmarks."""
    answers = rows(shared_data / file, GOLD[file])
    if file.startswith("gsm8k"):
        answers = [re.search(r"####\s*(.+)", answer)[1] for answer in answers]
    graded = grade(MATH, *[(f"So it is $\\boxed{{{answer}}}$.", answer) for answer in answers])
    wrong = [(answer, g) for answer, g in zip(answers, graded, strict=True) if g.score != 1]
    assert not wrong


@pytest.mark.slow
def test_known_answers_differ_from_their_neighbours(shared_data):
    """The answer to the next question of MATH500 is not right, unless it is the same."""
    answers = rows(shared_data / "math500.jsonl", "answer")[:200]
    answers = [answer.removeprefix("x=") for answer in answers]  # x=5 is 5, and rightly so
    pairs = [(f"\\boxed{{{other}}}", answer) for answer, other in pairwise(answers) if answer != other]
    right = [pair for pair, graded in zip(pairs, grade(MATH, *pairs), strict=True) if graded.score]
    assert right == []


@pytest.mark.parametrize(
    ("response", "answer", "correct"),
    [
        (r"\boxed{\frac12}", "0.5", True),
        (r"\boxed{1,234}", "1234", True),
        (r"\boxed{1{,}234}", "1234", True),
        (r"\boxed{x = 5}", "5", True),
        (r"\boxed{70^\circ}", "70", True),
        (r"\boxed{\text{Evelyn}}", r"\text{Evelyn}", True),
        (r"\boxed{(3, \pi/2)}", r"\left( 3, \frac{\pi}{2} \right)", True),
        (r"first \boxed{1}, then \boxed{\frac{\sqrt{2}}{2}}", r"\frac{\sqrt{2}}{2}", True),
        (r"first \boxed{1}, then \boxed{2}", "1", False),
        (r"\boxed{\{1\}", "1", False),
        (r"<think>\boxed{5}</think> \boxed{6}", "5", False),
        (r"\boxed{(1, 2)}", "(2, 1)", False),
        (r"\boxed{-3}", "3", False),
        (r"\boxed{0.3333}", r"\frac13", False),
    ],
)
def test_math_compares_the_last_box(response, answer, correct):
    """The last complete box after the thinking is the answer, compared as mathematics."""
    (graded,) = grade(MATH, (response, answer))
    assert graded.score == correct, graded


def test_math_does_not_guess():
    """Without a box, or with the box inside unfinished thinking, there is no answer; a phrase counts only if wanted."""
    said = "It is 7, so the answer is: 42."
    assert (
        grade(MATH, (said, "42"), ("<think> \\boxed{42}", "42"), ("", "42"))
        == [Graded(0, None, "no answer extracted")] * 3
    )
    boxed, plain, both = grade(PHRASE, (said, "42"), ("It is 42", "42"), (f"{said} \\boxed{{7}}", "7"))
    assert (boxed.score, plain.extracted, both.score) == (1, None, 1)


def test_an_unreadable_known_answer_is_no_verdict():
    """A question whose answer cannot be read is not held against the reply."""
    (unread,) = grade(MATH, (r"\boxed{5}", " "))
    assert unread == Graded(None, "5", "the known answer cannot be read: ' '")
    (graded,) = grade(number, ("5", "five"))
    assert graded == Graded(None, "5", "the known answer is not a number: 'five'")


def test_answers_modulo_a_number():
    """Compared by their residues, which Math-Verify cannot read without end."""
    known = r"n\equiv 1\pmod 7"
    same = [
        r"n\equiv 1 \pmod{7}",
        r"n \equiv 1 \pmod 7",
        "1",
        r"1 \pmod{7}",
        r"n \equiv 1 \mod 7",
        r"n\equiv1\ (\bmod\ 7)",
    ]
    other = [r"n\equiv 2 \pmod{7}", r"n\equiv 1 \pmod{8}", r"m\equiv 1 \pmod{7}", "8", r"n\equiv 1,2 \pmod{7}"]
    graded = grade(MATH, *[(rf"\boxed{{{given}}}", known) for given in same + other])
    assert [each.score for each in graded] == [1] * len(same) + [0] * len(other)
    bare, several, swapped = grade(
        MATH,
        (r"\boxed{3 \pmod 7}", "3"),
        (r"\boxed{n \equiv 3, 1 \pmod 8}", r"n \equiv 1, 3 \pmod 8"),
        (r"\boxed{4 \pmod 7}", "3"),
    )
    assert (bare.score, several.score, swapped.score) == (1, 1, 0)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("(" * 1900, "nested deeper than 50 brackets"),
        ("(" * 60 + "5" + ")" * 60, "nested deeper than 50 brackets"),
        ("1+" * 1200 + "1", "longer than 2000 characters"),
    ],
)
def test_answers_without_end_are_refused(given, reason):
    """Quickly, and as not equal; of the known answer it is no verdict."""
    refused, same = grade(
        MATH, (rf"\boxed{{{given}}}", "5"), (rf"\boxed{{{given}}}", given), limits=ItemLimits(seconds=4)
    )
    assert refused == Graded(0, given, f"not equal: the answer is {reason}")
    assert same.score == 1


def test_an_answer_that_recurses_without_end_is_not_equal():
    """The text that is read is to blame; of the known answer it is no verdict."""
    given, known = grade(MATH, (r"\boxed{1 + \pmod 7}", "5"), (r"\boxed{5}", r"1 + \pmod{7} + \pmod{2}"))
    assert (given.score, known.verdict) == (0, "unverifiable")


def test_hyphens_take_no_time():
    """A word with many hyphens is read at once."""
    (graded,) = grade(MATH, (rf"\boxed{{abcd{'-' * 60}1}}", r"\text{abcd}"), limits=ItemLimits(seconds=4))
    assert graded.score == 0


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("57 - 87 = -30.", "-30"),
        ("5-3", "3"),
        ("it costs $1,234.50.", "1234.50"),
        (r"$\boxed{1{,}000}$", "1000"),
        (r"\$5", "5"),
        ("-$5", "-5"),
        ("\u22127", "-7"),
        ("3, 4", "4"),
        (".5", ".5"),
        ("no number", None),
    ],
)
def test_last_number(text, wanted):
    """The last number of a text, whatever marks money and thousands."""
    assert last_number(text) == wanted


def test_number_compares_exact_decimals():
    """1.0 is 1, 0.1 is not 0.10000000000000001, and a reply without a number has no answer."""
    same, other, none = grade(number, ("1.0", "1"), ("0.10000000000000001", "0.1"), ("none", "1"))
    assert (same.score, other.score, none) == (1, 0, Graded(0, None, "no answer extracted"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ("hang", "took more than 0.5 s of CPU time"),
        ("sleep", "took more than 3 s"),
        ("eat", "out of memory"),
        ("die", "its process ended with 3"),
        ("raise", "KeyError: 'oops'"),
    ],
)
def test_only_the_bad_item_is_lost(how, reason):
    """An item that hangs, sleeps, eats memory, dies or raises has no verdict but a reason; the others are graded."""
    good = [(str(n), "4") for n in range(8)]
    graded = grade(bad, *good[:4], (how, "4"), *good[4:], limits=ItemLimits(seconds=0.5, memory_mb=512), workers=2)
    assert graded.pop(4) == failed(reason)
    assert [g.score for g in graded] == [n == 4 for n in range(8)]


@pytest.mark.slow
def test_sympy_can_hang_and_is_stopped():
    """A box that would take sympy for ever is stopped by the time limit."""
    graded = grade(MATH, (r"\boxed{10^{10^{10}}}", "5"), (r"\boxed{5}", "5"), limits=ItemLimits(seconds=2))
    assert [g.score for g in graded] == [None, 1]


def test_workers_end_with_the_grading():
    """No process is left, also when the caller stops half way."""
    grading = pool.grade(number, [("1", "1")] * 50, workers=2)
    next(grading)
    grading.close()
    children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    commands = [Path(f"/proc/{child}/cmdline").read_bytes() for child in children if Path(f"/proc/{child}").exists()]
    assert not [command for command in commands if b"graders" in command]


def test_a_grader_that_cannot_be_sent_says_so():
    """A grader that no worker process can import is an error of its own, not a verdict."""
    with pytest.raises(OtGridError, match="define it at the top of a module"):
        grade(lambda response, answer: Graded(1, "1"), ("1", "1"))


def test_nothing_to_grade_starts_no_process():
    """No items, no workers."""
    assert grade(number) == []


@pytest.mark.parametrize(
    ("reply", "after"), [("<think>a</think>b", "b"), ("a</think>b", "b"), ("<think>a", ""), ("a", "a")]
)
def test_after_thinking(reply, after):
    """The answer is what follows the thinking; a reply that never thinks is all answer."""
    assert after_thinking(reply) == after


@pytest.mark.slow  # computes for seconds
def test_idle_workers_are_kept_for_the_next_call_that_grades_the_same_way():
    """Within `kept` alone; one that died is not taken again, and another way of grading ends them."""

    def processes() -> set[int]:
        return {worker.process.pid for workers in (pool._idle or {}).values() for worker in workers}

    pairs = [("1", "1"), ("2", "1")]
    with pool.kept():
        assert len(grade(number, *pairs, workers=2)) == 2
        first = processes()
        assert grade(number, *pairs, workers=2) == grade(number, *pairs, workers=2)
        assert processes() == first
        for workers in (pool._idle or {}).values():
            workers[0].process.kill()
            workers[0].process.wait()
        assert len(grade(number, *pairs, workers=2)) == 2
        assert len(processes() & first) == 1
        grade(number, *pairs, workers=2, limits=ItemLimits(seconds=3))
        assert not processes() & first
    assert pool._idle is None
    grade(number, *pairs)
    assert not processes()


@pytest.mark.slow  # computes for seconds
@pytest.mark.parametrize(("replies", "most"), [(1, 1), (pool.WORTH, 1), (pool.WORTH + 1, 2), (8 * pool.WORTH, 8)])
def test_no_more_workers_start_than_replies_are_worth(replies: int, most: int, monkeypatch: pytest.MonkeyPatch):
    """On a node of many cores a few replies are not met by a worker on each: the start of one costs a second."""
    monkeypatch.setattr(pool.os, "sched_getaffinity", lambda process: range(64))
    with pool.kept():
        assert len(grade(number, *[("1", "1")] * replies)) == replies
        assert len({worker.process.pid for workers in (pool._idle or {}).values() for worker in workers}) == most
