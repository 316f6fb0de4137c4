"""Which traces of a question stay."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import pytest

from ot_grid import tables
from ot_grid.errors import BadInput
from ot_grid.grading import sandbox
from ot_grid.grading.sandbox import tiers
from ot_grid.registry import register
from ot_grid.stages import answer_filter

LENGTHS = {("q", "1"): ["a b", "a", "a b c"], ("r", "1"): ["a b c d", "a b"]}
MATH = {"function": "math", "boxed_only": False, "float_rounding": 6}
MAJORITY = {"function": "majority", "min_votes": 2, "grader": MATH}


def run_with(work, inputs, choice, rows=100):
    run = work({"answer_filter": choice, "rows": rows}, inputs)
    return run, answer_filter.run(run)


def kept(run, asker):
    return [(trace.question.text, trace.sample) for trace in tables.read_traces(run.out, asker.find)]


@pytest.mark.parametrize(
    ("function", "wanted"),
    [("longest", [("q", 0), ("q", 2), ("r", 0), ("r", 1)]), ("shortest", [("q", 0), ("q", 1), ("r", 0), ("r", 1)])],
)
def test_length_is_counted_in_output_tokens_for_each_question(work, traces_at, asker, function, wanted):
    """The longest or shortest traces of each question stay; order is by question and sample."""
    run, counts = run_with(work, traces_at("in", LENGTHS), {"function": function, "keep": 2})
    assert kept(run, asker) == wanted
    assert counts == {"traces_in": 5, "traces": 4, "questions": 2, "dropped": {"rank by length": 1}}


def test_majority_groups_equal_answers(work, traces_at, asker, reasons):
    """Equal answers vote together; the largest group stays, whatever the known answer is."""
    votes = [r"\boxed{0.5}", r"so \boxed{\frac12}", r"\boxed{2}", "hm"]
    run, _ = run_with(work, traces_at("in", {("q", "2"): votes}), MAJORITY)
    assert kept(run, asker) == [("q", 0), ("q", 1)]
    assert sorted(reasons(run.out).values()) == ["no answer extracted", "outvoted: 1 votes, 2 for another answer"]


def test_a_required_sandbox_is_required_of_its_graders_too(work, traces_at, monkeypatch):
    """A grader's programs are kept apart as `cluster.sandbox` says, or the stage refuses; the tier is recorded."""
    code = {"function": "code", "seconds": 6.0, "memory_mb": 1024, "tolerance": None}
    inputs = traces_at("in", {("Add one.", "no tests"): ["```python\nprint(1)\n```"] * 2})
    run = work({"answer_filter": {**MAJORITY, "grader": code}, "rows": 9}, inputs)
    with contextlib.suppress(BadInput):  # whether a program is an answer that can be voted on is not asked here
        answer_filter.run(run)
    assert run.log["sandbox"] in tiers.TIERS
    monkeypatch.setattr(tiers, "problem", lambda tier: "not allowed here" if tier.isolated else "")
    sandbox.choose.cache_clear()
    with pytest.raises(BadInput, match="'required': untrusted code cannot be kept apart here"):
        answer_filter.run(replace(run, cluster=replace(run.cluster, sandbox="required")))
    sandbox.choose.cache_clear()


def test_majority_needs_its_votes_and_no_tie(work, traces_at, asker, reasons):
    """A question whose answers tie, or get too few votes, loses all its traces."""
    replies = {("tie", None): ["answer: 1", "answer: 2", "answer: 1", "answer: 2"], ("few", None): ["answer: 1"],
               ("won", None): ["answer: 1", "answer: 1"]}  # fmt: skip
    run, counts = run_with(work, traces_at("in", replies), MAJORITY)
    assert kept(run, asker) == [("won", 0), ("won", 1)]
    assert counts["dropped"] == {"no majority": 5}
    assert "no majority: 2 votes, a tie" in reasons(run.out).values()


def test_rows_are_drawn_nested(work, traces_at, asker):
    """More rows contain the fewer, drawn by the rows' own seeds."""
    inputs = traces_at("in", {(f"q{n}", None): ["a", "b"] for n in range(8)})
    few, counts = run_with(work, inputs, {"function": "longest", "keep": 2}, rows=5)
    more, _ = run_with(work, inputs, {"function": "longest", "keep": 2}, rows=9)
    assert set(kept(few, asker)) < set(kept(more, asker))
    assert (counts["traces"], counts["dropped"]) == (5, {"not drawn": 11})


def test_a_users_filter_sees_questions_together(work, traces_at, asker, reasons):
    """Traces of a question come next to each other, and a trace that is not returned is dropped as such."""

    @register("answer_filter")
    def second(traces):
        for group in answer_filter.by_question(traces):
            yield from group[1:2]

    run, _ = run_with(work, traces_at("in", LENGTHS), {"function": "second"})
    assert kept(run, asker) == [("q", 1), ("r", 1)]
    assert set(reasons(run.out).values()) == {"not returned by second"}


def test_keeping_nothing_says_why(work, traces_at):
    """With one sample a question no answer has two votes: the error says so."""
    with pytest.raises(BadInput, match=r"answer_filter 'majority' keeps none of 1 rows \(1 x no majority\)"):
        run_with(work, traces_at("in", {("q", "1"): ["answer: 1"]}), MAJORITY)
