"""The curve of a training reaches W&B while it goes, and costs it nothing where it does not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ot_grid.config import Cluster, Tracking
from ot_grid.stages import train
from ot_grid.stages.training.live import GROUP, LiveCurve
from ot_grid.stages.work import Work
from tests.report.tracking.conftest import settings
from tests.report.tracking.server import Server
from tests.stages import tiny

pytestmark = pytest.mark.slow  # real W&B clients, and a training


def about(folder: Path) -> dict[str, Any]:
    return {"id": "train-12ab", "name": "length-12ab", "project": "p", "entity": "team", "folder": str(folder)}


def trained(curve: LiveCurve, steps: range, first: bool = True) -> None:
    """Call a callback as a trainer does."""
    state = SimpleNamespace(is_world_process_zero=first, global_step=0)
    curve.on_train_begin(None, state, None)
    for step in steps:
        state.global_step = step
        curve.on_log(None, state, None, logs={"loss": 3.0 - step / 10, "learning_rate": 1e-5, "epoch": 0.1})
    curve.on_log(None, state, None, logs={"train_runtime": 12.0})
    curve.on_train_end(None, state, None)


def test_each_step_arrives_and_a_training_that_goes_on_goes_on_there(server: Server, tmp_path: Path):
    """One run for both starts; its steps are numbered, so what was told before is not told twice."""
    trained(LiveCurve(about(tmp_path)), range(1, 4))
    trained(LiveCurve(about(tmp_path)), range(3, 6))
    run = server.told.runs["train-12ab"]
    assert run.about["groupName"] == GROUP
    assert [line["train/loss"] for line in run.lines] == pytest.approx([2.9, 2.8, 2.7, 2.6, 2.5])
    assert run.lines[0]["train/learning_rate"] == 1e-5
    assert list((tmp_path / "wandb").iterdir())


def test_other_processes_of_a_training_say_nothing(server: Server, tmp_path: Path):
    """The first one speaks for all."""
    trained(LiveCurve(about(tmp_path)), range(1, 3), first=False)
    assert "train-12ab" not in server.told.runs


def test_nobody_there_costs_the_training_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """It is said once, and the steps go on."""
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setattr("ot_grid.stages.training.live.BEGIN_SECONDS", 3)
    trained(LiveCurve(about(tmp_path)), range(1, 3))
    assert capsys.readouterr().out.count("W&B is told nothing more of this training") == 1


@pytest.mark.parametrize(
    ("how", "told"),
    [
        (settings(live=True), True),
        (settings(live=False), False),
        (settings("offline", live=True), False),
        (settings("off", live=True), False),
        (settings(), False),  # frozen by a version that did not have it
        (None, False),
    ],
)
def test_it_is_told_only_online_and_where_it_was_asked_for(how: Tracking | None, told: bool, tmp_path: Path):
    """The run's id is made from the key of the training."""
    out = tmp_path / "train" / "length-12ab34cd"
    work = Work("train", "", {}, [], out, None, Cluster("local"), print, how)  # type: ignore[arg-type]
    found = train._live(work)
    assert (found is not None) == told
    if found:
        assert (found["id"], found["project"], found["folder"]) == ("train-12ab34cd", "p", str(tmp_path))


def test_a_real_training_tells_its_curve(server: Server, tmp_path: Path):
    """Through the stage and the trainer's own process."""
    with tiny.trainings(tmp_path) as make:
        work = replace(make(tmp_path / "train-55ee"), tracking=settings(live=True))
        train.run(work)
    run = server.told.runs["train-55ee"]
    assert [line["train/loss"] for line in run.lines] == pytest.approx([loss for _, loss in work.log["loss"]], rel=1e-3)
