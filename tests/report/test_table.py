"""Who is ranked, who is not, and what is said of each."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from scipy import stats

from ot_grid import attempts
from ot_grid.report.build import build
from ot_grid.store import write_json, write_text
from tests.report.conftest import answers, asked

FIRST, SECOND, THIRD, FOURTH = [(one, other) for one in ("length", "difficulty") for other in ("qwq", "r1")]


def fail(folder, outcome, message, log):
    attempts.end(folder, outcome, message, name=attempts.begin(folder, "7_0", log))


def row(report, made, point):
    return report.table[report.table["cell"] == made.id(*point)].iloc[0]


def test_the_best_cell_comes_first_with_all_its_numbers(made):
    """Mean of benchmark means in percent, coverage pooled, cost summed over the cell's stage runs."""
    made.complete({FIRST: 0.2, SECOND: 0.5, THIRD: 0.9, FOURTH: 0.4})
    report = build(made.store, None)
    assert list(report.table["rank"]) == [1, 2, 3, 4]
    best = report.table.iloc[0]
    assert (best["filter"], best["teacher"], best["cell"]) == (*THIRD, made.id(*THIRD))
    assert best["mean"] == pytest.approx(90.0)
    assert (best["score:sums"], best["questions"], best["repeats"], best["rows"]) == (pytest.approx(90.0), 20, "4", 42)
    assert (best["tokens"], best["seconds"], best["status"]) == (500, 50.0, "complete")
    assert best["difference"] == pytest.approx(70.0)
    assert best["verdict"] == "resolved"
    assert report.complete


def test_benchmarks_weigh_the_same_whatever_their_size(make):
    """100 easy questions do not drown 10 hard ones."""
    made = make(factors={"filter": ["length"]})
    made.sweep()
    made.trained("length")
    made.answered("sums", [[True]] * 100, "length")
    made.answered("gcd", [[False]] * 10, "length")
    assert build(made.store, None).table["mean"].tolist() == [50.0]


def test_equal_means_share_a_rank_and_the_next_is_skipped(made):
    """1, 2, 2, 4; ties stand in the order of the sweep."""
    made.complete({FIRST: 0.3, SECOND: 0.5, THIRD: 0.3, FOURTH: 0.1})
    table = build(made.store, None).table
    assert list(table["rank"]) == [1, 2, 2, 4]
    assert list(table["cell"][1:3]) == [made.id(*FIRST), made.id(*THIRD)]


def test_the_reference_is_the_first_cell_unless_it_is_named(made):
    """Its row says so, and differences change sign with it."""
    made.complete({FIRST: 0.2, SECOND: 0.9})
    first = build(made.store, None)
    assert first.reference == made.id(*FIRST)
    assert row(first, made, FIRST)["verdict"] == "reference"
    second = asked(made.store, None, reference="filter=length teacher=r1")
    assert row(second, made, FIRST)["difference"] == -row(first, made, SECOND)["difference"]
    assert row(second, made, SECOND)["verdict"] == "reference"


def test_a_cell_with_a_missing_benchmark_never_wins(made):
    """However good the benchmark that it has, it stands below, without rank and mean, with what is lacking."""
    made.complete({FOURTH: 1.0})
    (made.folder("eval", "gcd", *FOURTH) / "record.json").unlink()
    report = build(made.store, None)
    last = report.table.iloc[-1]
    assert last["cell"] == made.id(*FOURTH)
    assert pd.isna(last["rank"])
    assert pd.isna(last["mean"])
    assert last["score:sums"] == 100.0
    assert last["status"] == "partial: 1 of 2 benchmarks lacking"
    assert last["cause"] == "gcd: missing, not done yet; next is eval gcd"
    assert not report.complete
    assert "Not complete and not ranked: 1 of 4 cells" in " ".join(report.notes)


def test_a_failed_stage_is_the_cause_of_all_that_comes_after_it(made):
    """The first stage run that failed is named with class, message and log, once for both benchmarks."""
    made.complete()
    for name in ("sums", "gcd"):
        (made.folder("eval", name, *THIRD) / "record.json").unlink()
    folder = made.folder("train", "sft", *THIRD)
    (folder / "record.json").unlink()
    fail(folder, "out of memory", "CUDA\nout " + "x " * 900, "/logs/7_0.err")
    said = row(build(made.store, None), made, THIRD)
    assert said["status"] == "partial: 2 of 2 benchmarks lacking"
    assert said["cause"].startswith("sums, gcd: missing, train sft failed: out of memory: CUDA out x")
    assert said["cause"].endswith("...; log: /logs/7_0.err")
    assert len(said["cause"]) < 500


def test_a_failed_benchmark_tells_its_own_cause(made):
    """A failure in the evaluation itself is 'failed', not 'missing'; a broken line of its attempts is no crash."""
    made.complete()
    folder = made.folder("eval", "gcd", *SECOND)
    (folder / "record.json").unlink()
    fail(folder, "time limit", "4 h", "/logs/8.err")
    told = "gcd: failed, time limit: 4 h; log: /logs/8.err"
    assert row(build(made.store, None), made, SECOND)["cause"] == told
    for broken in ("{", "[]", '{"id": '):
        with (folder / attempts.FILE).open("a") as file:
            file.write(broken + "\n")
        assert row(build(made.store, None), made, SECOND)["cause"] == told


