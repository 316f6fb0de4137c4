"""What a cluster does to jobs, done to a real one: the grid comes to its end, nothing is lost or done twice."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from ot_grid import attempts
from ot_grid.cluster import standing
from ot_grid.planning.plan import StageRun
from tests.requires import REQUIRE_ALL
from tests.slurm.dev import HANGS, DevCluster
from tests.slurm.grid import Grid

pytestmark = pytest.mark.slow
MakeGrid = Callable[..., Grid]
# Replies one by one, so that there is a middle in which something can happen.
SLOW_REPLIES = ("samples=x4", "scale.max_tokens=300", "cluster.batch_size=1", "cluster.chunk=4")
# No checkpoint is there by chance.
TRAINING = ("train=sft_rehearsal", "train.checkpoint_steps=100000", "train.epochs=500")
AT_THE_GATE = ("filter=slow", "filter.seconds=600")


def outcomes(grid: Grid, stage: str) -> list[str | None]:
    return [each.outcome for run in grid.runs(stage) for each in grid.history(run)]


def test_a_node_is_lost_while_two_workers_generate(grid: MakeGrid, cluster: DevCluster):
    """Its chunk is taken over; every reply is there once, and the record counts them all."""
    one = grid("filter=random", *SLOW_REPLIES, "cluster.slurm.traces.workers=2", typed=True)
    one.hold_after(3)
    one.submit()
    one.wait_replies(3)
    traces = one.runs("traces")[0]
    cluster.kill_node(cluster.job(one.wait_running(traces))["node"])
    one.open()
    one.wait_over()
    one.check()
    record = one.record(traces)
    assert (record["usage"]["bought"], record["usage"]["reused"]) == (24, 0)
    assert len(one.replies()) == 24 + 4


def test_a_job_is_preempted_in_the_middle_of_training(grid: MakeGrid, cluster: DevCluster):
    """It writes a checkpoint, is queued again, and goes on from a step above zero."""
    one = grid("filter=random", *TRAINING, "cluster.slurm.train.partition=preemptible")
    one.submit()
    training = one.runs("train")[0]
    one.wait_progress(training, lambda told: told["done"] >= 20)
    with one.frozen(training):
        cluster.preempt(one.job_of(training))
        one.wait_log(training, "signal")
    one.wait_over()
    one.check()
    counts = one.record(training)["counts"]
    assert 20 <= counts["resumed_at"] < counts["steps"] == 1000
    assert outcomes(one, "train") == ["preempted", "done"]
    assert [step for step, _ in one.record(training)["loss"]] == list(range(1, 1001))


def test_time_runs_out_in_generation(grid: MakeGrid, cluster: DevCluster):
    """Work that is longer than the limit goes on in the same job, queued again, from what it has."""
    one = grid("filter=random", *SLOW_REPLIES, "cluster.slurm.grace=90", typed=True)  # a model waits at no gate
    one.hold_after(3)
    one.submit()
    one.wait_replies(3)
    runs_out(one, one.runs("traces")[0], cluster)
    assert one.record(one.runs("traces")[0])["usage"]["bought"] == 24


@pytest.mark.long  # preempted in the middle of training, above, is the same for whoever trains
def test_time_runs_out_in_training(grid: MakeGrid, cluster: DevCluster):
    """It writes a checkpoint in the time of grace, and goes on from there."""
    one = grid("filter=slow", *TRAINING, "cluster.slurm.grace=90")
    one.submit()
    training = one.runs("train")[0]
    one.wait_progress(training, lambda told: told["done"] >= 20)
    with one.frozen(training):
        cluster.near_its_end(one.job_of(training))
        one.wait_log(training, "signal SIGUSR1: time limit")
    runs_out(one, training, cluster)
    assert one.record(training)["counts"]["resumed_at"] >= 20


def runs_out(one: Grid, run: StageRun, cluster: DevCluster) -> None:
    """Let a stage run's job come near its end, be warned, and end its work in a second start of the same job."""
    if "signal SIGUSR1" not in one.said(run):
        cluster.near_its_end(one.job_of(run))
        one.wait_log(run, "signal SIGUSR1: time limit")
    with suppress(AssertionError):  # it may be over; else it may take as long as this machine needs
        cluster.run("scontrol", "update", f"jobid={one.job_of(run)}", "timelimit=20")
    cluster.wait_until(lambda: one.history(run)[-1].outcome, HANGS, f"{run} has stopped")
    one.open()
    one.wait_over()
    one.check()
    assert [each.outcome for each in one.history(run)] == ["time limit", "done"]
    assert len({each.job for each in one.history(run)}) == 1


