"""A grid on the dev cluster: what was asked for, where it stands, and what must hold of it after any fault."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from ot_grid import api, attempts, store
from ot_grid.attempts import Attempt
from ot_grid.cluster import standing
from ot_grid.planning.plan import Plan, StageRun
from ot_grid.store import Artifacts, Store
from tests.slurm import gate
from tests.slurm.dev import HANGS, DevCluster

ROOT = Path(__file__).parents[2]
CONF = Path(__file__).parent / "conf"
SMALL = (
    "tracking='off'", "scale.pool=8", "scale.questions=6", "scale.max_tokens=16",
    "scale.stand_in.id=tiny", "scale.stand_in.revision=null", "scale.stand_in.wheel=null", "train=copied",
    "source=[drills,hard_drills]", "eval=drills",
)  # fmt: skip


class Grid:
    """One command line over one store, given to the cluster as often as a test likes.

    What is `typed` is answered by no model, see `tests.slurm.typed`.
    """

    def __init__(self, cluster: DevCluster, place: Path, model: Path, *overrides: str, typed: bool = True) -> None:
        self.cluster, self.place = cluster, place
        plugins = "plugins=[tests.slurm.cheap,tests.slurm.typed]" if typed else "plugins=[tests.slurm.cheap]"
        self.overrides = [plugins, *SMALL, f"+cluster.models.tiny={model}", "cluster=slurm_dev", *overrides]
        self.environment = {
            **cluster.environment,
            "OT_GRID_STORE": str(place),
            "PYTHONPATH": str(ROOT),
            "WANDB_MODE": "offline",
        }
        os.environ["OT_GRID_STORE"] = str(place)
        self.plan = api.plan(self.overrides, config_dir=str(CONF))
        self.gate = place.parent / f"gate-{self.plan.name}"
        self.environment[gate.PATH] = str(self.gate)

    def hold_after(self, replies: int) -> None:
        """Have each job wait at the gate once it has so many replies; where models answer, nothing is held."""
        self.environment[gate.HOLD] = str(replies)

    def open(self) -> None:
        """Let go on what waits at the gate."""
        self.gate.touch()

    @contextmanager
    def frozen(self, run: StageRun) -> Iterator[None]:
        """Have a trainer stand still, however long what is done meanwhile takes."""
        pids = list(self._trainers(run))
        assert pids, f"{run} has no trainer: {self.said(run)}"
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        yield
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def _trainers(self, run: StageRun) -> Iterator[int]:
        for process in psutil.process_iter(["cmdline"]):
            words = process.info["cmdline"] or []
            if "ot_grid.stages.training.sft" in words and any(str(self.folder(run)) in word for word in words):
                yield process.pid

    def line(self, *more: str) -> list[str]:
        """Return the command line that a user would type."""
        return [sys.executable, "-m", "ot_grid", "-m", "--config-dir", str(CONF), *self.overrides, *more]

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run another command on the same store."""
        line = [sys.executable, "-m", "ot_grid", *words]
        return subprocess.run(line, env=self.environment, capture_output=True, text=True, cwd=ROOT, timeout=HANGS)

    def submit(self, *more: str, expect: int = 0) -> str:
        """Run the command; return what it says."""
        done = subprocess.run(
            self.line(*more), env=self.environment, capture_output=True, text=True, cwd=ROOT, timeout=HANGS
        )
        assert done.returncode == expect, f"exit code {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout + done.stderr

    @property
    def artifacts(self) -> Artifacts:
        """Where its stage runs lie, looked at anew."""
        return Artifacts(Store(self.place))

    def runs(self, stage: str) -> list[StageRun]:
        """Return its stage runs of a stage."""
        return [run for run in self.plan.runs.values() if run.stage == stage]

    def folder(self, run: StageRun) -> Path:
        """Return where a stage run lies."""
        return self.artifacts.folder(run)

    def record(self, run: StageRun) -> dict[str, Any]:
        """Return the record of a stage run, empty when it has none."""
        return store.record_of(self.folder(run)) or {}

    def history(self, run: StageRun) -> list[Attempt]:
        """Return the attempts at a stage run."""
        return attempts.read(self.folder(run))

    def standings(self) -> dict[str, standing.Standing]:
        """Return where every stage run stands."""
        return standing.look(self.plan, self.artifacts)

    def states(self) -> Counter[str]:
        """Return how many stage runs are in each state."""
        return Counter(now.state for now in self.standings().values())

    def job_of(self, run: StageRun) -> str:
        """Return the Slurm job of a stage run that is queued or running."""
        job = self.standings()[run.key].job
        assert job, f"{run} has no job: {self.standings()[run.key]}"
        return job

    def wait_running(self, run: StageRun, seconds: float = HANGS) -> str:
        """Wait until a stage run has begun; return its job."""
        self.cluster.wait_until(
            lambda: self.standings()[run.key].state == standing.RUNNING, seconds, f"{run} runs: {self.said(run)}"
        )
        return self.job_of(run)

    def wait_progress(self, run: StageRun, so: Callable[[dict[str, Any]], bool], seconds: float = HANGS) -> None:
        """Wait until what a stage run tells of its progress is so."""

        def told() -> bool:
            try:
                return so(json.loads((self.folder(run) / "progress.json").read_text()))
            except (OSError, ValueError):
                return False

        self.cluster.wait_until(told, seconds, f"{run} is that far: {self.said(run)}")

    def wait_replies(self, count: int, seconds: float = HANGS) -> None:
        """Wait until so many replies are stored."""
        self.cluster.wait_until(lambda: len(self.replies()) >= count, seconds, f"{count} replies are stored")

    def wait_log(self, run: StageRun, words: str, seconds: float = HANGS) -> None:
        """Wait until the log of a stage run's last attempt has these words."""
        log = Path(self.history(run)[-1].log or "")
        self.cluster.wait_until(lambda: words in log.read_text(), seconds, f"{log} says {words!r}")

    def said(self, run: StageRun) -> str:
        """Return what is known of a stage run, for a failing test."""
        logs = [Path(each.log) for each in self.history(run) if each.log]
        texts = [path.read_text(errors="replace")[-1500:] for path in dict.fromkeys(logs) if path.exists()]
        return f"{self.standings()[run.key]}\n{self.history(run)}\n" + "\n".join(texts)

    def wait_over(self, seconds: float = 600) -> None:
        """Wait until nothing of it is in the queue."""
        self.cluster.wait_empty(seconds)

    def check(self) -> None:
        """Assert what must hold at the end: all is done, once, each reply is bought once, nothing is left queued."""
        undone = [run for run in self.plan.runs.values() if not self.record(run)]
        assert not undone, "\n".join(self.said(run) for run in undone[:3])
        for run in self.plan.runs.values():
            made = [each for each in self.history(run) if each.outcome == attempts.DONE]
            assert len(made) <= 1, f"{run} was made {len(made)} times: {self.history(run)}"
        assert not self.cluster.queue()
        bought = Counter(self.replies())
        assert not [name for name, count in bought.items() if count > 1]

    def replies(self) -> list[str]:
        """Return the keys of all stored replies, one for each line of the reply store."""
        files = (self.place / "replies").glob("*/*.jsonl")
        lines = [line for path in files for line in path.read_bytes().split(b"\n")[:-1]]
        return [json.loads(line)["key"] for line in lines]


def digests(grid: Grid, stages: Sequence[str], plan: Plan | None = None) -> dict[str, Any]:
    """Return the digests of the outputs of some stages, by key."""
    runs = (plan or grid.plan).runs.values()
    return {run.key: grid.record(run).get("outputs") for run in runs if run.stage in stages}
