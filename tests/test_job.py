"""What a Slurm job does with its orders, its signals and its failures. Slurm is not here: its answers are given."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from ot_grid import attempts, job, store
from ot_grid.cluster import slurm
from ot_grid.config import Cluster, Runtime
from ot_grid.errors import OtGridError
from ot_grid.running import execute
from ot_grid.running.processes import Process
from ot_grid.store import Store

ORDER = {"key": "k", "stage": "mix", "folder": "mix/equal-k", "inputs": [], "recipe": {}}
RETRIES = {"bug": 0, "node lost": 1}


class Said:
    """What Slurm says of this job, and what it was asked to do."""

    def __init__(self, **details: Any) -> None:
        known = {"state": "RUNNING", "reason": "None", "end": 0.0, "restarts": 0, "preempted": False}
        self.details = type("Details", (), {**known, **details})()
        self.requeued: list[str] = []

    def install(self, monkeypatch: pytest.MonkeyPatch) -> Said:
        """Let it answer in the place of Slurm."""
        monkeypatch.setattr(slurm, "details", lambda name: self.details)
        monkeypatch.setattr(slurm, "requeue", self.requeued.append)
        return self


def silent(name: str) -> Any:
    raise OtGridError("Slurm does not answer")


@pytest.mark.parametrize(
    ("details", "meaning"),
    [
        ({"reason": "TimeLimit"}, "time limit"),
        ({"preempted": True}, "preempted"),
        ({"restarts": 1}, "preempted"),
        ({"state": "RUNNING"}, "preempted"),
        ({"state": "COMPLETING"}, "cancelled"),
    ],
)
def test_sigterm_means_what_slurm_says_of_the_job(monkeypatch, details: dict[str, Any], meaning: str):
    """A time limit, a preemption or requeue; else somebody's scancel."""
    monkeypatch.delenv("SLURM_RESTART_COUNT", raising=False)
    Said(**details).install(monkeypatch)
    assert job.of_term("8_0") == meaning


def test_sigusr1_is_the_time_limit_where_that_is_near(monkeypatch: pytest.MonkeyPatch):
    """Slurm signals a preemption in the same way, long before the end."""
    Said(end=0.0).install(monkeypatch)
    assert job.near_its_end("8_0", 60) == "time limit"
    Said(end=4e9).install(monkeypatch)
    assert job.near_its_end("8_0", 60) == "preempted"


def test_a_slurm_that_does_not_answer_costs_no_work(monkeypatch: pytest.MonkeyPatch):
    """What may come back is queued again: the careful guess of each signal."""
    monkeypatch.setattr(slurm, "details", silent)
    assert (job.near_its_end("8_0", 60), job.of_term("8_0")) == ("time limit", "preempted")


class Copies:
    """Processes that are started, and end at the next look."""

    def __init__(self, logs: Path, threads: int) -> None:
        self.started: list[tuple[list[str], bool]] = []
        self.alive: list[Process] = []
        self.interrupted = 0
        COPIES.append(self)

    def start(self, root: Path, orders: Any, runtime: Any, *, gpus: list[str], warm: bool) -> Process:
        """Note what is started."""
        self.started.append((list(gpus), all(order["shared"] for order in orders)))
        self.alive.append(Process(root / "x.log"))
        return self.alive[-1]

    def refresh(self) -> None:
        """Learn who they are; they end when there is nothing more to do."""
        for process in self.alive:
            process.pid, process.done = 2**22 + 1, not FAILS

    def close(self) -> None:
        """Nothing to hang up."""
        self.alive.clear()


COPIES: list[Copies] = []
FAILS: list[str] = []  # not empty: the first copy fails, while the others work


