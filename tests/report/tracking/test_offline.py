"""Offline runs, synced later by wandb itself, are the same as online ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ot_grid.report.tracking import run_id, track
from tests.report.tracking.conftest import cell, overall, settings
from tests.report.tracking.server import KEY, Server, serving

pytestmark = pytest.mark.slow  # real W&B clients, processes of their own


def sync(store: Path, url: str) -> None:
    """Do what a user does on a machine with network."""
    environment = {**os.environ, "WANDB_BASE_URL": url, "WANDB_API_KEY": KEY}
    environment.pop("WANDB_MODE", None)
    line = [sys.executable, "-m", "wandb", "sync", "--yes", str(store / "wandb")]
    done = subprocess.run(line, env=environment, cwd=store, capture_output=True, text=True, check=False, timeout=600)
    assert done.returncode == 0, done.stdout + done.stderr


def test_synced_offline_runs_are_what_online_runs_are(server: Server, tmp_path: Path):
    """History, config, summary, tags and artifacts of an offline run, synced, equal those of the online run."""
    store, other = tmp_path / "store", tmp_path / "other"
    offline = settings("offline")
    assert track(offline, store / "sweeps" / "grid", [cell(tmp_path / "a")], overall()).runs == 2
    assert track(offline, store / "sweeps" / "grid", [cell(tmp_path / "a")], overall()).runs == 0
    assert not server.requests
    track(settings(), other / "sweeps" / "grid", [cell(tmp_path / "a")], overall())
    with serving() as second:
        sync(store, second.url)
        for name, online in server.told.runs.items():
            synced = second.told.runs[name]
            assert _plain(synced.lines) == _plain(online.lines)
            assert synced.config == online.config
            assert _plain([synced.summary]) == _plain([online.summary])
            assert synced.about["tags"] == online.about["tags"]
            assert synced.about["groupName"] == online.about["groupName"]
        assert set(second.told.runs) == set(server.told.runs)
        assert _digests(second) == _digests(server)
        told = track(offline, store / "sweeps" / "grid", [cell(tmp_path / "a", summary={"mean": 1.0})], overall())
        assert (told.runs, told.problem) == (1, None)
        sync(store, second.url)
        again = second.told.runs[run_id(offline, "grid", "abcd1234")]
        assert (again.summary["mean"], again.summary["train/loss"], len(again.lines)) == (1, 2, 3)


def _plain(rows: list[dict[str, object]]) -> list[dict[str, object]]:
    """Return rows without what names a moment or one upload: tables name the artifact of their own client."""
    return [{name: value for name, value in row.items() if name[0] != "_" and not isinstance(value, dict)}
            for row in rows]  # fmt: skip


def _digests(server: Server) -> set[str]:
    return {name for name in server.told.artifacts if not name.startswith("run-")}


def test_a_changed_cell_leaves_one_offline_run(tmp_path: Path):
    """Two offline runs of one id would be synced in any order, so the first goes; one that was synced stays."""
    store, offline = tmp_path / "store", settings("offline", artifacts="none")
    folder = store / "sweeps" / "grid"
    track(offline, folder, [cell(tmp_path / "a")], overall())
    first = sorted((store / "wandb").glob("offline-run-*"))
    track(offline, folder, [cell(tmp_path / "a", summary={"mean": 1.0})], overall())
    second = sorted((store / "wandb").glob("offline-run-*"))
    assert (len(first), len(second), len(set(first) & set(second))) == (2, 2, 1)
