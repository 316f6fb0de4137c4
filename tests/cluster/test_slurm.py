"""How Slurm is asked: the same answer in any shell, job and language. Here it is played by scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from ot_grid.cluster import slurm
from ot_grid.errors import BadInput


def plays(cluster: Path, name: str, script: str) -> None:
    """Let a script answer in the place of one of Slurm's commands."""
    (cluster / name).write_text(f"#!/bin/sh\n{script}\n")
    (cluster / name).chmod(0o755)


def test_nothing_of_the_shell_changes_an_answer(cluster: Path, monkeypatch: pytest.MonkeyPatch):
    """Formats, filters, a time format, the job that we are in; where the cluster is stays, and it speaks English."""
    hidden = ("SQUEUE_FORMAT", "SQUEUE_STATES", "SACCT_FORMAT", "SINFO_PARTITION", "SCONTROL_ALL", "SBATCH_ACCOUNT",
              "SLURM_TIME_FORMAT", "SLURM_BITSTR_LEN", "SLURM_JOB_ID", "SCANCEL_USER")  # fmt: skip
    for name in hidden:
        monkeypatch.setenv(name, "relative")
    monkeypatch.setenv("SLURM_CONF", "/etc/slurm/mine.conf")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    plays(cluster, "sinfo", "env")
    seen = dict(line.split("=", 1) for line in slurm.ask("sinfo").splitlines() if "=" in line)
    assert not seen.keys() & set(hidden)
    assert (seen["SLURM_CONF"], seen["LC_ALL"]) == ("/etc/slurm/mine.conf", "C")


def test_bytes_that_are_no_utf8_are_replaced(cluster: Path):
    """Anybody's job may have a name in Latin-1."""
    plays(cluster, "squeue", "printf '7|N/A|PENDING|None|N/A|somebody|d\\351d\\351|comment\\n'")
    (job,) = slurm.queue().jobs
    assert (job.job, job.name) == ("7", "d\ufffdd\ufffd")


def test_the_end_of_a_job_is_read_as_slurm_writes_it_by_itself(cluster: Path, monkeypatch: pytest.MonkeyPatch):
    """Whatever the user's time format is."""
    monkeypatch.setenv("SLURM_TIME_FORMAT", "%s")
    plays(cluster, "scontrol", '[ -z "$SLURM_TIME_FORMAT" ] && echo EndTime=2026-11-28T12:00:00 || echo EndTime=1')
    assert slurm.details("7").end == pytest.approx(1795867200, abs=86400)


def test_a_slurm_that_hangs_is_told(cluster: Path):
    """After the time that it is given, which is short where others wait."""
    plays(cluster, "squeue", "exec sleep 60")
    with slurm.hurried(0.2), pytest.raises(BadInput, match=r"squeue has not answered for 0.2 s; is the controller up"):
        slurm.queue()
    plays(cluster, "sacct", "exec sleep 60")
    with slurm.hurried(0.2):
        assert slurm.accounted(["7"]) is None
    assert slurm._patience == [slurm.PATIENCE]


def test_a_command_that_is_not_there_is_told(cluster: Path, monkeypatch: pytest.MonkeyPatch):
    """With the way out."""
    monkeypatch.setenv("PATH", str(cluster / "nowhere"))
    with pytest.raises(BadInput, match="sinfo is not here: log in to the cluster, or take cluster=local"):
        slurm.ask("sinfo")