@pytest.mark.parametrize(
    ("stage", "gpus", "split", "mine", "others"),
    [
        ("traces", "0,1,2,3,4,5,6,7", 2, "0,1", [["2", "3"], ["4", "5"], ["6", "7"]]),
        ("eval", "0,1,2", 1, "0", [["1"], ["2"]]),
        ("traces", "0,1,2", 2, "0,1,2", []),  # what is left over carries no copy
        ("traces", "0,1", None, "0,1", []),  # nobody knows its size
        ("train", "0,1", 1, "0,1", []),  # all of them are the trainer's
        ("eval", "", 1, "", []),
    ],
)
def test_gpus_that_one_copy_does_not_take_carry_others(
    monkeypatch, tmp_path: Path, stage: str, gpus: str, split: int | None, mine: str, others: list[list[str]]
):
    """Each with GPUs of its own, all on the same replies; they are waited for when this one is done."""
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", gpus)
    monkeypatch.setattr("ot_grid.running.processes.Processes", Copies)
    COPIES.clear()
    order = {**ORDER, "recipe": {"stage": stage}, "shared": False}
    with job.copies(Store(tmp_path), [order], Runtime.of({"cluster": {"threads": 16}}), split) as orders:
        assert os.environ["CUDA_VISIBLE_DEVICES"] == mine
        assert orders[0]["shared"] == bool(others)
    started = COPIES[0].started if COPIES else []
    assert started == [(group, True) for group in others]


def test_copies_are_interrupted_when_the_first_one_ends_badly(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Also when nobody had looked yet who they are."""
    told: list[int] = []
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    monkeypatch.setattr("ot_grid.running.processes.Processes", Copies)
    monkeypatch.setattr(Process, "interrupt", lambda self: told.append(self.pid))
    monkeypatch.setattr("tests.test_job.FAILS", ["yes"])
    order = {**ORDER, "recipe": {"stage": "traces"}}
    with pytest.raises(OtGridError), job.copies(Store(tmp_path), [order], Runtime.of({"cluster": {}}), 1):
        raise OtGridError("it fell over")
    assert told == [2**22 + 1]


def test_a_stopped_job_is_queued_again(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Unless somebody cancelled it, or it has used up its retries."""
    said, place = Said().install(monkeypatch), Store(tmp_path)
    assert job.stop("8_0", "time limit", place, [ORDER], RETRIES) == job.STOPPED
    assert said.requeued == ["8_0"]
    job.stop("8_0", "cancelled", place, [ORDER], RETRIES)
    attempts.end(tmp_path / ORDER["folder"], "bug", "it fell over")
    job.stop("8_0", "time limit", place, [ORDER], RETRIES)
    assert said.requeued == ["8_0"]


def test_what_failed_too_often_is_left_and_the_job_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys):
    """A stage run that was lost each time is given up here, with a word in its attempts; the rest of the job runs."""
    folder, ran = tmp_path / str(ORDER["folder"]), []
    for _ in range(2):
        attempts.begin(folder, "8_0", None)
    monkeypatch.setattr(execute, "run_orders", lambda root, orders, runtime: ran.extend(orders))
    other = {**ORDER, "key": "o", "folder": "mix/other-o"}
    runtime = type("R", (), {"cluster": Cluster()})()
    runtime.cluster.slurm.retries = RETRIES
    assert job.run(Store(tmp_path), [ORDER, other], runtime) == job.FAILED
    assert [order["key"] for order in ran] == ["o"]
    assert attempts.read(folder)[-1].outcome == "node lost"
    assert "giving up mix/equal-k: node lost: 2 times" in capsys.readouterr().out
    store.write_json(folder / store.RECORD, {})
    assert not job.give_up(Store(tmp_path), ORDER, RETRIES)


def test_threads_are_those_that_slurm_gave(monkeypatch: pytest.MonkeyPatch):
    """Unless the settings say how many."""
    for name in ("SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE"):
        monkeypatch.delenv(name, raising=False)
    assert job.threads(Cluster()) is None
    monkeypatch.setitem(os.environ, "SLURM_CPUS_ON_NODE", "8")
    assert job.threads(Cluster()) == 8
    monkeypatch.setitem(os.environ, "SLURM_CPUS_PER_TASK", "4")
    assert job.threads(Cluster()) == 4
    assert job.threads(Cluster(threads=2)) == 2
