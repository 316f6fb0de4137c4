"""What is behind the numbers is read off a real store, within limits, and never more than the report shows."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ot_grid.inference.replies import Purchase, Replies
from ot_grid.planning.frozen import find_sweep
from ot_grid.report import build as reports
from ot_grid.report.page import Evidence, PageLimits, collect, html
from ot_grid.report.page.outputs import Length, without_middle
from ot_grid.report.page.steps import kinds
from ot_grid.report.results import Reader
from ot_grid.rows import Reply, question
from ot_grid.stages.eval import MATRIX
from ot_grid.store import write_json
from ot_grid.tables import write_dropped, write_questions, write_rows
from tests.report.conftest import Made, answers, key_of, matrix_row
from tests.report.page.conftest import Opened

pytestmark = pytest.mark.slow  # a real browser

STUDENT = "student-0123456789abcdef-0123456789abcdef"
ASKED = {name: [question(f"{name}: {n} + {n}?", source=name, domain="math", answer=str(2 * n)) for n in range(10)]
         for name in ("sums", "gcd")}  # fmt: skip
SCORES = {"row": "string", "score": "double", "note": "string", "kept": "bool"}


def stored(made: Made) -> Made:
    """Fill a store as a finished sweep leaves it: questions, replies, matrices, scores, drops, datasets."""
    made.complete()
    replies = Replies(made.store.replies)
    for name in made.benchmarks:
        folder = made.store.new_folder("benchmark", name, key_of("benchmark", name))
        write_questions(folder, ASKED[name])
        write_json(folder / "record.json", {"key": key_of("benchmark", name), "counts": {"questions": 10}})
    for number, point in enumerate(made.points):
        for name in made.benchmarks:
            replies.append(list(answered(made, name, point, number)))
        taught(made, point)
    for choice in dict(made.factors)["filter"]:
        filtered(made, choice)
    replies.close()
    return made


def answered(made: Made, name: str, point: tuple[str, ...], number: int) -> Any:
    """Write a matrix that refers to replies, and yield those."""
    folder, rows = made.folder("eval", name, *point), []
    for line, scores in enumerate(answers(0.25 * (number % 4))):
        for repeat, score in enumerate(scores):
            digits = f"{made.benchmarks.index(name)}{number}{line}{repeat}".zfill(32)
            row = matrix_row(ASKED[name][line].row, repeat, score)
            rows.append({**row, "reply": f"{STUDENT}:{digits}"})
            text = f"{point} says {line + line} <b>{repeat}</b>"
            yield Purchase(Reply(f"{STUDENT}:{digits}", text, "stop", 9, 20), repeat, {}, {})
    write_rows(folder / "data" / "matrix.parquet", rows, MATRIX)
    write_json(folder / "recipe.json", {"inputs": [key_of("train", "sft", point), key_of("benchmark", name)]})


def taught(made: Made, point: tuple[str, ...]) -> None:
    import pyarrow as pa

    chat = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))
    kinds = {
        "prompt": chat,
        "completion": chat,
        "question": "string",
        "sample": "int64",
        "source": "string",
        "domain": "string",
    }
    row = {"prompt": [{"role": "user", "content": "What?"}], "completion": [{"role": "assistant", "content": "That."}],
           "question": "q", "sample": 0, "source": "numina", "domain": "math"}  # fmt: skip
    write_rows(made.folder("dataset", "chat", *point) / "data" / "dataset.parquet", [row] * 12, kinds)


def filtered(made: Made, choice: str) -> None:
    folder = made.folder("filter", choice, choice)
    kept, lost = ASKED["sums"][:6], ASKED["sums"][6:]
    write_questions(folder, kept)
    rows = [(each.row, 9.0 - n, "label", n < 6) for n, each in enumerate([*kept, *lost])]
    write_rows(folder / "data" / "scores.parquet", [dict(zip(SCORES, row, strict=True)) for row in rows], SCORES)
    write_dropped(
        folder, [{"row": each.row, "reason": f"rank {n} of 10", "score": 1.0} for n, each in enumerate(lost, 7)]
    )
    pool = made.store.new_folder("mix", "top2", key_of("mix"))
    write_questions(pool, ASKED["sums"])
    write_json(folder / "recipe.json", {"inputs": [key_of("mix")]})
    made.record("filter", choice, choice, counts={"questions_in": 10, "questions": 6})


def collected(made: Made, limits: PageLimits | None = None, **asked: Any) -> tuple[reports.Report, Evidence]:
    report = reports.build(made.store, None, reports.Asked(**asked))
    results = Reader(made.store).results(find_sweep(made.store, None))
    return report, collect(made.store, results, report, limits=limits)


def opened(evidence: Evidence, name: str) -> Any:
    return json.loads(gzip.decompress(base64.b64decode(evidence.blobs[name])))


def test_question_means_are_a_byte_each(made: Made):
    """Rows in the order of the table, questions in the order of their ids; 240 is always right."""
    report, evidence = collected(stored(made))
    about = evidence.index["benchmarks"][0]
    means = np.frombuffer(gzip.decompress(base64.b64decode(evidence.blobs[about["means"]])), np.uint8).reshape(4, 10)
    assert evidence.index["rows"] == list(report.table["cell"])
    assert means.sum(axis=1).tolist() == [240 * 8, 240 * 5, 240 * 2, 0]
    texts = opened(evidence, about["texts"])
    third = texts["ids"].index(ASKED["sums"][3].row)
    assert (texts["texts"][third], texts["answers"][third]) == ("sums: 3 + 3?", "6")
    assert means[:, third].tolist() == [240, 240, 0, 0]


def test_outputs_are_those_of_the_replies(made: Made):
    """Verdict, answer, tokens, finish reason and text of each repeat."""
    report, evidence = collected(stored(made))
    best = report.table["cell"][0]
    found = opened(evidence, evidence.index["outputs"]["gcd"][best])[ASKED["gcd"][2].row]
    assert [each[0] for each in found] == [0, 1, 2, 3]
    assert found[1][1:7] == ["right", 1.0, "7", "", "stop", 20]
    assert found[1][7].endswith("says 4 <b>1</b>")
    assert evidence.index["left_out"] == []


def test_steps_are_counted_by_reason_with_their_texts(made: Made):
    """Numbers are taken out of reasons, and a dropped question is found in what the step was given."""
    _, evidence = collected(stored(made))
    step = next(each for each in opened(evidence, evidence.index["steps"]) if each["stage"] == "filter")
    assert (step["in"], step["kept"], step["dropped"]) == (10, 6, 4)
    assert [(each["reason"], each["count"]) for each in step["reasons"]] == [("rank … of …", 4)]
    assert step["reasons"][0]["examples"][0]["text"] == "sums: 6 + 6?"
    assert sum(step["spread"]["kept"]) == 6
    assert step["kept_examples"][0]["text"] == "sums: 0 + 0?"


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("rank 17 of 3.2", "rank … of …"),
        ("same text: ab/c/0\n1: 2", "same text"),
        (None, "no reason given"),
        ("", "no reason given"),
    ],
)
def test_reasons_have_kinds(said: str | None, kind: str):
    assert kinds([said]) == [kind]


def test_traces_of_a_dataset_are_its_first_rows(made: Made):
    report, evidence = collected(stored(made), PageLimits(traces=3))
    rows = opened(evidence, evidence.index["datasets"][report.table["cell"][0]][0])["rows"]
    assert [(each["prompt"], each["completion"]) for each in rows] == [("What?", "That.")] * 3


def test_a_full_page_leaves_outputs_out_and_says_so(made: Made):
    """The reference comes first; of the others, what does not fit is named by its number."""
    _, whole = collected(stored(made))
    beside = sum(map(len, whole.blobs.values())) - outputs_of(whole)
    report, evidence = collected(made, PageLimits(size=beside + outputs_of(whole) // 2, rows=1))
    assert report.reference in evidence.index["outputs"]["sums"]
    assert 1 <= len(evidence.index["outputs"]["sums"]) < 4
    assert "rows are left out" in evidence.index["left_out"][0]


def outputs_of(evidence: Evidence) -> int:
    """Return the characters that outputs take of a page."""
    return sum(len(evidence.blobs[name]) for rows in evidence.index["outputs"].values() for name in rows.values())


def test_where_room_is_scarce_the_most_telling_questions_come_first(made: Made):
    """Every row has its share: questions on which rows differ, fewer repeats; the page says so."""
    _, whole = collected(stored(made))
    beside = sum(map(len, whole.blobs.values())) - outputs_of(whole)
    report, evidence = collected(made, PageLimits(size=beside + 3000, brief=Length(1, 12), rows=4))
    about = next(each for each in evidence.index["benchmarks"] if each["name"] == "gcd")
    packed = gzip.decompress(base64.b64decode(evidence.blobs[about["means"]]))
    spread = np.frombuffer(packed, np.uint8).reshape(4, 10).std(axis=0)
    shown = opened(evidence, evidence.index["outputs"]["gcd"][report.reference])
    ids = opened(evidence, about["texts"])["ids"]
    assert 0 < len(shown) < 10
    assert min(spread[ids.index(each)] for each in shown) >= max(spread[n] for n in range(10) if ids[n] not in shown)
    assert {len(replies) for replies in shown.values()} == {1}
    assert "8 evaluations are shown in part" in evidence.index["left_out"][-1]


def test_a_long_output_loses_its_middle():
    """What a model answers stands at the end."""
    text = without_middle("begin" + "x" * 5000 + "the answer is 4", 90)
    assert text.startswith("begin")
    assert text.endswith("the answer is 4")
    assert "(4,930 characters are left out here)" in text
    assert without_middle("short", 90) == "short"


def test_held_out_benchmarks_stay_unseen(make: Callable[..., Made]):
    """Neither scores nor questions nor outputs of what was not named are in a page."""
    made = stored(make(held_out=["gcd"]))
    _, evidence = collected(made)
    assert [each["name"] for each in evidence.index["benchmarks"]] == ["sums"]
    assert list(evidence.index["outputs"]) == ["sums"]
    said = "".join(gzip.decompress(base64.b64decode(pack)).decode("latin-1") for pack in evidence.blobs.values())
    assert "gcd: 3" not in said
    _, named = collected(made, held_out=["gcd"])
    assert {each["name"] for each in named.index["benchmarks"]} == {"sums", "gcd"}


def broken(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:40])


def test_what_is_gone_or_broken_does_not_stop_a_page(made: Made):
    """Broken files and lost replies leave holes, not errors."""
    stored(made)
    for path in made.store.replies.rglob("*.jsonl"):
        path.unlink()
    broken(made.folder("dataset", "chat", *made.points[0]) / "data" / "dataset.parquet")
    broken(made.folder("filter", "length", "length") / "dropped.parquet")
    broken(made.folder("filter", "length", "length") / "data" / "scores.parquet")
    broken(made.store.folder("benchmark", "sums", key_of("benchmark", "sums")) / "data" / "questions.parquet")
    report, evidence = collected(made)
    texts = {each["name"]: opened(evidence, each["texts"])["texts"] for each in evidence.index["benchmarks"]}
    assert texts["sums"] == [None] * 10
    found = opened(evidence, evidence.index["outputs"]["gcd"][report.reference])
    assert {each[7] for rows in found.values() for each in rows} == {None}


def test_nothing_is_done(made: Made):
    """A sweep of which nothing is done has no evidence, and a page."""
    made.sweep()
    report, evidence = collected(made)
    assert evidence.index["benchmarks"] == []
    assert html(report, evidence).startswith("<!doctype html>")


def test_a_real_store_is_drilled_down_in_the_browser(made: Made, show: Callable[..., Opened]):
    """From the store to the outputs of two cells, side by side."""
    report, evidence = collected(stored(made))
    page = show(html(report, evidence))
    page.near("#questions", "button.open")
    page.tab.locator("#questions button.open").first.click()
    page.tab.wait_for_selector("#outputs .side")
    assert "sums: " in page.text("#outputs pre.text")
    assert all("<b>0</b>" in each for each in page.all("#outputs .side"))
    page.quiet()
