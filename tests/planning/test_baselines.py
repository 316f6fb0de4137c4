"""Models as they are, beside the cells of a sweep: planned once, whatever else a recipe chooses."""

from __future__ import annotations

from pathlib import Path

import pytest

from ot_grid import api
from ot_grid.errors import BadInput
from ot_grid.planning import freezing, frozen
from ot_grid.planning.packs import packs
from ot_grid.store import Store

GRID = ["filter=length,random", "teacher=qwq,r1"]
QWEN = "Qwen/Qwen2.5-7B-Instruct"


def labels(*overrides: str, **options: object) -> list[str]:
    """The labels of a plan's cells."""
    return [cell.label for cell in api.plan(overrides, **options).cells]  # type: ignore[arg-type]


def test_the_student_and_the_teachers_are_evaluated_once_each():
    """After the cells; their keys hold no filter and no training."""
    plan = api.plan(GRID, baselines=["student", "teacher"])
    assert [cell.label for cell in plan.cells[4:]] == [
        f"baseline={name}" for name in (QWEN, "Qwen/QwQ-32B", "deepseek-ai/DeepSeek-R1")
    ]
    for cell in plan.cells[4:]:
        assert {plan.runs[key].stage for key in cell.runs} == {"benchmark", "eval"}
    assert plan.factors == {"filter": ("length", "random"), "teacher": ("qwq", "r1")}
    assert [cell.id for cell in plan.cells[:4]] == [cell.id for cell in api.plan(GRID).cells]


def test_training_nothing_beside_training_is_the_student_as_it_is():
    """`train=sft,none` of a grid is one model more, the same as --baseline student, and no factor of one cell."""
    plan = api.plan([*GRID, "train=sft_rehearsal,none"])
    assert [cell.label for cell in plan.cells if "baseline" in cell.coordinates] == [f"baseline={QWEN}"]
    assert plan.factors["train"] == ("sft_rehearsal",)
    asked = api.plan([*GRID, "train=sft_rehearsal"], baselines=["student"])
    assert {cell.id for cell in plan.cells} == {cell.id for cell in asked.cells}


def test_models_that_there_are_can_be_ranked_alone():
    """Where nothing trains, models are what is compared."""
    overrides = ["train=none", "model@train.student=qwq_32b,phi_4_reasoning_plus", "scale=ot_1k"]
    assert labels(*overrides) == [f"model@train.student={name}" for name in ("qwq_32b", "phi_4_reasoning_plus")]


def test_a_model_is_loaded_once_for_all_its_benchmarks():
    """As a student is; two models are two."""
    plan = api.plan(GRID, baselines=["student", "teacher"])
    own = [run for run in plan.runs.values() if run.stage == "eval" and "student" in run.reads]
    assert [len(pack.runs) for pack in packs(own)] == [3, 3, 3]


def test_it_is_frozen_and_comes_back(own_store: Path):
    """From its recipe alone; and the command says that it was asked for."""
    plan = api.plan(GRID, baselines=["teacher"])
    freezing.freeze(plan, api.artifacts_of(plan))
    kept = frozen.plan(Store(own_store), plan.name)
    assert list(kept.runs) == list(plan.runs)
    assert [cell.label for cell in kept.cells] == [cell.label for cell in plan.cells]
    assert "--baseline teacher" in frozen.find_sweep(Store(own_store), plan.name).command_line
    assert frozen.find_cell(Store(own_store), "baseline=Qwen/QwQ-32B")[1].id == plan.cells[4].id


def test_a_sweep_file_asks_for_them_and_the_command_line_comes_on_top(tmp_path: Path):
    """`baselines: [student]`; `--baseline` is instead of it."""
    (tmp_path / "sweeps").mkdir()
    (tmp_path / "sweeps" / "mine.yaml").write_text("vary: {filter: [length, random]}\nbaselines: [student]\n")
    assert labels("+sweep=mine", config_dir=str(tmp_path))[2:] == [f"baseline={QWEN}"]
    assert labels("+sweep=mine", config_dir=str(tmp_path), baselines=["teacher"])[2:] == ["baseline=Qwen/QwQ-32B"]
    assert labels("+sweep=mine", config_dir=str(tmp_path), baselines=[])[2:] == []


@pytest.mark.parametrize(
    ("asked", "overrides", "told"),
    [
        (["studnet"], GRID, "baseline 'studnet' is none; did you mean 'student'"),
        (["teacher"], ["filter=length,random", "teacher=reference"], "no recipe here names a model for it"),
    ],
)
def test_what_cannot_be_is_told(asked: list[str], overrides: list[str], told: str):
    """With the nearest word, or why there is none."""
    with pytest.raises(BadInput, match=told):
        api.plan(overrides, baselines=asked)


def test_a_choice_that_trains_nothing_takes_a_student_and_nothing_else():
    """A learning rate of no training is a mistake."""
    with pytest.raises(BadInput, match="train has no setting 'seed': it does nothing"):
        api.plan(["train=none", "+train.seed=1"])
