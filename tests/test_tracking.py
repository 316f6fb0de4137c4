"""W&B is told once, offline, by the real client."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from ot_grid import tracking
from ot_grid.config import Tracking

CELL = tracking.Tracked(
    id="abcd1234", name="filter=length [abcd1234]", coordinates={"filter": "length"}, recipe={"scale": {"rows": 4}},
    loss=[[1, 2.5], [2, 2.25]], summary={"mean": 41.5, "score:sums": 50.0},
)  # fmt: skip
TABLE = pd.DataFrame([{"rank": 1, "cell": "abcd1234", "mean": 41.5, "verdict": None}])


def offline(place: Path) -> Tracking:
    return Tracking(mode="offline", project="test", entity=None)


def test_off_tells_nothing(tmp_path: Path):
    """tracking=off writes nothing."""
    assert tracking.track(Tracking("off", "p"), tmp_path / "sweeps" / "s", "s", [CELL], TABLE) == 0
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_cell_is_told_once_with_group_tags_config_and_history(tmp_path: Path):
    """One run a cell and one with the ranked table; the same again tells nothing; a changed score is told anew."""
    folder = tmp_path / "sweeps" / "grid"
    assert tracking.track(offline(tmp_path), folder, "grid", [CELL], TABLE) == 2
    runs = sorted((tmp_path / "wandb").glob("offline-run-*"))
    assert len(runs) == 2
    assert tracking.track(offline(tmp_path), folder, "grid", [CELL], TABLE) == 0
    assert sorted((tmp_path / "wandb").glob("offline-run-*")) == runs
    told = [inspected(run) for run in runs]
    assert any("41.5" in text and "train/loss" in text for text in told)
    assert any("filter=length" in text for text in told)


def inspected(run: Path) -> str:
    """Return what wandb's own reader sees in an offline run."""
    line = [sys.executable, "-m", "wandb", "leet", "inspect", str(run), "--json"]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    raw = next(run.glob("*.wandb")).read_bytes().decode("latin1")
    return done.stdout + raw


def test_what_was_told_is_kept_beside_the_sweep(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Only cells whose numbers changed are told again."""
    seen: list[str] = []
    monkeypatch.setattr(tracking, "_cell", lambda settings, place, sweep, cell: seen.append(cell.id))
    monkeypatch.setattr(tracking, "_table", lambda *_: seen.append("table"))
    folder = tmp_path / "sweeps" / "grid"
    other = tracking.Tracked("ffff0000", "x", {}, {}, [], {"mean": 1.0})
    tracking.track(offline(tmp_path), folder, "grid", [CELL], TABLE)
    tracking.track(offline(tmp_path), folder, "grid", [CELL, other], TABLE)
    assert seen == ["abcd1234", "table", "ffff0000", "table"]
    assert set(json.loads((folder / tracking.TOLD).read_text())) == {"abcd1234", "ffff0000"}
