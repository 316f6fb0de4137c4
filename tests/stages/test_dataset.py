"""The form of training rows."""

from __future__ import annotations

import pytest

from ot_grid import tables
from ot_grid.errors import BadInput
from ot_grid.stages import dataset

THINK = {"function": "think", "reasoning": "if_any", "cut": "keep"}
REPLIES = {("q", "1"): ["<think>\nhm\n</think>\n\nIt is 1.", "It is 1."], ("r", "2"): ["so</think>2"]}


def rows(run):
    return tables.read_rows(run.out / "data" / "dataset.parquet")


def test_a_row_is_a_chat_without_a_system_prompt(work, traces_at):
    """Prompt and completion have the form that TRL takes; the reasoning stands in <think>, as in the paper."""
    run = work({"format": THINK}, traces_at("in", REPLIES))
    dataset.run(run)
    row = next(row for row in rows(run) if row["sample"] == 0 and row["prompt"][0]["content"] == "q")
    assert row["prompt"] == [{"role": "user", "content": "q"}]
    assert row["completion"] == [{"role": "assistant", "content": "<think>\nhm\n</think>\n\nIt is 1."}]
    assert (row["source"], row["domain"], row["question"][-4:]) == ("s", "math", "/s/0")


def test_branches_meet_in_an_order_of_the_rows_alone(work, traces_at):
    """Branches in another order give the same dataset, byte for byte."""
    one, other = traces_at("one", REPLIES), traces_at("other", {("z", "1"): ["1", "2", "3"]})
    runs = [work({"format": THINK}, one, other), work({"format": THINK}, other, one)]
    for run in runs:
        dataset.run(run)
    first, second = ((run.out / "data" / "dataset.parquet").read_bytes() for run in runs)
    assert first == second


def test_counts_say_what_the_student_will_see(work, traces_at):
    """Rows, questions, tokens, and the shares of cut replies and of replies without reasoning."""
    run = work({"format": THINK}, traces_at("in", REPLIES))
    counts = dataset.run(run)
    assert counts == {"rows": 3, "questions": 2, "output_tokens": 10, "cut_share": 0.0, "empty_reasoning_share": 1 / 3,
                      "by_source": {"s": 3}, "dropped": {}}  # fmt: skip


@pytest.mark.parametrize(
    ("reasoning", "texts"),
    [
        ("if_any", ["It is 1.", "<think>\nhm\n</think>\n\nIt is 1."]),
        ("always", ["<think>\n\n</think>\n\nIt is 1.", "<think>\nhm\n</think>\n\nIt is 1."]),
        ("required", ["<think>\nhm\n</think>\n\nIt is 1."]),
    ],
)
def test_reasoning_rules(work, traces_at, reasoning, texts):
    """A trace without reasoning gets no block, an empty block, or is dropped."""
    run = work({"format": {**THINK, "reasoning": reasoning}}, traces_at("in", {("q", "1"): REPLIES["q", "1"]}))
    dataset.run(run)
    assert sorted((row["completion"][0]["content"] for row in rows(run)), key=len) == texts


def test_cut_traces_can_be_dropped(work, traces_at, asker):
    """With cut=drop nothing is left of cut replies, and the error counts them."""
    asker.cut = True
    inputs = traces_at("in", REPLIES)
    kept = work({"format": THINK}, inputs)
    assert dataset.run(kept)["cut_share"] == 1.0
    with pytest.raises(BadInput, match=r"dataset keeps none of 3 rows \(3 x cut at max_tokens\)"):
        dataset.run(work({"format": {**THINK, "cut": "drop"}}, inputs))


def test_empty_replies_are_dropped(work, traces_at, reasons):
    """A student is not trained to say nothing."""
    run = work({"format": THINK}, traces_at("in", {("q", "1"): ["1", " "]}))
    assert dataset.run(run)["rows"] == 1
    assert list(reasons(run.out).values()) == ["empty reply"]


def test_no_traces_are_bad_input(work, traces_at):
    """An empty dataset fails."""
    with pytest.raises(BadInput, match="dataset keeps none of 0 rows"):
        dataset.run(work({"format": THINK}, traces_at("in", {})))


@pytest.mark.parametrize(("cut", "texts"), [("drop", ["<think>\nhm\n</think>\n\n1"]), ("keep", None)])
def test_a_cut_trace_is_dropped_or_kept_as_it_is(work, traces_at, cut, texts):
    """A thought that was cut gets no end that it did not have; an answer that was cut stands behind its thought."""
    replies = {("q", "1"): ["<think>\nhm\n</think>\n\n1", "<think>\nso far", "<think>a</think>It is"]}
    artifact = traces_at("in", replies, cut=(1, 2))
    run = work({"format": {**THINK, "cut": cut, "reasoning": "always"}}, artifact)
    counts = dataset.run(run)
    made = {row["completion"][0]["content"] for row in rows(run)}
    if cut == "drop":
        assert counts["dropped"] == {"cut at max_tokens": 2}
        assert made == set(texts)
    else:
        assert made == {"<think>\nhm\n</think>\n\n1", "<think>\nso far", "<think>\na\n</think>\n\nIt is"}
        assert counts["cut_share"] == pytest.approx(2 / 3)


def test_an_empty_reply_is_no_row(work, traces_at):
    """Whatever the format writes around nothing."""
    run = work({"format": {**THINK, "reasoning": "always"}}, traces_at("in", {("q", "1"): ["", "It is 1."]}))
    assert dataset.run(run)["dropped"] == {"empty reply": 1}
