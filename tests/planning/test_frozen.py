"""What was submitted is frozen: nothing that is edited later touches it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ot_grid import api
from ot_grid.errors import BadInput, OtGridError
from ot_grid.planning import freezing, frozen
from ot_grid.planning.plan import Plan
from ot_grid.stages import dedup
from ot_grid.store import Store


def read(plan: Plan) -> Plan:
    """Return a plan as it comes back from the disk."""
    return frozen.plan_of(frozen.find_sweep(Store(plan.runtime.store), plan.name), plan.runtime)


def submitted(*overrides: str, config_dir: str | None = None) -> Plan:
    plan = api.plan(overrides, config_dir=config_dir)
    freezing.freeze(plan, api.artifacts_of(plan))
    return plan


def test_a_frozen_sweep_gives_the_same_plan(own_store: Path):
    """Planned again from its recipes alone, every key is the same: also the order of sources and benchmarks is kept."""
    plan = submitted("filter=length,difficulty,none", "verify=on,off", "mix=equal,top1")
    assert list(read(plan).runs) == list(plan.runs)
    assert [cell.id for cell in read(plan).cells] == [cell.id for cell in plan.cells]
    assert read(plan).banner == plan.banner


def test_editing_a_yaml_after_submission_changes_nothing(tmp_path: Path):
    """The frozen sweep keeps its keys; the edited choice is another recipe, under another name."""
    choice = tmp_path / "conf" / "filter" / "mine.yaml"
    choice.parent.mkdir(parents=True)
    choice.write_text("# Mine.\nfunction: random\nseed: 1\n")
    plan = submitted("filter=mine", config_dir=str(tmp_path / "conf"))
    choice.write_text("# Mine.\nfunction: random\nseed: 2\n")
    edited = submitted("filter=mine", config_dir=str(tmp_path / "conf"))
    assert list(read(plan).runs) == list(plan.runs)
    assert edited.name != plan.name
    assert set(edited.runs) != set(plan.runs)


def test_a_raised_version_is_told_and_not_passed_off_as_the_old_one(monkeypatch: pytest.MonkeyPatch):
    """Cells frozen by stages of another version cannot be planned again by this one."""
    plan = submitted("filter=none")
    monkeypatch.setattr(dedup, "VERSION", dedup.VERSION + 1)
    with pytest.raises(OtGridError, match="frozen by another version"):
        read(plan)


def test_a_name_is_not_given_twice():
    """A sweep's cells are not overwritten by others under the same name."""
    first = api.plan(["filter=none"])
    freezing.freeze(first, api.artifacts_of(first))
    other = api.plan(["filter=random"])
    with pytest.raises(BadInput, match="is there with other cells; give this one another --name"):
        freezing.freeze(Plan(**{**vars(other), "name": first.name}), api.artifacts_of(other))


def test_a_cell_is_found_by_id_beginning_and_coordinates_in_any_order():
    """And an unknown one is told with the nearest."""
    plan = submitted("filter=length,none", "teacher=qwq,r1")
    place, cell = Store(plan.runtime.store), plan.cells[1]
    for name in (cell.id, cell.id[:5], "filter=length teacher=r1", "teacher=r1 filter=length"):
        assert frozen.find_cell(place, name)[1].id == cell.id
    with pytest.raises(BadInput, match=r"no cell 'filter=lenght teacher=r1' .*did you mean 'filter=length teacher=r1'"):
        frozen.find_cell(place, "filter=lenght teacher=r1")


def test_a_part_of_the_coordinates_is_enough_where_one_cell_has_it():
    """Cells that differ in their training seed alone are told with their coordinates, to choose from."""
    plan = submitted("filter=length", "teacher=qwq,r1", "train.seed=1,2")
    place = Store(plan.runtime.store)
    with pytest.raises(BadInput, match=r"names 2 cells: .*\(teacher=r1 train\.seed=1\).*give the id of one"):
        frozen.find_cell(place, "teacher=r1")
    found = frozen.find_cell(place, "teacher=r1 train.seed=2")[1]
    assert (found.coordinates["teacher"], found.coordinates["train.seed"]) == ("r1", "2")
