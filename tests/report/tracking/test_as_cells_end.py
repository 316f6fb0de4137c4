"""W&B knows a cell when its last evaluation has ended, while the rest of the grid goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from ot_grid import api, launch, store
from ot_grid.planning.packs import Outcome
from ot_grid.planning.plan import Plan
from ot_grid.report import tracking
from ot_grid.running import local
from ot_grid.running.processes import Process
from tests.report.tracking.conftest import HANGS
from tests.report.tracking.finished import finished
from tests.report.tracking.server import Server

pytestmark = pytest.mark.slow  # real W&B clients, processes of their own


class Held:
    """Processes that are played: each ends with the record it once had, one of them only when it is let go."""

    def __init__(self, records: Mapping[str, Any], held: str, let_go: Callable[[], bool]) -> None:
        self.records, self.held, self.let_go = records, held, let_go
        self.alive: list[tuple[Process, list[str]]] = []
        self.deadline = time.monotonic() + HANGS

    def start(self, root: Path, orders: Sequence[Mapping[str, Any]], *_: Any, **__: Any) -> Process:
        """Start one."""
        process = Process(root / "x.log")
        self.alive.append((process, [str(order["folder"]) for order in orders]))
        return process

    def refresh(self) -> None:
        """End all that may end."""
        assert time.monotonic() < self.deadline, "W&B never heard of the first cell"
        for process, folders in self.alive:
            if not any(self.held in folder for folder in folders) or self.let_go():
                process.done = True
                for folder in folders:
                    store.write_json(*self.records[folder])
        self.alive = [each for each in self.alive if not each[0].done]

    def close(self) -> None:
        """Nothing to end."""


def not_evaluated(plan: Plan) -> dict[str, tuple[Path, Any]]:
    """Take the records of a finished sweep's evaluations away; return them by their folder."""
    artifacts, records = api.artifacts_of(plan), {}
    for run in plan.runs.values():
        if run.stage == "eval":
            path = artifacts.folder(run) / store.RECORD
            records[str(artifacts.folder(run).relative_to(artifacts.place.root))] = (path, store.read_json(path))
            path.unlink()
    return records


def last_evaluation(plan: Plan) -> str:
    """Return the key of an evaluation of the last cell alone."""
    return next(key for key in reversed(plan.cells[-1].runs) if plan.runs[key].stage == "eval")


def test_a_cell_is_told_while_another_is_evaluated(server: Server):
    """The second cell's evaluation does not end before W&B knows the first; all is told once in the end."""
    plan = finished(live=True)
    records, first = not_evaluated(plan), tracking.run_id(plan.runtime.tracking, plan.name, plan.cells[0].id)
    artifacts, outcome = api.artifacts_of(plan), Outcome()
    loop = local.Local(plan, artifacts, plan.runtime.cluster, outcome)

    def known() -> bool:
        return first in server.told.runs and server.told.runs[first].complete

    loop.processes = Held(records, last_evaluation(plan), known)  # type: ignore[assignment]
    loop.run(artifacts.missing(plan))
    assert (outcome.executed, outcome.failed) == (len(records), {})
    assert loop.mirroring._process is None
    assert server.told.runs[first].summary["score/sums"] == 80

    assert api.track(plan.name, place=plan.runtime.store).problem is None
    assert len(server.told.runs) == 3
    assert [line["train/loss"] for line in server.told.runs[first].lines] == [3, 2 + step_of(plan)]


def step_of(plan: Plan) -> int:
    """Return the place of the first cell's training in the plan, by which `finished` gives it its curve."""
    return next(place for place, key in enumerate(plan.runs) if plan.runs[key].stage == "train")


@pytest.mark.parametrize("live", [True, False])
def test_a_job_that_heals_tells_what_has_ended(live: bool, monkeypatch: pytest.MonkeyPatch, capfd: Any):
    """On Slurm, where the rest is queued still; not where nothing has ended, nor where nobody wants it at once."""
    told: list[Sequence[Any]] = []

    def keep(how: Any, folder: Path, cells: Any, overall: Any, **_: Any) -> tracking.Told:
        told.append(cells)
        return tracking.Told(len(cells))

    monkeypatch.setattr(tracking, "track", keep)
    monkeypatch.setattr(launch, "launch", lambda *_, **__: Outcome(queued=1))  # a cluster that has the rest
    plan = finished(live=live)
    records = not_evaluated(plan)
    assert api.resume(plan.name, place=plan.runtime.store).report is None
    assert told == []
    for folder, (path, record) in records.items():
        if last_evaluation(plan) not in folder:
            store.write_json(path, record)
    assert api.resume(plan.name, place=plan.runtime.store, by_hand=True).tracked == 0
    ran = api.resume(plan.name, place=plan.runtime.store)
    assert (ran.report, len(told)) == (None, int(live))
