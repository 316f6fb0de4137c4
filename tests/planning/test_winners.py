"""A sweep goes on from what won another, as its report says, or from a cell that somebody names."""

from __future__ import annotations

from pathlib import Path

import pytest

from ot_grid import api
from ot_grid.errors import BadInput
from ot_grid.planning import freezing, frozen
from ot_grid.planning.plan import Plan, StageRun
from ot_grid.stages.eval import MATRIX
from ot_grid.status.plans import plan_data, plan_text
from ot_grid.store import Store, write_json
from ot_grid.tables import write_rows
from tests.report.conftest import answers, matrix_rows

FILTERS = """
question: Which filter?
base: [scale.questions=8, train.epochs=2, teacher=phi]
vary: {filter: [length, random]}
repeat: {train.seed: [1, 2]}
"""


@pytest.fixture
def conf(tmp_path: Path, own_store: Path) -> Path:
    """A folder with the sweep of a first step."""
    folder = tmp_path / "conf"
    (folder / "sweeps").mkdir(parents=True)
    (folder / "sweeps" / "filters.yaml").write_text(FILTERS)
    return folder


def planned(conf: Path, text: str, *overrides: str) -> Plan:
    """The plan of a second step, with this in its file."""
    (conf / "sweeps" / "samples.yaml").write_text(text)
    return api.plan(["+sweep=samples", *overrides], config_dir=str(conf))


def first_step(conf: Path, **shares: float) -> Plan:
    """The first step, evaluated and reported: of the questions, each filter has its share right; without one, none."""
    plan = api.plan(["+sweep=filters"], config_dir=str(conf))
    freezing.freeze(plan, api.artifacts_of(plan))
    for cell in plan.cells:
        share = shares.get(cell.coordinates["filter"])
        for run in (plan.runs[key] for key in cell.runs):
            if share is not None and run.stage == "eval":
                evaluated(plan, run, share)
    api.report(plan.name, place=plan.runtime.store)
    return plan


def evaluated(plan: Plan, run: StageRun, share: float) -> None:
    """Write an evaluation as its stage does."""
    folder = api.artifacts_of(plan).folder(run)
    write_rows(folder / "data" / "matrix.parquet", matrix_rows(answers(share, 200, 2)), MATRIX)
    told = {"counts": {"questions": 200, "repeats": 2}, "usage": {"bought": 0, "reused": 0, "output_tokens": 0}}
    write_json(folder / "record.json", {"key": run.key, "stage": "eval", "seconds": 1.0, **told})


def test_it_goes_on_from_the_recipe_that_won(conf: Path):
    """With all that was fixed for it, without what repeated in it, under what is written on top."""
    before = first_step(conf, length=0.4, random=0.8)
    plan = planned(conf, "base: [{winner: filters}, train.epochs=3]\nvary: {samples: [x1, x4]}")
    chosen = plan.cells[0].recipe
    assert chosen.choices["filter"] == "random"
    assert chosen.choices["teacher"] == "phi"
    assert (chosen["scale"]["questions"], chosen["train.epochs"], chosen["train.seed"]) == (8, 3, 42)
    assert [cell.label for cell in plan.cells] == ["samples=x1", "samples=x4"]
    assert plan.winner is not None
    assert (plan.winner.sweep, plan.winner.label, plan.winner.named) == (before.name, "filter=random", False)
    assert "is the best of 2" in plan.winner.evidence


def test_what_spoke_for_it_is_frozen_and_shown(conf: Path, own_store: Path):
    """In the plan, in the sweep that is kept, in its report."""
    first_step(conf, length=0.4, random=0.8)
    plan = planned(conf, "base: {winner: filters}\nvary: {samples: [x1, x4]}")
    freezing.freeze(plan, api.artifacts_of(plan))
    kept = frozen.find_sweep(Store(own_store), plan.name)
    assert kept.winner == plan.winner
    assert frozen.plan(Store(own_store), plan.name).winner == plan.winner
    assert any("goes on from: cell" in line and "is the best of 2" in line for line in plan_text(plan, []))
    assert plan_data(plan, [])["winner"]["label"] == "filter=random"
    made = api.report(plan.name, place=own_store)
    assert "Goes on from: cell" in made.to_text()
    assert '"goes_on_from"' in made.to_json()


