"""Cells of other people's files: text and numbers pass, nothing is none, the rest is told with its way out."""

from __future__ import annotations

import datetime
import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ot_grid import tables
from ot_grid.errors import BadInput
from ot_grid.rows import Question
from ot_grid.stages import source, sources
from ot_grid.stages.sources.columns import cell, chat, text
from tests.stages.sources import forms

COLUMNS = {"question": "q", "answer": "a", "solution": None}


def choice(path: Path, **columns: Any) -> dict[str, Any]:
    named = {"name": "mine", "domain": "math", "path": str(path), "columns": {**COLUMNS, **columns}}
    return {"function": "jsonl", "answer_pattern": None, **named}


def loaded(path: Path, **columns: Any) -> list[Question]:
    return list(sources.load(choice(path, **columns), name="mine", domain="math"))


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("  4 ", "4"), ("", None), ("   ", None), (None, None), (float("nan"), None), (4, "4"), (-0.5, "-0.5"),
        (142.0, "142"), (2.0**53, "9007199254740992"), (10**30, "1" + "0" * 30), (1e-7, "1e-07"),
        (Decimal("1.50"), "1.50"), (b"4", "4"), ("\u00bd".encode(), "\u00bd"), ("nan", "nan"), ("None", "None"),
    ],
)  # fmt: skip
def test_text_and_numbers_pass(value: Any, read: str | None):
    """With their digits; what is no value is none, and what is written as text stays as it is written."""
    assert text(value, "columns.answer") == read


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (["4"], r"holds the list \['4'\], where text or a number belongs; name an item, e.g. mine.0"),
        ({"ground_truth": "4"}, "holds the object {'ground_truth': '4'}, .* e.g. mine.ground_truth"),
        ([{"role": "user", "content": "2+2?"}], "a chat is read with columns.messages=mine"),
        ([{"from": "human", "value": "2+2?"}], "a chat is read with columns.messages=mine"),
        (True, "holds the bool True"), (datetime.date(2026, 11, 28), "holds the date "), ((), "holds the list "),
        (b"\xff\xfe4", "that are no UTF-8"), ("half \ud800", "a lone surrogate"), (float("inf"), "which is no number"),
        (1e17, "whose last digits may be lost"), (Decimal("Infinity"), "which is no number"), (1j, "holds the complex"),
    ],
)  # fmt: skip
def test_anything_else_is_told_with_what_would_read_it(value: Any, told: str):
    """Nothing becomes text as Python writes it."""
    with pytest.raises(BadInput, match=r"columns\.answer='mine' ") as error:
        text(value, "columns.answer='mine'", "mine")
    error.match(told)


def test_a_path_reaches_into_objects_and_lists():
    """A column whose own name has a dot comes first; what is not there is told with what lies beside it."""
    prompt = [{"content": "a"}, {"content": "b"}]
    row = {"reward_model": {"ground_truth": "4", "style": "rule"}, "prompt": prompt, "x.y": 1}
    assert cell(row, "reward_model.ground_truth", "answer") == "4"
    assert (cell(row, "prompt.0.content", "question"), cell(row, "prompt.-1.content", "question")) == ("a", "b")
    assert cell(row, "x.y", "answer") == 1
    assert cell(row, ["prompt.9.content", "reward_model.style"], "answer") == "rule"
    assert cell(row, ["nowhere.at.all", None], "answer") is None
    with pytest.raises(BadInput, match=r"did you mean 'reward_model.ground_truth'\?"):
        cell(row, "reward_model.ground_thruth", "answer")
    with pytest.raises(BadInput, match="there is no such column"):
        cell({"a": "text"}, "a.0", "question")


@pytest.mark.parametrize(
    ("turns", "question", "answer"),
    [
        ([("user", "2+2?"), ("assistant", "4")], "2+2?", "4"),
        ([("system", "Be kind."), ("user", "2+2?")], "2+2?", None),
        ([("user", "hello"), ("assistant", "hi"), ("user", "2+2?"), ("assistant", "4")], "2+2?", "4"),
        ([("user", "hello"), ("assistant", "hi"), ("user", "2+2?")], "2+2?", None),
        ([("human", "2+2?"), ("gpt", "4")], "2+2?", "4"),
        ([("system", "Be kind.")], None, None),
    ],
)
@pytest.mark.parametrize("names", [("role", "content"), ("from", "value")])
def test_a_chat_asks_with_its_last_user_turn(names, turns, question, answer):
    """In both spellings; what the assistant said to it is the given trace."""
    assert chat([dict(zip(names, turn, strict=True)) for turn in turns], "columns.messages") == (question, answer)


def test_a_chat_of_parts_is_the_text_of_them():
    """Pictures and tools cannot be asked about."""
    parts = [{"type": "text", "text": "2+"}, {"type": "text", "text": "2?"}]
    assert chat([{"role": "user", "content": parts}], "columns.messages") == ("2+2?", None)
    parts.append({"type": "image_url", "image_url": "x"})
    with pytest.raises(BadInput, match="not all is text"):
        chat([{"role": "user", "content": parts}], "columns.messages")


