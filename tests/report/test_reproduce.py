"""How well a cell that was run again agrees with the first time."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ot_grid import api, store
from ot_grid.errors import BadInput
from ot_grid.planning.plan import Plan
from ot_grid.report.reproduce import Agreement, compare
from ot_grid.store import Artifacts, Store
from tests.sweeps import local_sweep


def recorded(plan: Plan, place: Path, changed: Mapping[str, Mapping[str, Any]] = {}) -> Artifacts:
    """Fill a store with records of all stage runs; those of some stages say something else."""
    artifacts = Artifacts(Store(place))
    for run in plan.runs.values():
        said = {"key": run.key, "outputs": {"data/x.parquet": "1"}, "inputs": {"a": "1"}, "counts": {"rows": 3}}
        store.write_json(artifacts.folder(run) / store.RECORD, {**said, **changed.get(run.stage, {})})
    return artifacts


def compared(tmp_path: Path, changed: Mapping[str, Mapping[str, Any]]) -> dict[str, Agreement]:
    plan, _ = local_sweep()
    then, now = recorded(plan, tmp_path / "then"), recorded(plan, tmp_path / "now", changed)
    return {agreement.run.stage: agreement for agreement in compare(plan, then, now)}


def test_the_same_bytes_agree(tmp_path: Path):
    """Every stage run that is done in both stores is compared."""
    found = compared(tmp_path, {})
    assert all(agreement.same_outputs for agreement in found.values())
    assert str(found["mix"]).endswith("  same bytes")


def test_other_bytes_of_equal_inputs_are_broken_where_no_model_is(tmp_path: Path):
    """Training and sampling may differ, and say in what; a stage of rows may not."""
    other = {"outputs": {"data/x.parquet": "2"}, "counts": {"rows": 4}}
    found = compared(tmp_path, {"mix": other, "train": other})
    assert (found["mix"].broken, found["train"].broken) == (True, False)
    assert str(found["mix"]).endswith("BROKEN: equal inputs, other bytes: data/x.parquet; rows 3 -> 4")
    assert "differs (statistical)" in str(found["train"])


def test_other_inputs_break_nothing(tmp_path: Path):
    """What follows from a difference before it is none of its own."""
    found = compared(tmp_path, {"mix": {"outputs": {"data/x.parquet": "2"}, "inputs": {"a": "2"}}})
    assert not found["mix"].broken
    assert not found["mix"].same_outputs


def test_a_held_out_score_is_not_shown(tmp_path: Path):
    """The counts of an evaluation are its score."""
    plan = api.plan(["filter=none", "eval=[sums,gcd]", "eval.sums.held_out=true"])
    other = {"outputs": {"data/x.parquet": "2"}, "counts": {"right": 9}}
    then, now = recorded(plan, tmp_path / "then"), recorded(plan, tmp_path / "now", {"eval": other})
    told = {each.run.label: str(each) for each in compare(plan, then, now) if each.run.stage == "eval"}
    assert "rows 3 -> None" in told["gcd"]
    assert "rows" not in told["sums"]


def test_a_cell_is_not_reproduced_in_its_own_store():
    """Everything would be found there."""
    plan, artifacts = local_sweep()
    place = artifacts.place.root
    with pytest.raises(BadInput, match="is the store that the cell is from; give another folder"):
        api.reproduce(plan.cells[0].id, place=place, to=place)