def test_a_record_outweighs_an_old_failure(made):
    """A stage run that failed and was done later is done."""
    made.complete()
    fail(made.folder("eval", "gcd", *SECOND), "bug", "x", "")
    assert build(made.store, None).complete


def test_broken_artifacts_keep_the_rest_of_the_report(made):
    """A corrupt matrix and a corrupt record are causes in their rows; the others are ranked."""
    made.complete()
    (made.folder("eval", "sums", *FIRST) / "data" / "matrix.parquet").write_bytes(b"junk")
    write_text(made.folder("eval", "sums", *SECOND) / "record.json", "{")
    report = build(made.store, None)
    assert report.table["rank"].notna().sum() == 2
    assert "cannot be read" in row(report, made, FIRST)["cause"]
    assert "not valid JSON" in row(report, made, SECOND)["cause"]


def test_an_incomplete_first_cell_hands_the_reference_on(made):
    """And the report says so; a reference that the user named is not replaced."""
    made.complete()
    (made.folder("eval", "sums", *FIRST) / "record.json").unlink()
    report = build(made.store, None)
    assert report.reference == made.id(*SECOND)
    assert f"the first cell of the sweep, {made.id(*FIRST)}, is not complete" in report.notes[0]
    named = asked(made.store, None, reference=made.id(*FIRST))
    assert named.reference is None
    assert named.table["difference"].isna().all()
    assert named.notes[0].startswith(f"No differences: the reference {made.id(*FIRST)} is not complete")


def test_a_sweep_with_nothing_done_is_still_a_report(made):
    """All cells are listed with what comes next."""
    made.sweep()
    report = build(made.store, None)
    assert len(report.table) == 4
    assert report.table["rank"].isna().all()
    assert report.table["cause"][0] == "sums, gcd: missing, not done yet; next is filter length (math)"
    assert report.notes[0].startswith("No differences: no cell is complete")
    for form in (report.to_text(), report.to_markdown(), report.to_csv(), report.to_json()):
        assert made.id(*FIRST) in form


def test_a_sweep_without_cells_or_benchmarks_is_still_a_report(make):
    """Nothing to rank is said, not raised."""
    empty = make(name="empty")
    empty.sweep()
    write_json(empty.store.sweep("empty") / "sweep.json", {"name": "empty", "command": [], "factors": {}, "banner": [],
               "created": "2026-01-01", "cells": []})  # fmt: skip
    report = build(empty.store, "empty")
    assert not report.complete
    assert all("no cell" in form for form in (report.to_text(), report.to_markdown(), report.to_json()))
    assert report.to_csv().startswith("rank,")
    bare = make(name="bare", benchmarks=())
    bare.sweep()
    assert build(bare.store, "bare").table["cause"][0].startswith("no benchmark belongs to this cell")


def test_cells_with_other_questions_are_not_passed_off_as_comparable(made):
    """Means, ranks and differences use the questions that all have, and the note says how many are left out."""
    made.complete({FIRST: 0.0, SECOND: 0.0})
    made.answered("sums", [[False]] * 10 + [[True]] * 10, *SECOND)
    report = build(made.store, None)
    assert row(report, made, SECOND)["mean"] == 0.0
    assert row(report, made, SECOND)["difference"] == 0.0
    assert "asked different questions" in " ".join(report.notes)
    assert "10 questions are left out" in " ".join(report.notes)


def test_cells_without_a_common_benchmark_are_listed_without_ranks(make):
    """There is nothing to compare, which is said, and nobody wins."""
    made = make(factors={"filter": ["length", "none"]})
    made.sweep()
    for choice, name in (("length", "sums"), ("none", "gcd")):
        made.trained(choice)
        made.answered(name, [[True]] * 10, choice)
    sweep = json.loads((made.store.sweep(made.name) / "sweep.json").read_text())
    for cell, other in zip(sweep["cells"], ("gcd", "sums"), strict=True):
        cell["runs"] = [run for run in cell["runs"] if run["label"] != other]
    write_json(made.store.sweep(made.name) / "sweep.json", sweep)
    report = build(made.store, None)
    assert report.table["rank"].isna().all()
    assert list(report.table["mean"]) == [100.0, 100.0]
    assert report.verdict.winner is None
    assert "have no benchmark in common" in report.verdict.sentence
    assert "no benchmark in common" in report.to_text()


def test_cut_and_unread_replies_are_pointed_at(made):
    """More than a fifth of the replies is worth a look before believing a score, also where a choice explains them."""
    made.complete()
    for point in (THIRD, FOURTH):
        made.answered("sums", [[False] * 4] * 10, *point, extracted=None, finish_reason="length")
    said = " ".join(build(made.store, None).notes)
    named = f"Look at {made.id(*FOURTH)}, {made.id(*THIRD)}"
    assert f"{named}: up to 50 % of the replies stopped by the token limit." in said
    assert "up to 50 % of the replies without an answer that could be found." in said


