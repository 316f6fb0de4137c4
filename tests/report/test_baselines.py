"""Models as they are stand beside the ranked table, measured alike, and take no rank."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable

import pytest

from ot_grid.report.page import html
from ot_grid.store import read_json, write_json
from tests.report.conftest import Made, answers, asked, key_of

MODEL = "org/a-model"
SHARES = {("length", "qwq"): 0.6, ("length", "r1"): 0.5, ("difficulty", "qwq"): 0.7, ("difficulty", "r1"): 0.4}


def beside(made: Made, name: str, share: float | None) -> str:
    """Add a model to a made sweep, with its scores where it has them; return its cell."""
    path = made.store.sweep(made.name) / "sweep.json"
    sweep = read_json(path)
    runs = [made.run("eval", benchmark, name) for benchmark in made.benchmarks]
    cell = {"cell": key_of(name)[:8], "label": f"baseline={name}", "coordinates": {"baseline": name}, "runs": runs}
    write_json(path, {**sweep, "cells": [*sweep["cells"], cell]})
    for benchmark in made.benchmarks if share is not None else ():
        made.answered(benchmark, answers(share, 40, 4), name)
    return str(cell["cell"])


@pytest.fixture
def four(make: Callable[..., Made]) -> Made:
    """Four finished cells of 40 questions."""
    made = make()
    made.complete(SHARES, questions=40)
    return made


def test_the_ranking_is_the_same_with_and_without_them(four: Made):
    """Also where one scores more than every cell: it wins nothing, and no comparison is counted for it."""
    before = asked(four.store, four.name)
    beside(four, MODEL, 0.95)
    after = asked(four.store, four.name)
    assert after.table.equals(before.table)
    assert after.factors.equals(before.factors)
    assert after.verdict == before.verdict
    assert after.complete
    assert list(csv.reader(io.StringIO(after.to_csv()))) == list(csv.reader(io.StringIO(before.to_csv())))


def test_they_are_held_against_the_reference_on_the_same_questions(four: Made):
    """Difference, interval and test are those of any pair of cells; two are corrected as two."""
    low, high = beside(four, MODEL, 0.1), beside(four, "org/b", 0.6)
    made = asked(four.store, four.name)
    rows = {row["cell"]: row for row in made.beside.to_dict("records")}
    assert rows[low]["mean"] == pytest.approx(10)
    assert rows[low]["difference"] == pytest.approx(-50)
    assert rows[low]["diff_low"] < -50 < rows[low]["diff_high"] < 0
    assert (rows[low]["verdict"], rows[high]["verdict"]) == ("resolved", "not resolved")
    assert rows[high]["difference"] == pytest.approx(0)
    assert rows[low]["score:sums"] == pytest.approx(10)
    assert list(made.beside["cell"]) == [high, low]


def test_they_are_shown_in_every_form_that_is_read(four: Made):
    """Text, Markdown, JSON and the page; the first table stays the ranked one."""
    cell = beside(four, MODEL, 0.1)
    made = asked(four.store, four.name)
    text = made.to_text()
    assert text.index("RANKED CELLS") < text.index("BASELINES: models as they are") < text.index("WHAT STANDS BEHIND")
    assert all(len(line) <= 100 for line in text.splitlines())
    assert MODEL in made.to_markdown()
    told = json.loads(made.to_json())["baselines"]
    assert [(row["baseline"], row["cell"]) for row in told] == [(MODEL, cell)]
    assert '"baselines"' in html(made)


def test_one_that_is_not_evaluated_is_told_and_the_report_is_not_complete(four: Made):
    """As a cell is."""
    cell = beside(four, MODEL, None)
    made = asked(four.store, four.name)
    assert not made.complete
    assert any(note.startswith(f"Baseline {MODEL} ({cell}) is partial: 2 of 2 benchmarks") for note in made.notes)
    assert made.beside["mean"].isna().all()


def test_without_a_finished_cell_they_are_shown_alone(make: Callable[..., Made]):
    """The model before training is often the first that is there."""
    made = make()
    made.sweep()
    beside(made, MODEL, 0.3)
    report = asked(made.store, made.name)
    assert list(report.beside["mean"]) == pytest.approx([30])
    assert report.beside["difference"].isna().all()
    assert "BASELINES" in report.to_text()


def test_training_noise_that_is_given_widens_their_intervals(four: Made):
    """It is a property of students; what is compared with one has it too."""
    beside(four, MODEL, 0.1)
    width = [
        float((made.beside["diff_high"] - made.beside["diff_low"]).iloc[0])
        for made in (asked(four.store, four.name), asked(four.store, four.name, training_noise=3.0))
    ]
    assert width[1] > width[0] + 3


def test_a_later_scoring_is_read_with_and_without_them(four: Made):
    """Of a model beside the cells, too, where it was scored again."""
    for point in four.points:
        for benchmark in four.benchmarks:
            four.rescored(benchmark, "strict", answers(0.2, 40, 4), *point)
    assert asked(four.store, four.name, grade="strict").complete
    beside(four, MODEL, 0.1)
    for benchmark in four.benchmarks:
        four.rescored(benchmark, "strict", answers(0.3, 40, 4), MODEL)
    made = asked(four.store, four.name, grade="strict")
    assert list(made.beside["mean"]) == pytest.approx([30])
