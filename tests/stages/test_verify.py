"""Labels of traces."""

from __future__ import annotations

import json

import pytest

from ot_grid import tables
from ot_grid.errors import BadInput
from ot_grid.grading import Graded
from ot_grid.registry import register
from ot_grid.stages import dataset, verify
from tests.stages.conftest import MODEL, SAMPLING

NUMBER = {"function": "grade", "grader": {"function": "number"}, "keep": ["right"]}
REPLIES = {("1+1?", "2"): ["It is 2.", "It is 3.", "Who knows."], ("Why?", None): ["Because of 2."]}


@register("grader")
def broken(response: str, answer: str) -> Graded:
    raise OSError("disk on fire")


def labels(run):
    return [
        (row["sample"], row["verdict"], row["extracted"])
        for row in tables.read_rows(run.out / "data" / "labels.parquet")
    ]


def test_every_trace_is_labelled_and_the_right_ones_stay(work, traces_at, asker):
    """All labels are written; without a known answer a trace is unverifiable; without an extracted one it is wrong."""
    run = work({"verify": NUMBER}, traces_at("in", REPLIES))
    counts = verify.run(run)
    assert labels(run) == [(0, "right", "2"), (1, "wrong", "3"), (2, "wrong", None), (0, "unverifiable", None)]
    (kept,) = tables.read_traces(run.out, asker.find)
    assert (kept.sample, kept.verdict) == (0, "right")
    assert counts == {"traces_in": 4, "traces": 1, "right": 1, "wrong": 2, "unverifiable": 1, "unextracted": 2,
                      "dropped": {"wrong": 2, "unverifiable": 1}}  # fmt: skip


def test_other_verdicts_can_stay(work, traces_at, asker, reasons):
    """`keep` names the verdicts that stay; the others are dropped with what led to them."""
    run = work({"verify": {**NUMBER, "keep": ["right", "unverifiable"]}}, traces_at("in", REPLIES))
    verify.run(run)
    assert [trace.verdict for trace in tables.read_traces(run.out, asker.find)] == ["right", "unverifiable"]
    assert sorted(reasons(run.out).values()) == ["wrong: no answer extracted", "wrong: not equal: 3 is not 2"]


def test_a_grader_that_fails_makes_traces_unverifiable(work, traces_at):
    """A failure of the grader is not held against the trace, and its reason is kept."""
    run = work(
        {"verify": {**NUMBER, "grader": {"function": "broken"}, "keep": ["unverifiable"]}}, traces_at("in", REPLIES)
    )
    assert verify.run(run)["unverifiable"] == 4
    reasons = {row["reason"] for row in tables.read_rows(run.out / "data" / "labels.parquet")}
    assert reasons == {"grader failed: OSError: disk on fire", "no known answer"}


def test_keeping_nothing_says_why(work, traces_at):
    """When no trace stays, the error counts the verdicts."""
    with pytest.raises(BadInput, match=r"verify keeps none of 2 rows \(1 x wrong, 1 x unverifiable\)"):
        verify.run(work({"verify": NUMBER}, traces_at("in", {("1+1?", "2"): ["3"], ("Why?", None): ["2"]})))


JUDGE = {
    "function": "judge", "grader": {"function": "number"}, "keep": ["right"], "model": MODEL, "sampling": SAMPLING,
    "prompt": "Q {question} A {answer} R {reply}", "pattern": r"(?i)verdict\W{0,5}(right|wrong)",
}  # fmt: skip


