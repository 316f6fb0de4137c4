"""The cluster that the tests here share: started once, and whole again after every test."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from tests import tiny
from tests.requires import ALL, REQUIRE_ALL
from tests.slurm.dev import HANGS, DevCluster
from tests.slurm.grid import Grid

PROGRAMS = ("sbatch", "slurmctld", "slurmd", "slurmdbd", "munged", "mariadbd")


@pytest.fixture(scope="session")
def cluster() -> Iterator[DevCluster]:
    """A running cluster of three nodes, in a folder with a short path: sockets need one."""
    missing = [name for name in PROGRAMS if not shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")]
    if missing and not REQUIRE_ALL:
        pytest.skip(f"not installed: {', '.join(missing)}; as root, `slurm/dev-cluster install` installs them with apt")
    cluster = DevCluster(Path(tempfile.mkdtemp(prefix="ot_grid-")))
    try:
        cluster.up()
        yield cluster
    finally:
        cluster.script("down")


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A language model so small that its generation and its training take seconds."""
    return tiny.make(tmp_path_factory.mktemp("tiny"))


@pytest.fixture
def grid(cluster: DevCluster, own_store: Path, model: Path) -> Callable[..., Grid]:
    """Makes grids over one store of the test's own, from overrides; models answer in `make test-all` alone."""
    return partial(Grid, cluster, own_store, model, typed=not ALL)


@pytest.fixture
def real_grid(cluster: DevCluster, own_store: Path, model: Path) -> Callable[..., Grid]:
    """The same, and a model always answers."""
    return partial(Grid, cluster, own_store, model, typed=False)


@pytest.fixture(autouse=True)
def whole(cluster: DevCluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Commands of a test go to this cluster; afterwards it is whole and empty, whatever the test did to it."""
    for name in [name for name in os.environ if name.startswith(("SLURM_", "SBATCH_"))]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("SLURM_CONF", str(cluster.conf))
    yield
    cluster.start_accounting()
    cluster.up()
    cluster.cancel()
    cluster.wait_empty(HANGS)
