"""Pairs of answers whose equality was judged by hand, for our grader and for Math-Verify beside it.

One idea: `math_pairs.csv` says what is true, not what a grader says; `why` is given exactly where plain Math-Verify
differs. A verdict there must not be changed to suit a grader.
"""

from __future__ import annotations

import csv
import logging
from collections import Counter
from functools import partial
from pathlib import Path

import pytest

from ot_grid.grading import pool
from ot_grid.grading.math.maths import math

PAIRS = list(csv.DictReader(Path(__file__).with_name("math_pairs.csv").open(newline="", encoding="utf-8")))
REPLY = "So it is $\\boxed{{{}}}$."


def test_the_table_is_wide():
    """Hundreds of pairs over tens of forms, none twice, equal and unequal ones both in number."""
    assert len(PAIRS) >= 220
    assert len({pair["form"] for pair in PAIRS}) >= 30
    assert len({(pair["reply"], pair["known"]) for pair in PAIRS}) == len(PAIRS)
    assert min(Counter(pair["equal"] for pair in PAIRS).values()) > len(PAIRS) / 3


@pytest.mark.slow
def test_our_verdicts_are_the_judged_ones():
    """Every pair of the table is graded as it was judged by hand."""
    items = [(REPLY.format(pair["reply"]), pair["known"]) for pair in PAIRS]
    done = pool.grade(partial(math, boxed_only=True, float_rounding=6), items)
    wrong = [(PAIRS[index], graded) for index, graded in done if graded.score != (PAIRS[index]["equal"] == "yes")]
    assert not wrong


@pytest.mark.slow
def test_where_math_verify_differs_is_known(caplog: pytest.LogCaptureFixture):
    """Plain Math-Verify errs on exactly the pairs that say why."""
    from math_verify import parse, verify

    caplog.set_level(logging.ERROR, logger="math_verify")

    def same(pair: dict[str, str]) -> bool:
        known = parse(f"${pair['known']}$", parsing_timeout=None)
        return verify(known, parse(REPLY.format(pair["reply"]), parsing_timeout=None), timeout_seconds=None)

    differing = {(pair["reply"], pair["known"]) for pair in PAIRS if same(pair) != (pair["equal"] == "yes")}
    assert differing == {(pair["reply"], pair["known"]) for pair in PAIRS if pair["why"]}
