"""The grid on a real Slurm: it ends by itself, as it would on this machine, and nothing is done twice."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from ot_grid import attempts, store
from ot_grid.cluster import batches, standing
from ot_grid.store import Store
from tests.slurm.dev import HANGS, DevCluster
from tests.slurm.grid import CONF, ROOT, Grid, digests

pytestmark = pytest.mark.slow
MakeGrid = Callable[..., Grid]
EXACT = ("source", "mix", "filter", "dedup", "traces", "dataset", "benchmark", "eval")


@pytest.mark.parametrize(
    "wanted",
    [
        ["filter=length", "teacher=qwq"],
        pytest.param(["filter=length,difficulty", "teacher=qwq,r1"], marks=pytest.mark.long),
    ],
)
def test_a_grid_ends_with_nobody_watching_as_it_would_here(wanted: list[str], real_grid: MakeGrid, tmp_path: Path):
    """The command returns while jobs are queued; keys and bytes are those of cluster=local; again is all cached."""
    # Two jobs answer each benchmark together.
    there = real_grid(*wanted, "cluster.slurm.eval.workers=2", "cluster.chunk=1")
    said = there.submit()
    assert f"submitted {len(there.plan.runs)} stage runs" in said
    assert there.cluster.queue(), "it did not wait for its jobs"
    there.wait_over()
    there.check()
    report = (there.place / "sweeps" / there.plan.name / "report.txt").read_text()
    assert f"{len(there.plan.cells)} of {len(there.plan.cells)} cells complete" in report
    assert f"{len(there.plan.runs)} cached, 0 to run" in there.submit()

    model = Path(there.plan.runtime.cluster.models["tiny"])
    here = Grid(there.cluster, tmp_path / "here", model, *wanted, typed=False)
    here.submit("cluster=local", "cluster.workers=2")
    assert list(here.plan.runs) == list(there.plan.runs)
    assert digests(there, EXACT) == digests(here, EXACT)


def test_a_stage_that_fails_for_good_costs_only_what_needs_it(grid: MakeGrid, cluster: DevCluster):
    """Its cause is told with its log, its descendants say 'upstream', the rest is done; only `retry` tries it again."""
    both = grid("filter=random", "teacher=qwq,reference")  # these sources have no worked solutions
    both.submit()
    both.wait_over()
    found = both.standings()
    failed = {run.stage: found[run.key] for run in both.plan.runs.values() if found[run.key].state == standing.FAILED}
    assert {stage: now.outcome for stage, now in failed.items()} == {
        "traces": "bad input", "dataset": "upstream", "train": "upstream", "eval": "upstream",
    }  # fmt: skip
    assert "no worked solution" in failed["traces"].message
    assert Path(str(failed["traces"].log)).exists()
    assert both.states()[standing.DONE] == len(both.plan.runs) - 4

    said = both.submit(expect=1)
    assert "bad input: the same again would fail the same" in said
    assert not cluster.queue()
    assert both.command("status").returncode == 1
    retried = both.command("retry")
    assert "submitted 4 stage runs" in retried.stdout, retried.stderr
    both.wait_over()
    traces = next(run for run in both.runs("traces") if not both.record(run))
    outcomes = [each.outcome for each in both.history(traces)]
    assert outcomes == ["bad input", attempts.FORGIVEN, "bad input"]


def test_two_submitters_at_once_submit_each_stage_run_once(grid: MakeGrid):
    """Whoever is second sees what the first one submitted, and waits for it."""
    one = grid("filter=random,none")
    asked = [
        subprocess.Popen(one.line(), env=one.environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for _ in range(2)
    ]
    said = [process.communicate(timeout=120)[0].decode() for process in asked]
    assert [process.returncode for process in asked] == [0, 0], said
    given = [
        order["key"]
        for batch in batches.of_sweep(Store(one.place), one.plan.name)
        for orders in batch.tasks
        for order in orders
    ]
    assert sorted(given) == sorted(one.plan.runs)
    one.wait_over()
    one.check()


def test_two_grids_share_what_they_have_in_common(grid: MakeGrid):
    """The second grid's jobs wait for the first's; what both need is made once."""
    first = grid("filter=slow", "filter.seconds=600")
    second = grid("filter=slow", "filter.seconds=600", "teacher=qwq,r1")
    first.submit()
    said = second.submit()
    first.open()
    assert f"submitted {len(set(second.plan.runs) - set(first.plan.runs))} stage runs" in said
    second.wait_over()
    first.check()
    second.check()


def test_editing_a_yaml_after_submission_changes_nothing(grid: MakeGrid, tmp_path: Path, monkeypatch):
    """A job reads its frozen recipe: the edit is for the next submission, under other keys."""
    conf = tmp_path / "conf"
    subprocess.run(["cp", "-r", CONF, conf], check=True)
    monkeypatch.setattr("tests.slurm.grid.CONF", conf)
    one = grid("filter=slow")
    one.submit("+cluster.slurm.extra.begin=now+4")
    (conf / "filter" / "slow.yaml").write_text("# Edited.\nfunction: slow\nseed: 999\nseconds: oops\n")
    one.wait_over()
    one.check()
    frozen = store.read_json(one.folder(one.runs("filter")[0]) / store.RECIPE)
    assert frozen["reads"]["filter"]["seed"] == 1


def test_a_submitter_killed_between_sbatch_and_noting_the_id(grid: MakeGrid, tmp_path: Path):
    """Its job is found by its comment; the next command submits the rest behind it, and nothing twice."""
    one = grid("filter=random")
    real = subprocess.check_output(["which", "sbatch"], text=True).strip()
    fake = tmp_path / "bin" / "sbatch"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\n{real} "$@" >/dev/null\nkill -9 $PPID\n')
    fake.chmod(0o755)
    killed = {**one.environment, "PATH": f"{fake.parent}:{os.environ['PATH']}"}
    done = subprocess.run(one.line("+cluster.slurm.extra.begin=now+6"), env=killed, cwd=ROOT, capture_output=True)
    assert done.returncode == -9
    assert len(one.cluster.queue()) == 1
    assert "6 were queued or running already" in one.submit()
    one.wait_over()
    one.check()


def test_submitted_from_inside_a_job(grid: MakeGrid, cluster: DevCluster):
    """A grid that a job submits is as good as one from a login node; it takes over nothing of that job."""
    one = grid("filter=random")
    words = " ".join(f"'{word}'" for word in one.line())
    exports = [f"export {name}={one.environment[name]}" for name in ("OT_GRID_STORE", "PYTHONPATH", "WANDB_MODE")]
    job = cluster.submit(f"cd {ROOT}; {'; '.join(exports)}; {words}", "--array=3", "--output=inside", "--mem=2G")
    cluster.wait_until(lambda: cluster.job(f"{job}_3")["state"] == "ENDED", HANGS, "it has submitted")
    assert "submitted" in (cluster.folder / "inside").read_text()
    one.wait_over()
    one.check()


def test_the_page_and_wandb_are_told_with_nobodys_command(grid: MakeGrid):
    """The last job that heals writes the report and tells W&B, a run a cell and one of all; nothing is left to tell."""
    one = grid("filter=random", "tracking=wandb_offline")
    one.submit()
    one.wait_over()
    one.check()
    folder = one.place / "sweeps" / one.plan.name
    assert (folder / "report.html").exists()
    assert len(list(one.place.glob("wandb/offline-run-*"))) == len(one.plan.cells) + 1
    assert "told" not in one.command("track").stderr
