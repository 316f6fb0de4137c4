"""Who gets which GPUs of this machine, with processes that are played: each ends when it is its turn, with a record."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ot_grid import api, machine, store
from ot_grid.cluster import resources
from ot_grid.planning.packs import Outcome
from ot_grid.planning.plan import Plan
from ot_grid.running import fits, local, preflight
from ot_grid.running.processes import Process
from ot_grid.store import Artifacts, Store
from tests.slurm.grid import CONF

NODE = ["0", "1", "2", "3", "4", "5", "6", "7"]
RECORD: dict[str, Any] = {"key": "x", "counts": {}, "usage": {}, "seconds": 1.0}


class Played:
    """Processes that do nothing: at each look the oldest one ends."""

    def __init__(self, root: Path, dies: str = "") -> None:
        self.root, self.dies = root, dies
        self.started: list[tuple[str, tuple[str, ...], bool]] = []  # stage, its GPUs, whether others may help
        self.alive: list[tuple[Process, Sequence[Mapping[str, Any]]]] = []
        self.held: list[list[str]] = []  # GPUs in use after each start

    def start(
        self, root: Path, orders: Sequence[Mapping[str, Any]], runtime: Any, *, gpus: Sequence[str], warm: bool
    ) -> Process:
        """Note what is started."""
        process = Process(root / "x.log")
        self.started.append((orders[0]["stage"], tuple(gpus), orders[0]["shared"]))
        self.alive.append((process, orders))
        in_use = [name for _, names, _ in self._now() for name in names]
        assert len(in_use) == len(set(in_use)), "a GPU is given to one at a time"
        self.held.append(in_use)
        return process

    def _now(self) -> list[tuple[str, tuple[str, ...], bool]]:
        return self.started[len(self.started) - len(self.alive) :]

    def refresh(self) -> None:
        """End the oldest; others that made the same end with it."""
        if not self.alive:
            return
        process, orders = self.alive.pop(0)
        process.done = True
        if orders[0]["stage"] == self.dies:
            return
        for order in orders:
            store.write_json(self.root / order["folder"] / store.RECORD, RECORD)

    def close(self) -> None:
        """Nothing to end."""


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Say what GPUs this machine has."""
    monkeypatch.setattr(local, "POLL_SECONDS", 0)
    monkeypatch.setattr(machine, "share", lambda cluster: (16, 1))

    def given(names: Sequence[str], gigabytes: float) -> None:
        monkeypatch.setattr(machine, "gpu_names", lambda: list(names))
        monkeypatch.setattr(machine, "gpu_gb", lambda: gigabytes)

    return given


def ran(tmp_path: Path, *overrides: str, dies: str = "") -> tuple[Played, Plan, Outcome]:
    """Run a grid with processes that are played."""
    plan = api.plan([f"store={tmp_path}", *overrides])
    artifacts, outcome = Artifacts(Store(tmp_path)), Outcome()
    for run in plan.runs.values():
        artifacts.folder(run).mkdir(parents=True)
    loop = local.Local(plan, artifacts, plan.runtime.cluster, outcome)
    played = loop.processes = Played(tmp_path, dies)  # type: ignore[assignment]
    loop.run(artifacts.missing(plan))
    return played, plan, outcome


def test_one_node_of_eight_runs_a_cell_at_1k(tmp_path: Path, node: Any):
    """The scorer, QwQ and the student as copies that fill the node, each over its GPUs; all of them to training."""
    node(NODE, 80)
    played, plan, outcome = ran(tmp_path, "scale=ot_1k", "filter=difficulty", "teacher=qwq")
    asked: dict[str, list[int]] = {}
    for stage, gpus, _ in played.started:
        asked.setdefault(stage, []).append(len(gpus))
    assert asked == {
        "source": [0], "mix": [0], "dedup": [0], "benchmark": [0] * len(plan.cells[0].recipe["eval"]),
        "filter": [1] * 8, "traces": [2] * 4, "dataset": [0], "train": [8], "eval": [1] * 8,
    }  # fmt: skip
    assert max(map(len, played.held)) == 8
    assert {stage for stage, _, together in played.started if together} == {"filter", "traces", "eval"}
    assert (outcome.executed, outcome.failed) == (len(plan.runs), {})


