"""Shared fixtures: real data beside the checkout, and a quiet environment."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

with suppress(ImportError):
    import setuptools  # noqa: F401  (vLLM imports it, and it fails once something has imported the old distutils)

ROOT = Path(__file__).parent.parent
CLUSTER = "tests/cluster/"
LONGEST = (CLUSTER, "tests/test_end_to_end.py", "tests/test_evaluation.py")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With several processes (`-n 2`) one has the cluster; every other file goes whole to one, for its fixtures."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return _group(nodeid)

    config.option.loadscopereorder = False
    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest; the tests of the cluster mostly wait, so others run beside them."""
    items.sort(key=lambda item: LONGEST.index(_group(item.nodeid)) if _group(item.nodeid) in LONGEST else len(LONGEST))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let the cluster's tests go first wherever both processes want a core: they wait for what happens in time."""
    if "PYTEST_XDIST_WORKER" in os.environ and _group(item.nodeid) != CLUSTER and not os.nice(0):
        os.nice(10)


def _group(nodeid: str) -> str:
    path = nodeid.partition("::")[0]
    return CLUSTER if path.startswith(CLUSTER) else path


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
