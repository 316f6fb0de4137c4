"""The form of training rows."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

import tests.tiny
from ot_grid import tables
from ot_grid.errors import BadInput
from ot_grid.stages import dataset
from ot_grid.stages.training import encode, tokens

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
                      "by_source": {"s": 3}, "dropped": {}, "rows_cut": 0, "tokens": 0}  # fmt: skip


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


@pytest.fixture(scope="module")
def student(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tests.tiny.make(tmp_path_factory.mktemp("student")))


def tokenized(work, artifact: Path, student: str, max_length: int = 64, **changed):
    """A dataset for a student: a stage run that is ready to run."""
    model = {"id": "tiny", "revision": None, "wheel": None, "stands_for": None}
    run = work({"format": THINK, "student": model, "template": None, "max_length": max_length, **changed}, artifact)
    return replace(run, cluster=replace(run.cluster, models={"tiny": student}, model_cache="none", threads=2))


@pytest.mark.slow
def test_rows_become_what_the_student_reads(work, traces_at, student):
    """The same rows in the same order as the text; a loss on the reply alone, and on the end of its turn."""
    run = tokenized(work, traces_at("in", REPLIES), student)
    counts = dataset.run(run)
    texts, made = rows(run), tokens.load(run.out / "data" / tokens.FILE)
    assert (len(texts), len(made), counts["rows"]) == (3, 3, 3)
    reader = encode.tokenizer_of(Path(student), None)
    for text, row in zip(texts, made, strict=True):
        trained = [token for token, label in zip(row["input_ids"], row["labels"], strict=True) if label == token]
        assert reader.decode(row["input_ids"]) == f"u:{text['prompt'][0]['content']}<end>a:{reader.decode(trained)}"
        assert reader.decode(trained) == text["completion"][0]["content"] + "<end>"
    assert counts["tokens"] == sum(tokens.lengths(made)) == sum(len(row["input_ids"]) for row in made)


@pytest.mark.slow
def test_rows_of_which_nothing_would_be_trained_are_dropped(work, traces_at, student, reasons):
    """A prompt as long as a row may be; a longer reply is cut at its end, and that is counted."""
    run = tokenized(work, traces_at("in", {("q", "1"): ["1", "1" * 30], ("why " * 5, "2"): ["2"]}), student, 16)
    counts = dataset.run(run)
    assert (counts["rows"], counts["rows_cut"]) == (2, 1)
    assert counts["dropped"] == {tokens.PROMPT_TOO_LONG: 1}
    assert list(reasons(run.out).values()) == [f"{tokens.PROMPT_TOO_LONG}: 16 tokens"]
    assert max(tokens.lengths(tokens.load(run.out / "data" / tokens.FILE))) == 16
    with pytest.raises(BadInput, match=rf"dataset keeps none of 3 rows \(3 x {tokens.PROMPT_TOO_LONG}\)"):
        dataset.run(tokenized(work, traces_at("more", {("why " * 5, "2"): ["2", "3", "4"]}), student, 16))


@pytest.mark.slow
def test_a_template_that_would_not_train_what_rows_say_is_refused(work, traces_at, student):
    """Before a GPU is taken, and nothing is left that looks like a file."""
    run = tokenized(work, traces_at("in", REPLIES), student, template="{{ messages[0]['content'] }}")
    with pytest.raises(BadInput, match="does not keep a reply whole"):
        dataset.run(run)
    assert list((run.out / "data").iterdir()) == []


@pytest.mark.slow
def test_pieces_make_no_difference(work, traces_at, student, monkeypatch):
    """The same tokens in groups of one, and of all."""
    artifact = traces_at("in", {(f"q{n}", "1"): [f"It is {n}.", ""] for n in range(20)})
    made = []
    for at_once in (1, 7, 256):
        monkeypatch.setattr(dataset, "AT_ONCE", at_once)
        run = tokenized(work, artifact, student)
        dataset.run(run)
        made.append(
            (rows(run), tokens.load(run.out / "data" / tokens.FILE)[:], tables.read_rows(run.out / "dropped.parquet"))
        )
    assert made[0] == made[1] == made[2]
    assert len(made[0][0]) == 20


def test_a_file_of_groups_is_read_group_by_group(tmp_path):
    """Texts of more than 2 GiB cannot be read in one piece."""
    path = tmp_path / "rows.parquet"
    with tables.row_groups(path, {"n": "int64"}) as add:
        for start in range(0, 10, 4):
            add({"n": n} for n in range(start, min(start + 4, 10)))
    assert [row["n"] for row in tables.read_rows(path)] == list(range(10))
    assert pq.ParquetFile(path).num_row_groups == 3


def test_a_file_that_was_not_finished_is_not_there(tmp_path):
    """Nor what it would have become."""
    with suppress(ZeroDivisionError), tables.row_groups(tmp_path / "rows.parquet", {"n": "int64"}) as add:
        add([{"n": 1 // n} for n in (1, 0)])
    assert list(tmp_path.iterdir()) == []