def test_a_teacher_that_takes_all_is_not_passed_by_for_ever(tmp_path: Path, node: Any):
    """R1 takes eight GPUs: what is ready after it waits, instead of taking what is freed one by one."""
    node(NODE, 141)
    played, _, outcome = ran(tmp_path, "scale=ot_1k", "teacher=qwq,r1", "samples=x1,x4", "filter=random")
    traces = [len(gpus) for stage, gpus, _ in played.started if stage == "traces"]
    assert traces.count(8) == 2
    assert not outcome.failed


def test_without_a_gpu_nothing_is_given(tmp_path: Path, node: Any):
    """And nothing is shared: each process asks for itself."""
    node([], 0)
    played, _, _ = ran(tmp_path)
    assert {(gpus, together) for _, gpus, together in played.started} == {((), False)}


def test_a_copy_that_dies_is_not_started_for_ever(tmp_path: Path, node: Any):
    """As many copies as the node carries are tried, and then it has failed."""
    node(NODE, 80)
    played, plan, outcome = ran(tmp_path, "scale=ot_1k", "teacher=qwq", "filter=random", dies="traces")
    assert len([stage for stage, *_ in played.started if stage == "traces"]) == 4
    assert any("upstream" in why for why in outcome.failed.values())
    first = ("source", "mix", "filter", "dedup", "benchmark")
    assert len(outcome.failed) == sum(run.stage not in first for run in plan.runs.values())


@pytest.mark.parametrize(
    ("names", "gigabytes", "overrides", "says"),
    [
        (NODE, 80, ["teacher=r1"], "traces r1-x1: deepseek-ai/DeepSeek-R1: 671.0B.*8 x 80 GB.*8 x 141 GB"),
        (["0"], 80, ["teacher=qwq"], "traces qwq-x1: Qwen/QwQ-32B: 32.8B.*1 x 80 GB.*2 x 80 GB"),
        (["0"], 80, [], "train .*: Qwen/Qwen2.5-7B-Instruct: training 7.6B.*takes 138 GB"),
        ([], 0, [], "train .*: training 7.6B.*of memory, and there is no GPU and"),
    ],
)
def test_what_this_machine_could_never_run_is_refused(
    tmp_path: Path, node: Any, monkeypatch: pytest.MonkeyPatch, names: list[str], gigabytes: float,
    overrides: list[str], says: str,
):  # fmt: skip
    """Before anything is spent, with what would do."""
    node(names, gigabytes)
    monkeypatch.setattr(machine, "memory_gb", lambda: 62.0)
    plan = api.plan(["scale=ot_1k", f"store={tmp_path}", *overrides])
    told = list(preflight.not_ready(plan, Artifacts(Store(tmp_path))))
    assert any(re.search(says, line) for line in told), told


def test_of_a_training_of_somebodys_own_nothing_is_known(tmp_path: Path, node: Any):
    """It has settings of its own: it gets the node, and nothing is refused."""
    node(NODE, 80)
    words = ["--config-dir", str(CONF), "train=copied", "plugins=[tests.slurm.cheap]", f"store={tmp_path}"]
    plan = api.plan(words[2:], config_dir=words[1])
    train = next(run for run in plan.runs.values() if run.stage == "train")
    assert fits.gpus_of(train, plan, machine.here()) == 8
    assert list(fits.misfits(plan, plan.runs.values(), machine.here())) == []
    assert resources.of(train, replace(plan, runtime=api.plan(["cluster=slurm"]).runtime)).gpus == 1
    of_seven = replace(train, reads={"train": {"function": "copied", "batch_size": 7}})
    assert fits.gpus_of(of_seven, plan, machine.here()) == 8
    on_slurm = replace(plan, runtime=api.plan(["cluster=slurm", "cluster.slurm.train.gpus=8"]).runtime)
    assert resources.of(of_seven, on_slurm).gpus == 8


def test_a_training_takes_as_many_as_share_its_rows(node: Any):
    """Six GPUs and 96 rows a step: six; seven: six of them."""
    plan = api.plan(["scale=ot_1k"])
    train = next(run for run in plan.runs.values() if run.stage == "train")
    for count, taken in ((1, 1), (5, 4), (6, 6), (7, 6), (8, 8)):
        node(NODE[:count], 80)
        assert fits.gpus_of(train, plan, machine.here()) == taken
