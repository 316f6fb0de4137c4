"""From a finished sweep to W&B: what the commands gather, tell and say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from ot_grid import api, store
from ot_grid.cli import main
from ot_grid.planning import freezing, frozen
from ot_grid.report import mirror, tracking
from tests.report.tracking.finished import GRID, finished, planned
from tests.report.tracking.server import KEY, Server

pytestmark = pytest.mark.slow  # real W&B clients, processes of their own


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What would be told, instead of telling it."""
    seen: list[Any] = []

    def keep(how: Any, folder: Path, cells: Any, overall: Any, **_: Any) -> tracking.Told:
        seen.append((how, cells, overall))
        return tracking.Told(len(cells))

    monkeypatch.setattr(tracking, "track", keep)
    return seen


def test_what_is_told_of_a_cell(told: list[Any]):
    """Recipe, coordinates, loss, numbers of the table, cost of each stage, artifacts and what they were made of."""
    plan = finished()
    api.track(plan.name, place=plan.runtime.store)
    (_, cells, _), first = told[0], plan.cells[0]
    cell = cells[0]
    assert (cell.id, dict(cell.coordinates)) == (first.id, dict(first.coordinates))
    assert cell.recipe == first.recipe.settings
    assert cell.loss[0] == [1, 3.0]
    numbers = cell.summary
    assert (numbers["rank"], numbers["score/sums"], numbers["mean"]) == (1, 80, 80)
    assert (numbers["seconds/train"], numbers["tokens/train"]) == (3600, 100)
    assert numbers["gpu_hours"] > 2
    assert len(numbers) <= 60
    by_kind = {piece.kind: piece for piece in cell.pieces}
    assert by_kind["model"].about["made_from"] == [by_kind["dataset"].name]
    assert by_kind["evaluation"].about["made_from"] == [by_kind["model"].name]
    assert by_kind["evaluation"].files == {"data/matrix.parquet": "a" * 64}


def test_what_is_told_of_the_sweep(told: list[Any]):
    """Table, factors, intervals for the picture; the same text each time, so that it is told once."""
    plan = finished()
    for _ in range(2):
        api.track(plan.name, place=plan.runtime.store)
    overall = told[0][2]
    assert overall == told[1][2]
    assert "cell" in overall.ranked.columns
    assert len(overall.ranked.rows) == 2
    assert overall.benchmarks == ["gcd", "sums"]
    assert list(overall.factors) == list(plan.factors)
    assert [len(row) for row in overall.forest] == [5]
    assert overall.verdict


def test_held_out_scores_are_not_told(told: list[Any]):
    """Neither a number, nor an artifact, nor a column of a held-out benchmark leaves the store."""
    plan = finished("eval.gcd.held_out=true")
    api.track(plan.name, place=plan.runtime.store)
    _, cells, overall = told[0]
    assert not [name for name in cells[0].summary if "gcd" in name]
    assert not [piece for piece in cells[0].pieces if "gcd" in piece.name]
    assert not [name for name in overall.ranked.columns if "gcd" in name]


def test_a_cell_without_a_student_is_not_told_yet(told: list[Any]):
    """A sweep that has only begun has nothing to show."""
    plan = planned()
    freezing.freeze(plan, api.artifacts_of(plan))
    api.track(plan.name, place=plan.runtime.store)
    assert told[0][1] == []


def test_off_and_sweeps_of_before_are_left_alone(told: list[Any]):
    """tracking=off is not told, unless asked for this once; a sweep frozen before there were these settings works."""
    plan = finished(mode="off")
    assert api.track(plan.name, place=plan.runtime.store) == tracking.Told()
    assert not told
    api.track(plan.name, place=plan.runtime.store, mode="offline")
    assert told[0][0].mode == "offline"
    path = store.Store(plan.runtime.store).sweep(plan.name) / frozen.RUNTIME
    runtime = json.loads(path.read_text())
    runtime["tracking"] = {"mode": "online", "project": "p", "entity": None}
    store.write_json(path, runtime)
    api.track(plan.name, place=plan.runtime.store)
    assert (told[1][0].mode, told[1][0].artifacts) == ("online", "none")


def test_trouble_is_one_line_with_the_way_out(monkeypatch: pytest.MonkeyPatch):
    """Whatever goes wrong while telling: the report is there, and one line says what to do."""

    def broken(*_: Any, **__: Any) -> tracking.Told:
        raise RuntimeError("out of order")

    monkeypatch.setattr(tracking, "track", broken)
    plan, said = finished(), list[str]()
    ran = api.run(plan, say=said.append)
    assert ran.report is not None
    assert ran.report.complete
    assert ran.tracked == 0
    assert [line for line in said if "W&B" in line] == said[-1:]
    assert "out of order" in said[-1]
    assert f"python -m ot_grid track {plan.name}" in said[-1]


def test_a_grid_whose_server_was_down_is_told_by_the_next_report(
    server: Server, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    """Run with the server away: the grid stands; `report` tells it all; `track` then has nothing to tell."""
    plan, there = finished(), server.url
    monkeypatch.setenv("WANDB_BASE_URL", "http://127.0.0.1:9")
    assert main(["resume", plan.name, "--store", plan.runtime.store]) == 0
    assert "does not answer" in capfd.readouterr().err
    monkeypatch.setenv("WANDB_BASE_URL", there)
    assert main(["report", plan.name, "--store", plan.runtime.store]) == 0
    assert "told 3 runs; report: http" in capfd.readouterr().err
    assert len(server.told.runs) == 3
    (view,) = server.told.views.values()
    assert "Command" in view["spec"]
    before = server.requests.total()
    assert main(["track", plan.name, "--store", plan.runtime.store]) == 0
    assert "nothing new to tell" in capfd.readouterr().out
    assert server.requests.total() == before
    place = Path(plan.runtime.store)
    assert not [path for path in place.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


def test_a_report_of_somebodys_wishes_is_not_told(told: list[Any]):
    """Another reference or ranking is for who asked, and does not go back and forth in W&B."""
    plan = finished()
    assert main(["report", plan.name, "--store", plan.runtime.store, "--rank-by", "sums"]) == 0
    assert not told
    assert main(["report", plan.name, "--store", plan.runtime.store]) == 0
    assert len(told) == 1


def test_settings_are_checked_before_anything_runs():
    """An unknown kind of artifacts or a timeout of nothing is refused with what would be right."""
    with pytest.raises(Exception, match="valid: files, none, references"):
        api.plan([*GRID, "tracking.artifacts=all"])
    with pytest.raises(Exception, match=r"tracking\.timeout=0"):
        api.plan([*GRID, "tracking.timeout=0"])


def test_words_of_nothing():
    """Nothing told and no trouble: nothing is said."""
    plan = finished()
    assert not list(mirror.in_words(tracking.Told(), mirror.settings(plan.runtime.tracking), plan.name))
