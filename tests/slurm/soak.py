"""A grid under random faults of nodes, jobs and the controller, for as long as one likes.

By hand: python -m tests.slurm.soak 1800   (on a dev cluster of its own; it prints what was done and what came of it)
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ot_grid import attempts
from tests import tiny
from tests.slurm.dev import DevCluster
from tests.slurm.grid import Grid

BETWEEN = (3.0, 9.0)  # seconds between two faults
OTHERS = ("heal-", "heartbeat-", "preempting")  # jobs that are not the grid's work
GRID = (
    "filter=slow", "filter.seed=1,2", "filter.seconds=6", "teacher=qwq,r1", "train.seconds=4", "samples=x4",
    "scale.max_tokens=200", "cluster.batch_size=2", "cluster.chunk=4", "cluster.slurm.traces.workers=2",
    "cluster.slurm.train.partition=preemptible", "cluster.slurm.grow.mem=1.0", "cluster.slurm.heartbeat=0.5",
    *(f"cluster.slurm.retries.{name}=1000" for name in ("out_of_memory", "node_lost", "killed", "time_limit")),
)  # fmt: skip


@dataclass
class Soak:
    """What was done to a cluster, and what came of it."""

    cluster: DevCluster
    random: random.Random
    faults: Counter[str] = field(default_factory=Counter)
    stage_runs: int = 0
    rounds: int = 0
    restarts: int = 0  # attempts that did not come to their end
    resumed: int = 0  # times that nothing was queued, and the grid not done

    def endure(self, grid: Grid, seconds: float, least: int = 0) -> None:
        """Run a grid, doing harm for so many seconds; then let it come to its end, and check it.

        What waits at the gate of the grid waits until there was so much harm at `least`.
        """
        end, enough = time.monotonic() + seconds, sum(self.faults.values()) + least
        grid.submit()
        while any(not job["name"].startswith(OTHERS) for job in self.cluster.queue()):
            if sum(self.faults.values()) >= enough:
                grid.open()
                if time.monotonic() > end:
                    break
            time.sleep(self.random.uniform(*BETWEEN))
            self.harm()
        grid.open()
        self.cluster.up()
        self.come_to_an_end(grid)
        grid.check()
        self.rounds += 1
        self.stage_runs += len(grid.plan.runs)
        ended = [each.outcome for run in grid.plan.runs.values() for each in grid.history(run)]
        self.restarts += sum(outcome not in (attempts.DONE, attempts.HELPED) for outcome in ended)

    def come_to_an_end(self, grid: Grid) -> None:
        """Wait for the grid, with nobody there; count the times that it came to a stand and had to be asked again."""
        self.cluster.run("scancel", "--name=preempting")  # these too may be held back, and nobody releases them
        deadline = time.monotonic() + 900
        while (queue := self.cluster.queue()) or not all(map(grid.record, grid.plan.runs.values())):
            assert time.monotonic() < deadline, f"not done: {grid.states()}, {queue}"
            if not queue:
                self.resumed += 1
                grid.submit()
            time.sleep(1)

    def harm(self) -> None:
        """Do one thing that clusters do."""
        things: list[Callable[[], None]] = [self.lose_a_node, self.kill_a_job, self.requeue_a_job, self.preempt_a_job]
        if self.random.random() < 0.15:
            things = [self.restart_the_controller]
        self.random.choice(things)()

    def lose_a_node(self) -> None:
        """Take the power from a node for a while."""
        node = self.random.choice(["n1", "n2", "n3"])
        self.cluster.kill_node(node)
        time.sleep(self.random.uniform(0, 4))
        self.cluster.start_node(node)
        self.faults["nodes lost"] += 1

    def kill_a_job(self) -> None:
        """Kill a job's processes."""
        if job := self._running():
            self._ask("scancel", "--signal=KILL", "--batch", job)
            self.faults["jobs killed"] += 1

    def requeue_a_job(self) -> None:
        """Have a running job start again."""
        if job := self._running():
            self._ask("scontrol", "requeue", job)
            self.faults["jobs requeued"] += 1

    def preempt_a_job(self) -> None:
        """Take a node for a job that goes before those that can be preempted."""
        if job := self._running():
            node = self.cluster.job(job).get("node")
            if node:
                options = [f"--nodelist={node}", "--exclusive", "--output=/dev/null", "--job-name=preempting"]
                self.cluster.submit("sleep 2", "--partition=normal", *options)
                self.faults["preempting jobs"] += 1

    def restart_the_controller(self) -> None:
        """Kill the controller; what it has not saved is lost."""
        self.cluster.restart_controller()
        self.faults["controllers killed"] += 1

    def _running(self) -> str | None:
        jobs = [job["id"] for job in self.cluster.queue() if job["state"] == "RUNNING" and "heal" not in job["name"]]
        return self.random.choice(sorted(jobs)) if jobs else None

    def _ask(self, *command: str) -> None:
        try:
            self.cluster.run(*command)
        except AssertionError:  # the job has just ended
            self.faults["came too late"] += 1

    def __str__(self) -> str:
        done = ", ".join(f"{count} {what}" for what, count in sorted(self.faults.items()))
        return (
            f"{self.rounds} grids, {self.stage_runs} stage runs; {done}; {self.restarts} attempts did not come to "
            f"their end; the queue ran empty before the grid was done {self.resumed} times; results lost: 0, made or "
            "bought twice: 0"
        )


def main(seconds: float) -> None:
    """Endure grid after grid for so long on a cluster of our own."""
    with tempfile.TemporaryDirectory(prefix="soak-") as folder:
        cluster = DevCluster(Path(tempfile.mkdtemp(prefix="ot_grid-")))
        model = tiny.make(Path(folder) / "tiny")
        try:
            cluster.up()
            soak, end = Soak(cluster, random.Random(7)), time.monotonic() + seconds
            while time.monotonic() < end:
                grid = Grid(cluster, Path(folder) / f"store{soak.rounds}", model, *GRID)
                soak.endure(grid, end - time.monotonic())
                print(soak, flush=True)  # noqa: T201
        finally:
            cluster.script("down")


if __name__ == "__main__":
    main(float(sys.argv[1]))
