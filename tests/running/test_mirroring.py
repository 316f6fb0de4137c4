"""When W&B is told of cells that end: one telling at a time, and a tenth of the time at most."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from ot_grid import api
from ot_grid.planning.plan import Plan, StageRun
from ot_grid.running import mirroring
from ot_grid.running.mirroring import Mirroring


class Clock:
    """A clock that a test puts on."""

    now = 1000.0

    def monotonic(self) -> float:
        """Return the time."""
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the module; what tells is a process that waits."""
    ours = Clock()
    monkeypatch.setattr(mirroring, "time", ours)
    monkeypatch.setattr(Mirroring, "_started", lambda self: subprocess.Popen(["sleep", "600"]))
    return ours


def planned(tmp_path: Path, *more: str) -> Plan:
    """Three cells with two evaluations each."""
    return api.plan([f"store={tmp_path}", "filter=random,none,length", "teacher=reference", "source=gsm_symbolic",
                     "mix=top1", "eval=[sums,gcd]", "tracking=wandb", *more])  # fmt: skip


def evaluations(plan: Plan, cell: int) -> list[StageRun]:
    """Return those of a cell."""
    return [plan.runs[key] for key in plan.cells[cell].runs if plan.runs[key].stage == "eval"]


def told_by(mirror: Mirroring) -> subprocess.Popen[bytes]:
    """Return the process that tells."""
    assert mirror._process
    return mirror._process


def test_a_cell_is_told_after_its_last_evaluation(clock: Clock, tmp_path: Path):
    """Not before; and only one process tells at a time."""
    plan = planned(tmp_path)
    mirror = Mirroring(plan, plan.runs.values(), tmp_path)
    one, other = evaluations(plan, 0)
    mirror.ended(one)
    mirror.look()
    assert mirror._process is None
    mirror.ended(other)
    mirror.look()
    first = told_by(mirror)
    for run in evaluations(plan, 1):
        mirror.ended(run)
    mirror.look()
    assert told_by(mirror) is first
    mirror.close()
    assert first.poll() is not None
    mirror.close()


def test_cells_that_end_faster_than_they_are_told_wait(clock: Clock, tmp_path: Path):
    """A telling of ten seconds is followed by ninety without one; what has ended in between is told together."""
    plan = planned(tmp_path)
    mirror = Mirroring(plan, plan.runs.values(), tmp_path)
    for cell in range(3):
        for run in evaluations(plan, cell):
            mirror.ended(run)
        if cell == 0:
            mirror.look()
            first = told_by(mirror)
            first.kill()
            first.wait()
            clock.now += 10
        mirror.look()
        assert mirror._process is None
    clock.now += 89
    mirror.look()
    assert mirror._process is None
    clock.now += 2
    mirror.look()
    assert told_by(mirror) is not first
    mirror.close()


@pytest.mark.parametrize("setting", ["tracking=wandb_offline", "tracking='off'", "tracking.live=false"])
def test_nobody_is_told_who_cannot_look(setting: str, clock: Clock, tmp_path: Path):
    """Offline, off, or not wanted: W&B hears of the grid when it has ended."""
    plan = planned(tmp_path, setting)
    mirror = Mirroring(plan, plan.runs.values(), tmp_path)
    for run in plan.runs.values():
        mirror.ended(run)
    mirror.look()
    assert mirror._process is None


def test_what_ended_before_this_grid_is_not_told_again(clock: Clock, tmp_path: Path):
    """Only cells of which something is evaluated now."""
    plan = planned(tmp_path)
    mirror = Mirroring(plan, [run for run in plan.runs.values() if run.stage == "train"], tmp_path)
    for run in plan.runs.values():
        mirror.ended(run)
    mirror.look()
    assert mirror._process is None
