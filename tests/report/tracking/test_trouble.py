"""A server that is down, slow or refuses: the grid goes on, one line says so, and it is told later."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from ot_grid.report.tracking import Told, run_id, track
from ot_grid.stages.training import launcher
from tests.report.tracking.answers import Run
from tests.report.tracking.conftest import cell, overall, settings
from tests.report.tracking.server import KEY, Server

pytestmark = pytest.mark.slow  # real W&B clients, processes of their own

QUICK = {"artifacts": "none", "report": False}


def told(tmp_path: Path, seconds: float = 600) -> Told:
    """Tell of one cell and the table."""
    folder = tmp_path / "store" / "sweeps" / "grid"
    return track(settings(timeout=seconds, **QUICK), folder, [cell(tmp_path / "a")], overall())


def alive() -> set[int]:
    """Return the processes that this one has started and that have not ended; other tests may have left some."""
    children = psutil.Process().children(recursive=True)
    return {child.pid for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE}


@pytest.mark.parametrize(
    ("trouble", "said"), [("hang", "no end of it after 3 s"), ("500", "no end of it after 3 s"), ("401", "refused")]
)
def test_a_server_in_trouble_is_told_when_it_is_well(server: Server, tmp_path: Path, trouble: str, said: str):
    """It is bounded by the timeout, leaves no process, and the next time tells all, nothing twice."""
    server.trouble, before = trouble, alive()
    first = told(tmp_path, 3)
    assert (first.runs, first.waiting) == (0, 2)
    assert said in str(first.problem)
    assert not alive() - before
    server.trouble = None
    second = told(tmp_path)
    assert (second.runs, second.problem) == (2, None)
    assert [len(run.lines) for run in server.told.runs.values()] == [3, 1]


def test_history_that_arrived_before_the_trouble_is_not_told_twice(server: Server, tmp_path: Path):
    """A run cut off in the middle goes on where its history ended."""
    name = run_id(settings(), "grid", "abcd1234")
    half = {number: {"_step": number, "train/step": 10 * (number + 1), "train/loss": 1} for number in range(2)}
    server.told.runs[name] = Run(name, history=half)
    assert told(tmp_path).problem is None
    assert [line["train/step"] for line in server.told.runs[name].lines] == [10, 20, 30]


def test_what_arrived_is_kept_when_the_rest_does_not(server: Server, tmp_path: Path):
    """Trouble with the report leaves the runs told; the next time only the report is written."""
    server.trouble = "no reports"
    folder, how = tmp_path / "store" / "sweeps" / "grid", settings(artifacts="none")
    first = track(how, folder, [cell(tmp_path / "a")], overall())
    assert (first.runs, first.waiting) == (2, 0)
    assert "upsertView" in str(first.problem)
    server.trouble = None
    before = server.requests["UpsertBucket"]
    second = track(how, folder, [cell(tmp_path / "a")], overall())
    assert (second.runs, second.problem, server.requests["UpsertBucket"]) == (0, None, before)
    assert list(server.told.views) == ["view:1"]


def test_a_refused_stream_is_not_taken_for_told(server: Server, tmp_path: Path):
    """wandb ends well when its stream was refused for good; nothing had arrived, so it is told again."""
    server.trouble = "no stream"
    first = told(tmp_path)
    assert (first.runs, first.waiting) == (0, 2)
    assert "403 Forbidden" in str(first.problem)
    server.trouble = None
    assert told(tmp_path).runs == 2
    assert [len(run.lines) for run in server.told.runs.values()] == [3, 1]


def test_a_rate_limit_is_waited_for(server: Server, tmp_path: Path):
    """429 is answered by patience, not by giving up."""
    server.refusals = 3
    assert told(tmp_path).problem is None
    assert server.refusals == 0
    assert len(server.told.runs) == 2


def test_a_client_of_whoever_calls_is_left_alone(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A process that uses wandb itself names its service to those it starts: a run ended in it by force stays open."""
    monkeypatch.setenv("WANDB_SERVICE", f"3-{os.getpid()}-unix-{tmp_path}/nowhere")
    result = told(tmp_path)
    assert (result.runs, result.problem) == (2, None)
    assert "WANDB_SERVICE" not in launcher.environment()


def test_nobody_there(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A server that does not answer is found out at once, not after wandb's own retries."""
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    assert "does not answer" in str(told(tmp_path).problem)


def test_without_a_key(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """No key: said with the way out, and nothing is asked of the server."""
    monkeypatch.delenv("WANDB_API_KEY")
    assert "wandb login, or WANDB_API_KEY" in str(told(tmp_path).problem)
    assert not server.told.runs


@pytest.mark.parametrize("key", ["x" * 40, "too short"])
def test_a_wrong_key_is_refused_and_never_shown(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
):
    """A wrong key is said to be wrong; neither the message nor a file has it."""
    monkeypatch.setenv("WANDB_API_KEY", key)
    problem = str(told(tmp_path).problem)
    assert "the API key was refused" in problem
    assert key not in problem
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and key.encode() in path.read_bytes()]
    monkeypatch.setenv("WANDB_API_KEY", KEY)
    assert told(tmp_path).runs == 2
