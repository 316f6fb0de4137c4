"""The questions of a benchmark, loaded and checked once."""

from __future__ import annotations

import json

import pytest

from ot_grid import tables
from ot_grid.errors import BadInput
from ot_grid.stages import benchmark

COLUMNS = {"question": "question", "answer": "answer", "solution": None}


@pytest.fixture
def reads(tmp_path):
    """Write rows as a benchmark's file, and return what its stage reads."""

    def write(*rows, **more):
        path = tmp_path / "bench.jsonl"
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        data = {"function": "jsonl", "path": str(path), "columns": COLUMNS, "answer_pattern": None, "domain": "math"}
        return {"benchmark": {"name": "bench", "data": {**data, **more}}}

    return write


def row(question="1+1?", answer="2"):
    return {"question": question, "answer": answer}


def test_questions_are_frozen_in_the_order_of_the_data(work, reads):
    """The artifact holds every question with its known answer, and the record what pins the file."""
    run = work(reads(row(), row("2+2?", "4")))
    assert benchmark.run(run) == {"questions": 2, "dropped": 0}
    assert [(q.text, q.answer, q.source) for q in tables.read_questions(run.out)] == [
        ("1+1?", "2", "bench"), ("2+2?", "4", "bench"),
    ]  # fmt: skip
    assert list(run.log["files"]) == [run.reads["benchmark"]["data"]["path"]]


def test_equal_questions_and_empty_ones_are_dropped_with_a_reason(work, reads, reasons):
    """A question that comes again with the same answer is asked once."""
    run = work(reads(row(), row(), row("  ", "5")))
    assert benchmark.run(run) == {"questions": 1, "dropped": 2}
    assert sorted(reasons(run.out).values()) == ["no text", "there already"]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([], "no questions among its 0 rows"),
        ([row(" ")], "no questions among its 1 rows"),
        ([row(), row("2+2?", "")], r"1 of 2 questions have no known answer, e\.g\. '2\+2\?'"),
        ([row(), row(answer="3")], r"1 questions come again with another answer, e\.g\. '1\+1\?'"),
        ([row(), {"question": "2+2?"}], "columns.answer='answer': there is no such column"),
    ],
)
def test_what_cannot_be_asked_is_bad_input(work, reads, rows, says):
    """No questions, no answers, answers that contradict each other, missing columns."""
    run = work(reads(*rows))
    with pytest.raises(BadInput, match=says):
        benchmark.run(run)
    assert not (run.out / "data").exists()


def test_all_problems_are_told_at_once(work, reads):
    """A user corrects a file once."""
    with pytest.raises(BadInput) as caught:
        benchmark.run(work(reads(row(), row(answer="3"), row("2+2?", ""))))
    assert len(caught.value.problems) == 2


def test_another_encoding_is_named(work, reads):
    """A file that is no UTF-8 is refused with its name, not read as something else."""
    fields = reads(row())
    path = fields["benchmark"]["data"]["path"]
    with open(path, "wb") as file:
        file.write(json.dumps(row("Wie gro\u00df?"), ensure_ascii=False).encode("latin-1"))
    with pytest.raises(BadInput, match=r"bench\.jsonl cannot be read as \.jsonl: 'utf-8' codec"):
        benchmark.run(work(fields))


@pytest.mark.parametrize(
    ("file", "count"),
    [("aime24.json", 30), ("aime25.json", 30), ("amc23.json", 40), ("math500.jsonl", 500), ("gsm8k_test.jsonl", 1319)],
)
def test_the_real_benchmarks_load_from_local_files(work, shared_data, file, count):
    """With `data.file` alone, the shipped YAML of a hub benchmark reads the local file of the same form."""
    import yaml

    from ot_grid.planning.recipe import shipped

    name = file.split(".")[0].removesuffix("_test")
    fields = yaml.safe_load((shipped("conf") / "eval" / f"{name}.yaml").read_text())
    fields["data"]["file"] = str(shared_data / file)
    run = work({"benchmark": {"name": name, "data": fields["data"]}})
    assert benchmark.run(run) == {"questions": count, "dropped": 0}
