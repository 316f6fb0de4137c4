"""Cells that differ only in the training seed are one row, and say how much training itself scatters."""

from __future__ import annotations

import json

import numpy as np
import pytest

from ot_grid.report.build import build
from ot_grid.store import write_json
from tests.report.conftest import Made, asked

SEEDS = {"filter": ["length", "none"], "train.seed": ["1", "2", "3"]}


def shifted(make, shifts: dict[str, float], factors=SEEDS, questions: int = 200) -> Made:
    """A sweep whose cells are right in 50 % of the questions, and `shifts` more by training seed."""
    made = make(factors=factors)
    made.sweep()
    sweep = json.loads((made.store.sweep(made.name) / "sweep.json").read_text())
    write_json(made.store.sweep(made.name) / "sweep.json", {**sweep, "repeat": ["train.seed"]})
    random = np.random.default_rng(0)
    for point in made.points:
        made.trained(*point)
        for name in made.benchmarks:
            share = 0.5 + shifts[point[-1]] + (0.05 if point[0] == "none" else 0)
            made.answered(name, (random.random((questions, 4)) < share).tolist(), *point)
    return made


def test_seeds_are_averaged_over_and_no_factor(make):
    """Two recipes of three cells each are two rows, named by their first cell, with all members."""
    made = shifted(make, {"1": 0.0, "2": 0.1, "3": -0.1})
    report = build(made.store, None)
    assert list(report.table["seeds"]) == [3, 3]
    assert "train.seed" not in report.table
    assert list(report.table["cell"]) == [made.id("none", "1"), made.id("length", "1")]
    assert report.table["members"][0].split() == [made.id("none", seed) for seed in "123"]
    assert set(report.factors["factor"]) == {"filter"}
    assert len(report.benchmarks) == 12
    text = report.to_text()
    assert "averaged over training seeds, sd" in text
    assert "seeds" in text


def test_the_scatter_of_seeds_widens_every_error(make):
    """The same question noise, but students that land 10 points apart: the interval of the difference says so."""
    calm = build(shifted(make, dict.fromkeys("123", 0.0)).store, None)
    wild = build(shifted(make, {"1": 0.0, "2": 0.1, "3": -0.1}).store, None)
    width = [float((each.table["diff_high"] - each.table["diff_low"]).max()) for each in (calm, wild)]
    assert width[1] > 3 * width[0]
    assert wild.verdict.floor == pytest.approx(10.0, abs=1.5)
    assert calm.verdict.floor == pytest.approx(0.0, abs=2.5)
    assert wild.verdict.floor_from == "6 training seeds of 2 recipes"
    assert list(wild.table["verdict"]) == ["not resolved", "reference"]


def test_one_seed_a_cell_is_said_in_the_first_line(made):
    """A reader of the table alone knows what it does not cover."""
    made.complete()
    report = build(made.store, None)
    assert report.verdict.floor is None
    title = next(line for line in report.to_text().splitlines() if line.startswith("RANKED CELLS"))
    assert "training noise is NOT covered (one training seed a cell)" in title


def test_the_reference_lends_its_scatter_to_cells_of_one_seed(make):
    """Three seeds of the reference alone: its floor is in every interval, and the first line names where it is from."""
    made = shifted(make, {"1": 0.0, "2": 0.1, "3": -0.1})
    path = made.store.sweep(made.name) / "sweep.json"
    sweep = json.loads(path.read_text())
    kept = [
        c for c in sweep["cells"] if c["coordinates"]["filter"] == "length" or c["coordinates"]["train.seed"] == "1"
    ]
    write_json(path, {**sweep, "cells": kept})
    report = build(made.store, None)
    assert sorted(report.table["seeds"]) == [1, 3]
    assert f"training noise taken from 3 training seeds of {made.id('length', '1')}: sd" in report.to_text()
    row = report.table[report.table["verdict"] != "reference"].iloc[0]
    assert row["diff_high"] - row["diff_low"] > 30


def test_a_seed_that_failed_leaves_the_others(make):
    """The row is ranked on two students, and its cause says which is lacking."""
    made = shifted(make, dict.fromkeys("123", 0.0))
    (made.folder("eval", "gcd", "none", "2") / "record.json").unlink()
    report = build(made.store, None)
    row = report.table[report.table["filter"] == "none"].iloc[0]
    assert (row["seeds"], row["status"]) == (2, "complete")
    assert row["cause"].startswith(f"1 of 3 training seeds do not count: {made.id('none', '2')}: gcd: missing")
    assert not report.complete


def test_a_reference_is_found_by_any_of_its_seeds(make):
    """By a seed's id, or by the recipe without the seed."""
    made = shifted(make, dict.fromkeys("123", 0.0))
    first = asked(made.store, None, reference=made.id("none", "3"))
    assert first.reference == made.id("none", "1")
    assert "(filter=none, 3 training seeds)" in first.notes[0]
    assert asked(made.store, None, reference="filter=none").reference == first.reference


def test_only_seeds_varied_is_one_row(make):
    """A sweep over seeds alone measures the floor: nothing to compare, but a number."""
    made = shifted(make, {"1": 0.0, "2": 0.1, "3": -0.1}, factors={"filter": ["none"], "train.seed": ["1", "2", "3"]})
    report = build(made.store, None)
    assert len(report.table) == 1
    assert report.verdict.sentence == "One cell is ranked: there is nothing to compare it with."
    assert report.verdict.floor == pytest.approx(10.0, abs=2.5)
