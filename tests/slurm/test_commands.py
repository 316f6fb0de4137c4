"""The commands that look at jobs and steer them, on a real cluster: what they say is what Slurm does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ot_grid import cli
from ot_grid.cluster import slurm
from tests.slurm.dev import HANGS, DevCluster

pytestmark = pytest.mark.slow

GRID = ["-m", "source=gsm_symbolic", "mix=top1", "teacher=reference", "scale.questions=4", "cluster=slurm_dev"]
BOTH = [*GRID, "filter=random,none", "eval=[sums,gcd]", "--name", "both"]  # 17 stage runs
OTHER = [*GRID, "filter=random", "eval=[sums,products]", "--name", "other"]  # 11, of which 9 are among them
LOGGED = """#!/bin/sh
echo {name} "$@" >> {log}
exec {real} "$@"
"""


@pytest.fixture
def closed(cluster: DevCluster) -> Iterator[DevCluster]:
    """A cluster that takes jobs and starts none."""
    cluster.run("scontrol", "update", "nodename=n[1-3]", "state=drain", "reason=closed")
    yield cluster
    cluster.run("scontrol", "update", "nodename=n[1-3]", "state=resume")


def ot_grid(capsys: pytest.CaptureFixture[str], *words: str, code: int = 0) -> str:
    """Return what a command prints, which must end with a code."""
    capsys.readouterr()
    ended = cli.main(list(words))
    printed = capsys.readouterr()
    assert ended == code, printed.out + printed.err
    return printed.out + printed.err


def counts(capsys: pytest.CaptureFixture[str], sweep: str) -> dict[str, int]:
    """Return how many stage runs there are of each kind."""
    told = json.loads(ot_grid(capsys, "status", sweep, "--json"))["counts"]
    return {kind: count for kind, count in told.items() if count}


def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *commands: str) -> Path:
    """Have commands of Slurm note each time that they are asked; return the note."""
    note = tmp_path / "asked"
    for name in commands:
        real = subprocess.run(["which", name], capture_output=True, text=True, check=True).stdout.strip()
        (tmp_path / name).write_text(LOGGED.format(name=name, log=note, real=real))
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return note


def reasons(cluster: DevCluster, name: str) -> set[str]:
    """Return why the queued jobs with a name wait."""
    return {job["reason"] for job in cluster.queue() if job["name"] == name}


def throttles(cluster: DevCluster, name: str) -> set[str]:
    """Return the limits of the arrays that have a name; '0' is none."""
    jobs = [
        job
        for job in cluster.run("scontrol", "-o", "show", "job").splitlines()
        if f"JobName={name} " in job and "JobState=PENDING" in job
    ]
    found = (re.search(r"ArrayTaskThrottle=(\d+)", job) for job in jobs)
    return {matched[1] if matched else "0" for matched in found}


def test_status_tells_why_jobs_wait_with_two_questions(closed, capsys, tmp_path, monkeypatch):
    """One question while all is queued; where jobs are gone without a word, one to each of those who may know."""
    ot_grid(capsys, *BOTH)
    closed.wait_until(lambda: reasons(closed, "train-both") == {"Dependency"}, HANGS, "Slurm says why trainings wait")
    note = asked(tmp_path, monkeypatch, "squeue", "sacct")
    shown = ot_grid(capsys, "status")
    assert "0 of 2 cells complete; 17 stage runs: 17 queued" in shown
    assert re.search(r"train +2 stage runs in 2 jobs: waiting for what they are made from \(Dependency\)", shown)
    assert re.search(r"source +1 stage run in 1 job: waiting for nodes that are down, drained or reserved", shown)
    assert [line.partition(" ")[0] for line in note.read_text().splitlines()] == ["squeue"]
    ot_grid(capsys, "cancel", "both")
    note.unlink()
    assert counts(capsys, "both") == {"stopped": 17}  # at once, though accounting is seconds behind
    assert sorted(line.partition(" ")[0] for line in note.read_text().splitlines()) == ["sacct", "squeue", "squeue"]


def test_cancel_ends_a_sweep_for_good(closed, capsys):
    """All its jobs end, those that heal first, so that none comes back; what others wait for is named."""
    ot_grid(capsys, *BOTH)
    ot_grid(capsys, *OTHER)
    told = ot_grid(capsys, "cancel", "both")
    assert "cancelled 10 jobs (0 running), 17 stage runs not done" in told
    assert "sweep other waits for 9 of these; to have it make them: python -m ot_grid retry other" in told
    own = {"benchmark", "eval", "heal", "heartbeat"}  # the other's
    assert {job["name"].split("-")[0] for job in closed.queue()} == own
    assert counts(capsys, "both") == {"stopped": 17}
    assert "nothing of both is queued or running" in ot_grid(capsys, "cancel", "both")
    assert "submitted 9 stage runs" in ot_grid(capsys, "retry", "other")
    assert counts(capsys, "both") == {"queued": 9, "stopped": 8}


def test_throttle_moves_the_limit_of_what_is_queued_and_of_what_comes(closed, capsys):
    """Every array but the healing ones gets it, 0 lifts it, and what is submitted later keeps to it."""
    ot_grid(capsys, *BOTH, "cluster.slurm.max_parallel=null")
    assert "at most 1 at once for 5 queued jobs in 3 arrays" in ot_grid(capsys, "throttle", "both", "1")
    assert throttles(closed, "train-both") == throttles(closed, "eval-both") == {"1"}
    ot_grid(capsys, "throttle", "both", "0")
    assert throttles(closed, "train-both") == {"0"}
    ot_grid(capsys, "throttle", "both", "1")
    ot_grid(capsys, "cancel", "both")
    assert "nothing of both is queued" in ot_grid(capsys, "throttle", "both", "1")
    ot_grid(capsys, "retry", "both")
    assert "1" in throttles(closed, "train-both")


def test_a_running_stage_run_is_seen_followed_and_ended(cluster, capsys):
    """`status` shows where it runs and until when, `logs -f` goes on until it is over, `cancel` ends it."""
    ot_grid(capsys, *OTHER)
    assert "python -m ot_grid status" in ot_grid(capsys, "status")  # with whatever runs by now

    def training() -> bool:
        return "train random" in ot_grid(capsys, "status").partition("running:")[2].partition("queued:")[0]

    cluster.wait_until(training, HANGS, "training")
    shown = ot_grid(capsys, "status")
    assert re.search(r"train random-reference-x1-off \[\w+\]  .*job \d+_0, on \S+, since", shown)
    assert "expected end: about" in shown
    assert "of train" not in shown.partition("running:")[0]
    follow = [sys.executable, "-m", "ot_grid", "logs", "train", "-f"]
    with subprocess.Popen(follow, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as following:
        time.sleep(3)
        assert following.poll() is None
        assert "(1 running)" in ot_grid(capsys, "cancel", "other")
        told = following.communicate(timeout=HANGS)[0]
    assert "ot_grid: job" in told
    assert "cancelled" in told.splitlines()[-1]
    cluster.wait_empty(HANGS)
    assert counts(capsys, "other") == {"done": 8, "stopped": 3}
    assert "==> " in ot_grid(capsys, "logs", "dataset")


def test_doctor_finds_a_cluster_well(cluster, capsys, own_store):
    """A small job goes to a node and answers through the store; nothing is left behind."""
    told = ot_grid(capsys, "doctor", *OTHER)
    for words in (
        "arrays of 1000 jobs",
        "sacct answers",
        "normal: 3 nodes",
        "gpu:2",
        "locks hold",
        "jobs can ask Slurm",
    ):
        assert words in told
    assert "BROKEN" not in told
    assert not (own_store / "doctor").exists()
    cluster.wait_empty(HANGS)


def test_doctor_gives_up_jobs_that_do_not_start(closed, capsys, own_store):
    """Drained nodes are a warning, said in time, for they come back; the job is taken back."""
    told = ot_grid(capsys, "doctor", *OTHER, "--wait", "2")
    assert "did not start in 2 s (" in told
    assert "no node takes jobs now" in told
    assert closed.queue() == []
    assert not (own_store / "doctor").exists()


def test_doctor_tells_what_jobs_would_break_on(cluster, capsys):
    """An interpreter that is not there, GPUs in name only and a time that no partition gives are each told."""
    broken = ["cluster.slurm.train.python=/no/python", "cluster.slurm.eval.gpus=1", "cluster.slurm.dataset.time=99999"]
    told = ot_grid(capsys, "doctor", *OTHER, *broken, code=1)
    assert re.search(r"BROKEN +train .*/no/python: No such file", told)
    assert re.search(r"BROKEN +inference .*nvidia-smi finds none", told)
    assert re.search(r"BROKEN +jobs +dataset: .*time=99999 minutes, and partition normal ends jobs after 10080", told)
    cluster.wait_empty(HANGS)


def test_a_name_in_latin_1_hides_no_job(closed: DevCluster, capsys: pytest.CaptureFixture[str], own_store: Path):
    """As long as anybody has such a job, squeue prints bytes that are no UTF-8: commands read the rest all the same."""
    name = os.fsdecode(b"d\xe9d\xe9 job")
    theirs = closed.submit("sleep 600", f"--job-name={name}", "--output=/dev/null")
    try:
        assert "submitted 17 stage runs" in ot_grid(capsys, *BOTH)
        assert counts(capsys, "both") == {"queued": 17}
        assert "17 were queued" in ot_grid(capsys, "resume", "both", "--store", str(own_store))
        assert "both" in ot_grid(capsys, "cancel", "both")
    finally:
        closed.cancel(theirs)


@pytest.mark.parametrize("wanted", ["standard", "relative", "%s", "%T"])
def test_the_shells_own_format_of_times_changes_no_end(
    wanted: str, cluster: DevCluster, monkeypatch: pytest.MonkeyPatch
):
    """A time limit that is near must be known as such, whatever the user likes to read; nor does any filter hide it."""
    job = cluster.submit("sleep 600", "--output=/dev/null", "--time=10")
    cluster.wait_until(lambda: cluster.job(job)["state"] == "RUNNING", HANGS, "the job runs")
    expected = slurm.details(job)
    monkeypatch.setenv("SLURM_TIME_FORMAT", wanted)
    monkeypatch.setenv("SQUEUE_FORMAT", "%A")
    monkeypatch.setenv("SQUEUE_STATES", "PENDING")
    monkeypatch.setenv("SCONTROL_ALL", "0")
    assert slurm.details(job).end == expected.end
    assert time.time() < expected.end < time.time() + 601
    assert job in {each.job for each in slurm.queue().jobs}