def test_a_third_step_has_what_the_first_two_chose(conf: Path):
    """A chain of sweeps keeps the best choice of each step."""
    first_step(conf, length=0.4, random=0.8)
    second = planned(conf, "base: {winner: filters}\nvary: {samples: [x1, x4]}")
    freezing.freeze(second, api.artifacts_of(second))
    (conf / "sweeps" / "third.yaml").write_text("base: {winner: samples, cell: samples=x4}\nvary: {verify: [on, off]}")
    third = api.plan(["+sweep=third"], config_dir=str(conf))
    assert {(c.recipe.choices["filter"], c.recipe.choices["samples"]) for c in third.cells} == {("random", "x4")}


def test_the_command_line_comes_on_top(conf: Path):
    """Also over what won."""
    first_step(conf, length=0.4, random=0.8)
    plan = planned(conf, "base: {winner: filters}\nvary: {samples: [x1, x4]}", "teacher=r1", "filter=none")
    assert {(c.recipe.choices["filter"], c.recipe.choices["teacher"]) for c in plan.cells} == {("none", "r1")}


@pytest.mark.parametrize(
    ("shares", "told"),
    [
        ({"length": 0.5, "random": 0.5}, r"names no winner: Not resolved .* name the cell to go on with"),
        ({"length": 0.5}, "was not complete when it was reported last"),
    ],
)
def test_what_did_not_win_is_refused_unless_it_is_named(conf: Path, shares: dict[str, float], told: str):
    """A step is not decided by what looks best so far."""
    first_step(conf, **shares)
    with pytest.raises(BadInput, match=told):
        planned(conf, "base: {winner: filters}\nvary: {samples: [x1, x4]}")
    plan = planned(conf, "base: {winner: filters, cell: filter=length}\nvary: {samples: [x1, x4]}")
    assert plan.winner is not None
    assert plan.winner.named
    assert "named, and no winner" in str(plan.winner)


def test_a_sweep_without_a_report_or_none_at_all_is_told(conf: Path):
    """With what would make one."""
    with pytest.raises(BadInput, match=r"base goes on from the winner of 'filters', and .* has none"):
        planned(conf, "base: {winner: filters}\nvary: {samples: [x1, x4]}")
    plan = api.plan(["+sweep=filters"], config_dir=str(conf))
    freezing.freeze(plan, api.artifacts_of(plan))
    with pytest.raises(BadInput, match="has no report yet, so no winner: python -m ot_grid report filters-"):
        planned(conf, "base: {winner: filters}\nvary: {samples: [x1, x4]}")


def test_a_cell_that_is_none_and_a_sweep_of_before_are_told(conf: Path, own_store: Path):
    """By name; and a sweep that an older version froze is to be asked for again."""
    before = first_step(conf, length=0.4, random=0.8)
    with pytest.raises(BadInput, match="cell 'filter=lenght' is no cell of sweep"):
        planned(conf, "base: {winner: filters, cell: filter=lenght}\nvary: {samples: [x1, x4]}")
    path = Store(own_store).sweep(before.name) / "sweep.json"
    path.write_text(path.read_text().replace('"overrides"', '"as_before"'))
    with pytest.raises(BadInput, match=r"give its command again, which runs nothing twice: .* \+sweep=filters"):
        planned(conf, "base: {winner: filters}\nvary: {samples: [x1, x4]}")


def test_a_model_as_it_is_is_no_recipe_to_go_on_from(conf: Path):
    """It stands beside the cells, and has none of their choices."""
    plan = api.plan(["+sweep=filters"], config_dir=str(conf), baselines=["student"])
    freezing.freeze(plan, api.artifacts_of(plan))
    with pytest.raises(BadInput, match=r"is Qwen/Qwen2.5-7B-Instruct as it is, no recipe; name one that trains"):
        planned(conf, "base: {winner: filters, cell: baseline=Qwen/Qwen2.5-7B-Instruct}\nvary: {samples: [x1, x4]}")


@pytest.mark.parametrize(
    "base", ["{winner: samples}", "{cell: 3afc22e0}", "{winner: }", "[{winner: a}, {winner: b}]", "{winner: [a]}",
             "{winner: a, sel: b}"],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(conf: Path, base: str):
    """Itself; a cell of nothing; two at once; a key that is none."""
    with pytest.raises(BadInput, match="base"):
        planned(conf, f"base: {base}\nvary: {{samples: [x1, x4]}}")