def test_a_factor_is_averaged_over_the_others(made):
    """length: (20 + 50) / 2, difficulty: (90 + 40) / 2, paired by question."""
    made.complete({FIRST: 0.2, SECOND: 0.5, THIRD: 0.9, FOURTH: 0.4})
    factors = build(made.store, None).factors.set_index(["factor", "choice"])
    assert factors.loc[("filter", "length"), "mean"] == pytest.approx(35.0)
    assert factors.loc[("filter", "difficulty"), "mean"] == pytest.approx(65.0)
    assert factors.loc[("filter", "length"), "difference"] == pytest.approx(-30.0)
    assert factors.loc[("filter", "length"), "verdict"] == "resolved"
    assert factors.loc[("filter", "difficulty"), "verdict"] == "best"
    assert list(factors["cells"]) == [2, 2, 2, 2]


def test_a_factor_with_one_choice_has_no_effect(make):
    """It stays a column of the ranked table; a lone cell has nothing to be compared with."""
    made = make(factors={"filter": ["length"]})
    made.complete()
    report = build(made.store, None)
    assert report.factors.empty
    assert "filter" in report.table
    assert "FACTORS" not in report.to_text()


def test_a_factor_with_cells_lacking_takes_factors_to_add_up(made):
    """Of a square with a corner lacking: what one factor does is read where the other is the same, and it is said."""
    made.complete({FIRST: 0.2, SECOND: 0.5, THIRD: 0.9, FOURTH: 0.4})
    (made.folder("eval", "sums", *FOURTH) / "record.json").unlink()
    report = build(made.store, None)
    factors = report.factors.set_index(["factor", "choice"])
    assert factors.loc[("filter", "length"), "difference"] == pytest.approx(20 - 90)
    assert factors.loc[("teacher", "qwq"), "difference"] == pytest.approx(20 - 50)
    assert (factors.loc[("filter", "difficulty"), "cells"], factors.loc[("filter", "difficulty"), "of"]) == (1, 2)
    assert report.interactions.empty
    assert "take factors to add up" in " ".join(report.notes)


def test_two_choices_together_can_be_more_than_their_sum(made):
    """(90 - 20 - 50 + 40) / 4 = 15 points on the diagonal of a square, as much off it with the other sign."""
    made.complete({FIRST: 0.2, SECOND: 0.5, THIRD: 0.9, FOURTH: 0.4}, questions=40)
    both = build(made.store, None).interactions.set_index("choices")["effect"]
    assert both["difficulty x qwq"] == pytest.approx((90 - 40 - 20 + 50) / 4)
    assert both["length x qwq"] == pytest.approx(-(90 - 40 - 20 + 50) / 4)
    assert "INTERACTIONS" in build(made.store, None).to_text()


def test_shared_stage_runs_count_in_each_cell_and_once_in_the_sweep(made):
    """4 cells share 2 filter runs: 5 stage runs a cell, 2 + 4 x 4 in all."""
    made.complete()
    report = build(made.store, None)
    assert list(report.table["tokens"]) == [500] * 4
    assert "The whole sweep: 18 stage runs, 1,800 tokens bought, 180 seconds" in report.notes[-1]


def test_gpu_hours_are_the_gpus_that_a_stage_run_held_times_its_hours(made):
    made.complete({})
    made.record("train", "sft", "length", "qwq", seconds=5400.0, where={"gpus": 8})
    table = asked(made.store, "first-light").table.set_index("cell")
    assert table.loc[made.id("length", "qwq"), "gpu_hours"] == 12
    assert table["gpu_hours"].sum() == 12


def test_each_benchmark_has_its_interval(made):
    """The frame of benchmarks has a row a cell and benchmark, with an interval around its mean."""
    made.complete({FIRST: 0.5})
    frame = build(made.store, None).benchmarks
    assert len(frame) == 8
    first = frame.iloc[0]
    assert (first["benchmark"], first["mean"]) == ("sums", 50.0)
    assert 0 <= first["low"] < 50 < first["high"] <= 100


def test_z_scores_are_those_of_scipy(make):
    """Averaged over benchmarks with their weights; where all rows score the same, a benchmark says nothing."""
    made = make(benchmarks=("sums", "gcd", "same"))
    made.sweep()
    shares = [(0.2, 0.9), (0.5, 0.8), (0.6, 0.4), (0.9, 0.5)]
    for point, (sums, gcd) in zip(made.points, shares, strict=True):
        made.trained(*point)
        for name, share in (("sums", sums), ("gcd", gcd), ("same", 0.5)):
            made.answered(name, answers(share, 40, 1), *point)
    table = asked(made.store, None, weights={"gcd": 2.0}).table.set_index("cell")
    one, other = (stats.zscore(column, ddof=1) for column in zip(*shares, strict=True))
    for place, point in enumerate(made.points):
        assert table.loc[made.id(*point), "z"] == pytest.approx((one[place] + 2 * other[place]) / 4)