@pytest.mark.parametrize(
    ("value", "told"),
    [("2+2?", "which is no chat"), ([], "which is no chat"), ([{"text": "a"}], "which is no chat"),
     ([{"role": "wizard", "content": "a"}], "a turn of 'wizard'"),
     ([{"role": "user", "content": {}}], "holds the object")],
)  # fmt: skip
def test_what_is_no_chat_is_told(value: Any, told: str):
    """With what a chat is."""
    with pytest.raises(BadInput, match=told):
        chat(value, "columns.messages")


def test_chats_of_a_file_are_questions_and_given_traces(tmp_path: Path):
    """The setting, from YAML to question."""
    rows = [{"conversations": [{"from": "user", "value": "2+2?"}, {"from": "assistant", "value": "<think>"}], "a": 4}]
    (question,) = loaded(forms.write(tmp_path / "chats.jsonl", rows), question=None, messages="conversations")
    assert (question.text, question.answer, question.solution) == ("2+2?", "4", "<think>")


@pytest.mark.parametrize(("text", "width"), [("q,a\n1,2\n3,4,5\n", 3), ("q,a\n1,2\n\n3\n", 1)])
def test_a_csv_row_of_another_width_is_told(tmp_path: Path, text: str, width: int):
    """More cells than the header, or fewer; an empty line is none."""
    path = tmp_path / "rows.csv"
    path.write_text(text)
    with pytest.raises(BadInput, match=rf"rows.csv line \d has {width} cells, and its header 2"):
        loaded(path)


@pytest.mark.parametrize("mark", [";", "\t", "|"])
def test_a_csv_without_commas_is_told(tmp_path: Path, mark: str):
    """Spreadsheets of many countries write semicolons."""
    path = tmp_path / "rows.csv"
    path.write_text(f"question{mark}answer\nWhat is 1, and 2?{mark}3\n")
    with pytest.raises(BadInput, match=rf"parted by {re.escape(repr(mark))}, not by commas"):
        loaded(path)


def test_a_csv_header_names_each_column_once(tmp_path: Path):
    """Else one of them would be read for both."""
    path = tmp_path / "rows.csv"
    path.write_text("q,a,a\n1,2,3\n")
    with pytest.raises(BadInput, match="the header has the column 'a' twice"):
        loaded(path)


def test_a_cell_may_be_long(tmp_path: Path):
    """A worked solution of a megabyte."""
    path = tmp_path / "rows.csv"
    path.write_text("q,a\n" + "x" * 1_000_000 + ",2\n")
    assert len(loaded(path)[0].text) == 1_000_000


def test_types_of_parquet_are_read_as_they_were_written(tmp_path: Path):
    """Short floats keep their digits, decimals their zeros, bytes are text, nulls are none."""
    path = tmp_path / "rows.parquet"
    kinds = {"short": pa.array([0.1, None], pa.float32()), "money": pa.array([Decimal("1.50"), None]),
             "raw": pa.array([b"4", None], pa.binary()), "when": pa.array([None, None], pa.timestamp("us")),
             "big": pa.array([16777216.0, 1.0], pa.float32()), "q": pa.array(["a", "b"])}  # fmt: skip
    pq.write_table(pa.table(kinds), path)
    for column, expected in {"short": ["0.1", None], "money": ["1.50", None], "raw": ["4", None],
                             "when": [None, None], "big": ["16777216", "1"]}.items():  # fmt: skip
        assert [question.answer for question in loaded(path, answer=column)] == expected, column


def test_a_row_that_cannot_be_read_is_told_with_file_line_value_and_setting(tmp_path: Path, work):
    """At plan time and at run time in the same words."""
    path = forms.write(tmp_path / "rows.jsonl", [{"q": "2+2?", "a": "4"}, "", {"q": {"text": "6+3?"}, "a": "9"}])
    told = rf"{path} line 3: columns.question='q' holds the object {{'text': '6\+3\?'}}, .*e.g. q.text"
    (problem,) = sources.check(choice(path))
    with pytest.raises(BadInput, match=told) as error:
        source.run(work({"source": choice(path)}))
    assert problem == str(error.value)


def test_what_is_dropped_is_named_by_its_line(tmp_path: Path, work):
    """A question that is null, NaN or empty; an answer that is none keeps its question."""
    rows = [{"q": "2+2?", "a": float("nan")}, {"q": None, "a": 1}, {"q": float("nan"), "a": 1}, {"q": " ", "a": 1}]
    run = work({"source": choice(forms.write(tmp_path / "rows.jsonl", [json.dumps(row) for row in rows]))})
    counts = source.run(run)
    assert (counts["questions"], counts["with_answer"], counts["dropped"]) == (1, 0, {"empty question": 3})
    lost = tables.read_rows(run.out / "dropped.parquet")
    assert [(row["row"], row["reason"]) for row in lost] == [(f"line {n}", "empty question") for n in (2, 3, 4)]
