"""Shared fixtures: real data beside the checkout, a quiet environment; which tests go where, and what they took."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

with suppress(ImportError):
    import setuptools  # noqa: F401  (vLLM imports it, and it fails once something has imported the old distutils)

ROOT = Path(__file__).parent.parent
CLUSTER = "tests/slurm/"
LONGEST = (  # files by what they take, the longest first: it begins first, so that no process ends with it alone
    "tests/slurm/test_faults.py", "tests/test_end_to_end.py", "tests/slurm/test_grid.py",
    "tests/inference/test_engines.py", "tests/slurm/test_commands.py", "tests/slurm/test_soak.py",
    "tests/test_evaluation.py", "tests/slurm/test_dev_cluster.py", "tests/grading/sandbox/test_corpus.py",
)  # fmt: skip
HEAVY = (CLUSTER, "tests/report/tracking/", "tests/report/page/")  # their fixtures start daemons, a server, a browser
HEAVY_MODULES = ("torch", "vllm")  # whoever loads one starts a model


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With several processes (`-n 3`) every file goes whole to one, for its fixtures, in the order of `items`."""
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
        def _split_scope(self, nodeid: str) -> str:
            return _file(nodeid)

    config.option.loadscopereorder = False
    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest; the tests of the cluster mostly wait, so others run beside them."""
    place = {path: number for number, path in enumerate(LONGEST)}
    items.sort(key=lambda item: place.get(_file(item.nodeid), len(LONGEST)))


def needs_mark(item: pytest.Item) -> bool:
    """Whether a test lies where something heavy is started, and is not marked for it; see tests/test_marks.py."""
    return item.nodeid.startswith(HEAVY) and not item.get_closest_marker("slow")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Let the cluster's tests go first where several processes want a core: they wait for what happens in time."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        with suppress(PermissionError):  # only root may; were the others nice, they would starve on a busy machine
            os.setpriority(os.PRIO_PROCESS, 0, -10 if item.nodeid.startswith(CLUSTER) else 0)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say where the minutes went, where the slowest tests are asked for."""
    if not terminalreporter.config.option.durations:
        return
    seconds: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if hasattr(report, "duration"):
                seconds[str(Path(report.nodeid.partition("::")[0]).parent)] += report.duration
    terminalreporter.section("minutes by folder")
    for folder, spent in seconds.most_common():
        terminalreporter.write_line(f"{spent / 60:6.1f}  {folder}")


def _file(nodeid: str) -> str:
    return nodeid.partition("::")[0]


@pytest.fixture(autouse=True)
def light(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test that is not marked slow starts no model: it would make `make check` something one does not run."""
    before = {name for name in HEAVY_MODULES if name in sys.modules}
    yield
    loaded = [name for name in HEAVY_MODULES if name in sys.modules and name not in before]
    assert not loaded or request.node.get_closest_marker("slow"), f"it loads {', '.join(loaded)}: mark it slow"


@pytest.fixture(scope="session", autouse=True)
def composed_once() -> Iterator[None]:
    """What Hydra makes of our own conf/ is kept from plan to plan: it costs most, and does not change meanwhile."""
    from ot_grid.planning.recipe.composer import Composer
    from ot_grid.planning.recipe.search import UserChoices

    by_hydra, kept = Composer._by_hydra, {}

    def keeping(self: Composer, lines: tuple[str, ...]) -> Any:
        own = [path for path in Path(UserChoices.folder or "").glob("*/*.yaml") if path.parent.name != "sweeps"]
        if UserChoices.folder and own:
            return by_hydra(self, lines)
        if lines not in kept:
            kept[lines] = by_hydra(self, lines)
        return kept[lines]

    keeping.__wrapped__ = by_hydra  # for tests of composing itself
    Composer._by_hydra = keeping  # type: ignore[method-assign]
    yield
    Composer._by_hydra = by_hydra  # type: ignore[method-assign]


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
    monkeypatch.setenv("OT_GRID_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("WANDB_MODE", "offline")
    return place