def test_a_stage_in_the_middle_is_cancelled(grid: MakeGrid, cluster: DevCluster):
    """What is cancelled stays so until somebody asks again; then the grid is completed."""
    one = grid(*AT_THE_GATE)
    one.submit()
    filtering = one.runs("filter")[0]
    cluster.cancel(one.wait_running(filtering))
    one.wait_over()
    found = one.standings()
    assert found[filtering.key].outcome == "cancelled"
    assert {found[run.key].outcome for stage in ("traces", "train", "eval") for run in one.runs(stage)} == {"upstream"}
    assert "submitted" not in one.command("resume").stdout  # as cron would
    assert "stopped" in one.command("status").stdout
    one.open()
    one.submit()
    one.wait_over()
    one.check()


def test_the_controller_is_restarted(grid: MakeGrid, cluster: DevCluster):
    """The queue outlives it, and so does the grid, with nobody there."""
    one = grid(*AT_THE_GATE, "cluster.slurm.heartbeat=0.5")
    one.submit()
    one.wait_running(one.runs("filter")[0])
    cluster.wait_saved()
    cluster.restart_controller()
    one.open()
    one.wait_over()
    one.check()


def test_a_job_dies_without_a_word_and_accounting_is_off(grid: MakeGrid, cluster: DevCluster):
    """What the controller remembers of it is told, and it is tried again by itself."""
    cluster.stop_accounting()
    one = grid(*AT_THE_GATE)
    one.submit()
    filtering = one.runs("filter")[0]
    job = one.wait_running(filtering)
    cluster.run("scancel", "--signal=KILL", "--batch", job)
    one.open()
    one.wait_over()
    one.check()
    assert outcomes(one, "filter") == ["out of memory", "done"]  # SIGKILL from nobody we know
    assert one.history(filtering)[0].message == "its job ended FAILED (0:9)"


def test_a_job_takes_more_memory_than_it_asked_for(grid: MakeGrid):
    """It is killed for it, and asks for more by itself."""
    one = grid("filter=greedy", "filter.megabytes=1000", "cluster.slurm.cpu.mem_gb=1", "cluster.slurm.grow.mem=2")
    one.submit()
    one.wait_over()
    one.check()
    assert outcomes(one, "filter") == ["out of memory", "done"]


def test_a_parent_that_finished_long_ago_is_no_edge(grid: MakeGrid, cluster: DevCluster):
    """The controller has forgotten its job; a wider grid is submitted all the same, on top of its record.

    Where scratch has purged what it made, that is told, and `retry` has it made again once its folder is deleted.
    """
    first = grid("filter=random")
    first.submit()
    first.wait_over()
    cluster.configure("MinJobAge=300", "MinJobAge=2")
    cluster.run("scontrol", "reconfigure")
    try:
        job = str(first.history(first.runs("eval")[0])[0].job)
        forgotten = ["scontrol", "show", "job", job]
        gone = lambda: subprocess.run(forgotten, env=cluster.environment, capture_output=True).returncode  # noqa: E731
        cluster.wait_until(gone, HANGS, "the controller has forgotten the job")
        old = first.folder(first.runs("dedup")[0])
        (old / "data" / "questions.parquet").unlink()
        wider = grid("filter=random", "teacher=qwq,r1")
        wider.submit()
        wider.wait_over()
        (stopped,) = [run for run in wider.runs("traces") if not wider.record(run)]
        assert "is no longer there: deleted, or purged" in str(wider.history(stopped)[-1].message)
        shutil.rmtree(old)
        assert wider.command("retry").returncode == 0
        wider.wait_over()
        wider.check()
    finally:
        cluster.configure("MinJobAge=2", "MinJobAge=300")
        cluster.run("scontrol", "reconfigure")


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Have a folder lie on a disk of 256 kB."""
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)], check=True, capture_output=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.skipif(os.geteuid() != 0 and not REQUIRE_ALL, reason="only root can mount a small disk")
def test_a_disk_is_full_for_one_stage(grid: MakeGrid):
    """It is told so after as many tries as are allowed, and done when there is room again and somebody says `retry`."""
    one = grid("filter=random,none")
    training = one.runs("train")[0]
    with small_disk(one.folder(training)):
        one.submit()
        one.wait_over()
        assert [each.outcome for each in one.history(training)] == ["disk full"] * 3
        assert one.states()[standing.FAILED] == 2
        said = one.submit(expect=1)
        assert "disk full: 3 times, and cluster.slurm.retries allows 2" in said
    assert one.command("retry").returncode == 0
    one.wait_over()
    one.check()


def test_nothing_is_made_twice_when_a_job_is_queued_again_after_its_work(grid: MakeGrid, cluster: DevCluster):
    """A job that is requeued by hand finds the records of what it did before."""
    one = grid(*AT_THE_GATE)
    one.submit()
    cluster.run("scontrol", "requeue", one.wait_running(one.runs("filter")[0]))
    one.open()
    one.wait_over()
    one.check()
    assert [each.outcome for each in one.history(one.runs("mix")[0])] == [attempts.DONE]