def test_a_judge_is_asked_where_nothing_else_can_tell(work, traces_at, asker):
    """A known answer is graded without a model; the rest is put to the judge, whose last verdict counts."""
    replies = {("1+1?", "2"): ["It is 2."], ("Why?", None): ["<think>x</think> Because.", "No {answer}.", "Hm."]}
    asker.answer = lambda prompt, sample: {
        "Q Why? A unknown R Because.": "Verdict: wrong? No. Verdict: RIGHT",
        "Q Why? A unknown R No {answer}.": "verdict - wrong",
        "Q Why? A unknown R Hm.": "I cannot tell.",
    }[prompt]
    run = work({"verify": JUDGE}, traces_at("in", replies))
    counts = verify.run(run)
    assert [verdict for _, verdict, _ in labels(run)] == ["right", "right", "wrong", "unverifiable"]
    assert (counts["right"], counts["wrong"], counts["unverifiable"]) == (2, 1, 1)
    assert len(asker.asked) == 1
    assert asker.asked[0]["samples"] == [0, 0, 0]


def test_a_judge_without_anything_to_judge_is_not_asked(work, traces_at, asker):
    """Where the grader tells, no model is paid."""
    run = work({"verify": JUDGE}, traces_at("in", {("1+1?", "2"): ["It is 2."]}))
    assert verify.run(run)["right"] == 1
    assert [each["chats"] for each in asker.asked] in ([], [[]])


def test_programs_are_verified_by_their_tests_in_a_sandbox(work, traces_at):
    """A trace of code is right when it passes its question's tests; what cannot be read is unverifiable."""
    tests = {"kind": "assert", "setup": "", "before": "", "tests": ["assert f(1) == 2"], "entry": "f"}
    replies = {
        ("Add one.", json.dumps(tests)): [
            "```python\ndef f(x): return x + 1\n```",
            "```python\ndef f(x): return 1\n```",
        ],
        ("Halve.", "no tests"): ["```python\ndef f(x): return x / 2\n```"],
    }
    code = {"function": "code", "seconds": 6.0, "memory_mb": 1024, "tolerance": None}
    run = work({"verify": {**NUMBER, "grader": code}}, traces_at("in", replies))
    verify.run(run)
    assert [verdict for _, verdict, _ in labels(run)] == ["right", "wrong", "unverifiable"]
    assert run.log["sandbox"] in ("bubblewrap", "namespaces", "rlimits")


def test_nothing_of_a_cut_thought_is_an_answer_anywhere(work, traces_at, asker):
    """A teacher whose template opens `<think>`, cut in its thought: nobody takes it for an answer."""
    thought = "Okay. Maybe \\boxed{2}? The answer is 2."
    artifact = traces_at("in", {("1+1?", "2"): [thought, f"{thought}</think>The answer is 2."]}, cut=(0,), opened=True)
    for grader in ({"function": "number"}, {"function": "math", "boxed_only": False, "float_rounding": 6}):
        run = work({"verify": {**NUMBER, "grader": grader, "keep": ["right", "wrong"]}}, artifact)
        verify.run(run)
        assert labels(run) == [(0, "wrong", None), (1, "right", "2")], grader
    first, second = tables.read_traces(run.out, asker.find)
    assert first.parts == (thought, "")
    assert second.parts == (thought, "The answer is 2.")
    assert verify._question_to_judge("{reply}", first) == ""
    kept = work({"format": {"function": "think", "reasoning": "always", "cut": "keep"}}, run.out)
    dataset.run(kept)
    texts = [row["completion"][0]["content"] for row in tables.read_rows(kept.out / "data" / "dataset.parquet")]
    assert sorted(texts) == sorted([f"<think>\n{thought}", f"<think>\n{thought}\n</think>\n\nThe answer is 2."])


def test_a_trace_that_is_too_long_for_the_judge_is_unverifiable(work, traces_at, asker):
    """It costs only itself: those that fit are judged."""
    asker.room, asker.answer = 60, lambda prompt, sample: "Verdict: right"
    run = work({"verify": JUDGE}, traces_at("in", {("Why?", None): ["Because.", "Because " * 20]}))
    counts = verify.run(run)
    assert (counts["right"], counts["unverifiable"]) == (1, 1)
    reasons = [row["reason"] for row in tables.read_rows(run.out / "data" / "labels.parquet")]
    assert reasons[1].startswith("too long for the judge: ")
