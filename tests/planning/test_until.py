"""Up to a stage: which stage runs are asked for, in which order, and that the rest goes on from there."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from ot_grid import api
from ot_grid.__main__ import main
from ot_grid.errors import BadInput
from ot_grid.planning import freezing, frozen
from ot_grid.store import Store

GRID = ["filter=length,random", "verify=on,off", "samples=x1,x4"]
# No model and no hub: questions that are made, and the answers that are known.
DATA = ["filter=random", "filter.seed=1,2", "teacher=reference", "source=gsm_symbolic", "mix=top1", "scale.questions=4"]


def test_stages_come_one_after_the_other_over_all_cells():
    """None after the one that is named, each with all that it needs before it."""
    whole, part = api.plan(GRID), api.plan(GRID, until="dataset").asked()
    stages = [stage for stage, _ in itertools.groupby(run.stage for run in part.runs.values())]
    assert stages == ["source", "mix", "filter", "dedup", "traces", "verify", "dataset"]
    assert [cell.id for cell in part.cells] == [cell.id for cell in whole.cells]
    assert part.naive == sum(len(cell.runs) for cell in part.cells) < whole.naive
    assert all(parent in part.runs for run in part.runs.values() for parent in run.inputs)


@pytest.mark.parametrize(("until", "last"), [("source", "source"), ("verify", "verify"), ("eval", "eval")])
def test_any_stage_may_be_the_last(until: str, last: str):
    """Also one that not every cell has, and the last of all."""
    assert list(api.plan(GRID, until=until).asked().runs.values())[-1].stage == last


def test_no_stage_is_told_with_the_nearest():
    """Before anything runs."""
    with pytest.raises(BadInput, match=r"--until 'datset' is no stage; did you mean 'dataset'"):
        api.plan(GRID, until="datset").asked()


def test_what_is_frozen_is_the_whole_sweep_and_up_to_where(tmp_path: Path):
    """So that jobs that heal go no further, reports know every cell, and the next command may."""
    part = api.plan([*GRID, f"store={tmp_path}"], until="traces")
    freezing.freeze(part, api.artifacts_of(part))
    kept = frozen.plan(Store(tmp_path), None)
    assert {run.stage for run in kept.runs.values()} == {run.stage for run in part.asked().runs.values()}
    whole = api.plan([*GRID, f"store={tmp_path}"])
    assert whole.name == part.name
    freezing.freeze(whole, api.artifacts_of(whole))
    assert list(frozen.plan(Store(tmp_path), None).runs) == list(whole.runs)


@pytest.mark.slow
def test_the_data_work_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Two datasets and no training; status counts what was asked for, and a second time nothing is left."""
    monkeypatch.chdir(tmp_path)
    words = ["-m", *DATA, "--until", "dataset"]
    assert main(words) == 0
    assert "done up to dataset; the same command without --until goes on from there" in capsys.readouterr().out
    made = {path.name for path in (tmp_path / "store").iterdir() if path.is_dir()}
    assert "dataset" in made
    assert not made & {"train", "benchmark", "eval"}
    assert main(["status"]) == 0
    assert "2 of 2 cells complete, up to dataset;" in capsys.readouterr().out
    assert main(["plan", *words]) == 0
    assert "0 to run, up to dataset" in capsys.readouterr().out
    assert main(["plan", "-m", *DATA]) == 0
    assert "benchmark" in capsys.readouterr().out
