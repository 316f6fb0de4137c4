"""The real client tells a server on this machine: all of it, once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ot_grid.report.tracking import run_id, track
from tests.report.tracking.conftest import cell, overall, settings
from tests.report.tracking.server import KEY, Server

pytestmark = pytest.mark.slow  # real W&B clients, processes of their own

CELL, TABLE = run_id(settings(), "grid", "abcd1234"), run_id(settings(), "grid", "table")


def test_an_online_run_is_told_whole_and_once(server: Server, tmp_path: Path):
    """Config, tags, history, summary, artifacts with lineage, table and report arrive; the same again sends nothing."""
    folder = tmp_path / "store" / "sweeps" / "grid"
    told = track(settings(), folder, [cell(tmp_path / "a")], overall())
    assert (told.runs, told.waiting, told.problem) == (2, 0, None)
    _told_whole(server)
    _artifacts(server)
    _table_and_report(server, told.url)
    before = server.requests.total()
    again = track(settings(), folder, [cell(tmp_path / "a")], overall())
    assert (again.runs, again.problem, again.url) == (0, None, told.url)
    assert server.requests.total() == before
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


def _told_whole(server: Server) -> None:
    run = server.told.runs[CELL]
    assert run.complete
    assert run.about["groupName"] == "grid"
    assert run.about["tags"] == ["filter=length", "train.seed=1"]
    assert run.config["recipe"] == {"scale": {"rows": 4}, "filter": {"function": "length"}}
    assert run.config["choice"] == {"filter": "length", "train_seed": "1"}
    assert run.lines == [
        {"train/step": 10, "train/loss": 2.5},
        {"train/step": 20, "train/loss": 2.25},
        {"train/step": 30, "train/loss": 2},
    ]
    assert {"rank": 1, "mean": 41.5, "score/sums": 50, "seconds/train": 12.5}.items() <= run.summary.items()


def _artifacts(server: Server) -> None:
    """Dataset -> run -> model -> run -> evaluation; bytes only of what is small."""
    found = {each.asked["artifactCollectionName"]: each for each in server.told.artifacts.values()}
    dataset, model, evaluation = (found[name] for name in ("dataset-x-1", "model-x-2", "evaluation-sums-3"))
    assert (dataset.used_by, dataset.asked["runName"]) == ([CELL], None)
    assert (model.used_by, model.asked["runName"]) == ([CELL], CELL)
    assert (evaluation.used_by, evaluation.asked["runName"]) == ([], CELL)
    assert json.loads(model.asked["metadata"]) == {"key": "2", "made_from": ["dataset-x-1"]}
    sent = [path.rpartition("/")[2] for path in server.told.files]
    assert "matrix.parquet" in sent
    assert "model.safetensors" not in sent
    manifest = json.loads(server.told.files[f"/put/manifest/{model.id}"])
    assert manifest["contents"]["model.safetensors"]["ref"].startswith("file://")
    assert json.loads(server.told.files[f"/put/{model.id}/artifact.json"])["files"] == {"model.safetensors": "2" * 64}


def _table_and_report(server: Server, url: str | None) -> None:
    table = server.told.runs[TABLE]
    assert table.summary["verdict"] == "The data cannot tell the two apart."
    assert {"ranked", "factors", "forest"} <= set(table.summary)
    pictures = [content for path, content in server.told.files.items() if path.endswith(".png")]
    assert [content[:4] for content in pictures] == [b"\x89PNG"]
    assert list(server.told.views) == ["view:1"]
    assert url
    assert "view:1" in url
    assert "| 1 | abcd1234 |" in server.told.views["view:1"]["spec"]


def test_a_changed_cell_goes_on_with_its_own_run_and_report(server: Server, tmp_path: Path):
    """A score that changed changes the summary of the same run, adds no history, and writes the report in its place."""
    folder = tmp_path / "store" / "sweeps" / "grid"
    how = settings(artifacts="none")
    track(how, folder, [cell(tmp_path / "a")], overall())
    changed = cell(tmp_path / "a", summary={"mean": 42.5})
    told = track(how, folder, [changed, cell(tmp_path / "a", "ffff0000")], overall("One is better."))
    assert (told.runs, told.problem) == (3, None)
    assert len(server.told.runs) == 3
    assert server.told.runs[CELL].summary["mean"] == 42.5
    assert len(server.told.runs[CELL].lines) == 3
    assert (list(server.told.views), server.told.inserted) == (["view:1"], 1)
    assert "One is better." in server.told.views["view:1"]["spec"]


def test_a_student_trained_again_has_a_run_of_its_own(server: Server, tmp_path: Path):
    """Another loss curve is not added to the old one, whose run is marked and no longer among the cells."""
    folder, how = tmp_path / "store" / "sweeps" / "grid", settings(artifacts="none", report=False)
    track(how, folder, [cell(tmp_path / "a")], overall())
    again = cell(tmp_path / "a", loss=[[10, 1.5], [20, 1.25]])
    assert track(how, folder, [again], overall()).problem is None
    assert track(how, folder, [again], overall()).runs == 0
    kinds = {name: run.about["jobType"] for name, run in server.told.runs.items()}
    assert kinds.pop(CELL) == "superseded"
    assert kinds.pop(TABLE) == "table"
    (new,) = kinds
    assert kinds[new] == "cell"
    assert [line["train/loss"] for line in server.told.runs[new].lines] == [1.5, 1.25]
    assert [line["train/loss"] for line in server.told.runs[CELL].lines] == [2.5, 2.25, 2]


def test_files_are_sent_where_asked_for(server: Server, tmp_path: Path):
    """artifacts=files sends the bytes; artifacts=none tells of no artifact but the tables."""
    store = tmp_path / "store" / "sweeps"
    track(settings(artifacts="files", report=False), store / "one", [cell(tmp_path / "a")], overall())
    assert "model.safetensors" in [path.rpartition("/")[2] for path in server.told.files]
    known = len(server.told.artifacts)
    track(settings(artifacts="none", report=False), store / "two", [cell(tmp_path / "a")], overall())
    assert {each.asked["artifactTypeName"] for each in list(server.told.artifacts.values())[known:]} == {"run_table"}


@pytest.mark.parametrize("mode", ["off"])
def test_off_tells_nothing(server: Server, tmp_path: Path, mode: str):
    """tracking=off writes nothing and asks nothing."""
    assert track(settings(mode), tmp_path / "s" / "sweeps" / "grid", [cell(tmp_path / "a")], overall()).runs == 0
    assert not (tmp_path / "s").exists()
    assert not server.requests
