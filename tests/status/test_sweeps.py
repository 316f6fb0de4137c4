"""All sweeps of a store are listed by what lies there."""

from __future__ import annotations

from pathlib import Path

import pytest

from ot_grid.__main__ import main
from ot_grid.planning import frozen
from ot_grid.status import sweeps
from ot_grid.store import Store
from tests.report.conftest import Made


def test_each_sweep_has_a_line_the_latest_first(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """How many cells and stage runs are done, when it was asked for, with which words."""
    place = Store(tmp_path / "store")
    old = Made(place, name="old", factors={"filter": ["length"], "teacher": ["qwq"]})
    old.complete()
    new = Made(place, name="a-newer-one", created="2026-11-24T12:00:00+00:00")
    new.sweep()
    assert main(["sweeps", "--store", str(place.root)]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.split()[:4] == ["a-newer-one", "1", "of", "4"]
    assert second.split()[:5] == ["old", "1", "of", "1", "cells"]
    assert "5 of 5 stage runs" in second
    assert second.endswith("2026-11-23 12:00  -m filter=length teacher=qwq")
    assert [each.sweep for each in sweeps.sweeps(place)] == frozen.sweeps(place)


def test_an_empty_store_says_how_to_begin(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """And is no mistake."""
    assert main(["sweeps", "--store", str(tmp_path)]) == 0
    assert "holds no sweep yet; run one" in capsys.readouterr().out
