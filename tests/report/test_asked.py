"""What a reader asks of a report: weights, published scores beside measured ones, where to write it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from ot_grid import api
from ot_grid.errors import BadInput
from tests.report.conftest import Made, answers, asked


def published(folder: Path, *lines: str) -> Path:
    """Write a file of published scores."""
    path = folder / "published.csv"
    path.write_text("\n".join(["cell,benchmark,score,se", *lines]) + "\n")
    return path


def test_published_scores_rank_beside_measured_ones_where_one_cell_collapses(make, tmp_path):
    """No question of a published score is known: it is held against nothing, and the collapse is still seen."""
    made: Made = make(benchmarks=("sums", "gcd", "products"))
    made.sweep()
    for number, point in enumerate(made.points):
        made.trained(*point)
        for name in made.benchmarks:
            share = 0.05 if (number, name) == (3, "sums") else 0.5
            made.answered(name, answers(share, 80, 2), *point)
    alone = asked(made.store, None)
    scores = published(tmp_path, *(f"paper,{name},50,0.4" for name in made.benchmarks))
    both = asked(made.store, None, scores=scores)
    flagged = alone.table[alone.table["status"].str.startswith("flagged")]
    assert len(flagged) == 1
    assert list(both.table[both.table["status"].str.startswith("flagged")]["cause"]) == list(flagged["cause"])
    assert both.table.set_index("cell").loc["paper", "rank"] >= 1
    assert pd.notna(both.table.set_index("cell").loc["paper", "difference"])


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_a_weight_is_a_number_from_zero_on(made, weight):
    made.complete()
    with pytest.raises(BadInput, match=r"--weigh sums=\S+ is no weight; give 0 or more"):
        asked(made.store, None, weights={"sums": weight})


def test_weights_leave_something_that_counts(made):
    made.complete()
    with pytest.raises(BadInput, match="--weigh leaves nothing that counts"):
        asked(made.store, None, weights={"sums": 0.0, "gcd": 0.0})


def test_a_folder_that_cannot_be_written_to_is_said_with_the_way_out(made, tmp_path):
    made.complete()
    (tmp_path / "file").write_text("mine")
    with pytest.raises(BadInput, match=r"nothing can be written to .*file \(.*\); name another folder: --to FOLDER"):
        api.report(place=made.store.root, to=tmp_path / "file")
    assert (tmp_path / "file").read_text() == "mine"


def test_published_rows_say_of_nothing_unknown_that_it_is_nought(make, tmp_path):
    """No cost, no questions; and where no benchmark is common to all, each row says that it lacks one."""
    made: Made = make()
    made.complete()
    text = asked(made.store, None, scores=published(tmp_path, "paper,sum,50,0.4")).to_text()
    coverage = text[text.index("WHAT STANDS BEHIND") :].splitlines()
    assert next(line.split()[2:] for line in coverage if " paper " in line) == ["-"] * 10
    assert "paper is complete: it has no benchmark that every cell has" in text


@pytest.mark.parametrize(("questions", "said"), [(1, "There are too few questions"), (60, "Nothing varies")])
def test_what_cannot_be_known_is_not_given_as_a_number(made, questions, said):
    """With one question, or with the same answers everywhere, no difference is said to be found in 80 % of cases."""
    made.sweep()
    for number, point in enumerate(made.points):
        made.trained(*point)
        for name in made.benchmarks:
            share = 0.5 if questions > 1 else float((number, name) in [(1, "sums"), (2, "gcd"), (3, "sums")])
            made.answered(name, answers(share, questions, 1), *point)
    text = " ".join(asked(made.store, None).to_text().split())
    assert said in text
    assert "in 80 % of cases" not in text
    assert "nan" not in text


def test_a_factor_explains_nothing_where_all_cells_are_equal(made):
    """Not all of what rounding leaves."""
    made.sweep()
    for point in made.points:
        made.trained(*point)
        for name in made.benchmarks:
            made.answered(name, answers(0.5, 60, 3), *point)
    assert asked(made.store, None).factors["share"].isna().all()


@pytest.mark.parametrize(("draws", "said"), [(1, "give at least 100"), (10_000_000, "give at most 1000000")])
def test_draws_are_enough_and_no_more_than_memory_holds(made, draws, said):
    made.complete()
    with pytest.raises(BadInput, match=said):
        asked(made.store, None, draws=draws)


def test_from_python_a_report_has_the_commands_defaults(made, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """The store of OT_GRID_STORE, else ./store; the sweep asked for last; written beside it."""
    made.complete()
    report = api.report()
    assert report.sweep.name == made.name
    assert (made.store.sweep(made.name) / "report.html").exists()
    monkeypatch.delenv("OT_GRID_STORE")
    monkeypatch.chdir(tmp_path)
    assert api.report().table.equals(report.table)
    assert [row.key for row in api.show(made.id("length", "qwq")).stages][:1] != []
