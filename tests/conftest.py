"""Shared fixtures: real data beside the checkout, and a quiet environment."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

import pytest

with suppress(ImportError):
    import setuptools  # noqa: F401  (vLLM imports it, and it fails once something has imported the old distutils)

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder with the real benchmarks and GSM8K: OT_GRID_SHARED/data, else ../shared/data."""
    folder = Path(os.environ.get("OT_GRID_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        if os.environ.get("OT_GRID_REQUIRE_ALL"):
            pytest.fail(f"{folder} is missing, and OT_GRID_REQUIRE_ALL is set")
        pytest.skip(f"{folder} is not here: set OT_GRID_SHARED to a folder whose data/ holds the benchmarks")
    return folder


@pytest.fixture(autouse=True)
def own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test has a store of its own, whatever the shell that runs it says."""
    place = tmp_path / "store"
    monkeypatch.setenv("OT_GRID_STORE", str(place))
    monkeypatch.setenv("WANDB_MODE", "offline")
    return place
