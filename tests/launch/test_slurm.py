"""On Slurm everything is submitted at once, parents first, and nothing twice. Slurm itself is played by two scripts."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ot_grid import api, submission
from ot_grid.errors import BadInput, OtGridError
from ot_grid.launch import launch, slurm

SBATCH = """#!/bin/sh
n=$(($(ls {folder}/sent 2>/dev/null | wc -l) + 1))
mkdir -p {folder}/sent
[ -e {folder}/refuse ] && {{ echo "sbatch: error: refused" >&2; exit 1; }}
for last; do :; done
cp "$last" {folder}/sent/$n
echo "Submitted batch job $n"
"""
SQUEUE = "#!/bin/sh\n[ -e {folder}/down ] && exit 1\nmkdir -p {folder}/sent; ls {folder}/sent\n"


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose sbatch keeps what it is given, and whose squeue lists all of it as queued."""
    folder = tmp_path / "cluster"
    folder.mkdir()
    for name, text in (("sbatch", SBATCH), ("squeue", SQUEUE), ("srun", "#!/bin/sh\n")):
        (folder / name).write_text(text.format(folder=folder))
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def planned() -> tuple[api.Plan, submission.Artifacts]:
    plan = api.plan(["filter=random,length", "cluster=slurm", "cluster.slurm.partition=gpu", "eval=[sums,gcd]"])
    artifacts = api.artifacts_of(plan)
    submission.freeze(plan, artifacts)
    return plan, artifacts


def test_one_job_a_stage_run_and_one_for_the_benchmarks_of_a_student(cluster: Path):
    """Jobs are submitted parents first; each waits for its inputs' jobs, whatever became of them."""
    plan, artifacts = planned()
    outcome = launch(plan, artifacts)
    evals = [run for run in plan.runs.values() if run.stage == "eval"]
    assert len(outcome.submitted) == len(plan.runs) - len(evals) // 2
    made_by = {
        run.key: json.loads((artifacts.folder(run) / "slurm.json").read_text())["job"] for run in plan.runs.values()
    }
    for run in plan.runs.values():
        script = (cluster / "sent" / made_by[run.key]).read_text()
        edge = re.search(r"--dependency=afterany:(\S+)", script)
        assert set(edge[1].split(":") if edge else []) == {made_by[parent] for parent in run.inputs}
        assert "--partition=gpu" in script
        assert "--kill-on-invalid-dep=yes" in script
        assert all(int(parent) < int(made_by[run.key]) for parent in (edge[1].split(":") if edge else []))


def test_what_is_queued_is_not_submitted_again(cluster: Path):
    """The same command again submits nothing while its jobs are there, and everything when they are gone."""
    first = launch(*planned())
    again = launch(*planned())
    assert (again.submitted, len(again.queued)) == ([], len(first.submitted))
    for sent in (cluster / "sent").iterdir():
        sent.rename(cluster / f"gone-{sent.name}")
    assert len(launch(*planned()).submitted) == len(first.submitted)


def test_no_slurm_is_told(cluster: Path, monkeypatch: pytest.MonkeyPatch):
    """Where squeue is not there, or does not answer, the way out is named before anything is submitted."""
    (cluster / "down").touch()
    with pytest.raises(BadInput, match=r"squeue does not answer here .*take cluster=local"):
        launch(*planned())
    monkeypatch.setenv("PATH", str(cluster / "nowhere"))
    with pytest.raises(BadInput, match="log in to the cluster"):
        slurm.in_queue()


def test_a_refused_job_is_told(cluster: Path):
    """An sbatch that fails is an error with its words; the same command submits the rest later."""
    (cluster / "refuse").touch()
    with pytest.raises(OtGridError, match="refused"):
        launch(*planned())
    (cluster / "refuse").unlink()
    assert launch(*planned()).submitted
