"""A Slurm that is played by scripts, and grids to give to it; tests/slurm has the real one."""

from __future__ import annotations

from pathlib import Path

import pytest

from ot_grid import api
from ot_grid.cluster import batches, slurm
from ot_grid.planning import freezing
from ot_grid.store import Artifacts, Store

SCRIPTS = {
    "sbatch": """
[ -e {folder}/refuse ] && {{ echo "sbatch: error: refused" >&2; exit 1; }}
echo >> {folder}/count
n=$(wc -l < {folder}/count)
for last; do :; done
cp "$last" {folder}/sent/$n
[ -e {folder}/die ] && kill -9 $PPID
echo "Submitted batch job $n"
""",
    # every task of every array is pending, as `--array` lists them
    "squeue": """
[ -e {folder}/down ] && {{ echo "slurm_load_jobs error" >&2; exit 1; }}
cd {folder}/sent
for n in *; do
  [ -e "$n" ] || continue
  last=$(sed -n 's/^#SBATCH --array=0-\\([0-9]*\\)%.*/\\1/p' $n)
  comment=$(sed -n 's/^#SBATCH --comment=//p' $n)
  for i in $(seq 0 $last); do echo "$n|$i|PENDING|$(cat {folder}/reason)|N/A|$USER|name|$comment"; done
done
""",
    "scontrol": """
echo "$@" >> {folder}/told
echo "MaxArraySize            = $(cat {folder}/array)"
echo "MaxJobCount = $(cat {folder}/jobs)"
""",
    "scancel": 'echo cancel "$@" >> {folder}/told',
    "sinfo": 'cat {folder}/nodes',
    "sacct": "exit 1",
    "sacctmgr": "exit 1",
}  # fmt: skip


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose sbatch keeps what it is given, and whose squeue lists all of it as pending."""
    folder = tmp_path / "cluster"
    (folder / "sent").mkdir(parents=True)
    (folder / "array").write_text("1001")
    (folder / "jobs").write_text("10000")
    (folder / "reason").write_text("Priority")
    (folder / "nodes").write_text("gpu*|64|512000|7-00:00:00|gpu:h100:8(S:0-1)\ncpu|64|256000|infinite|(null)\n")
    for name, text in SCRIPTS.items():
        (folder / name).write_text("#!/bin/sh\n" + text.format(folder=folder) + "\n")
        (folder / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    monkeypatch.setenv("USER", slurm.user())
    return folder


def planned(*overrides: str) -> tuple[api.Plan, Artifacts]:
    plan = api.plan(
        ["filter=random,length", "cluster=slurm", "cluster.slurm.partition=gpu", "eval=[sums,gcd]", *overrides]
    )
    artifacts = api.artifacts_of(plan)
    freezing.freeze(plan, artifacts)
    return plan, artifacts


def sent(cluster: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted((cluster / "sent").iterdir(), key=lambda p: int(p.name))}


def tasks(plan: api.Plan) -> dict[str, str]:
    """Return the array that holds each stage run."""
    given = batches.of_sweep(Store(plan.runtime.store), plan.name)
    return {str(order["key"]): str(batch.job) for batch in given for orders in batch.tasks for order in orders}


def gone(cluster: Path, answer: str) -> None:
    """Let all jobs be gone from the queue, and accounting say `answer` of each task."""
    for path in (cluster / "sent").iterdir():
        path.unlink()
    (cluster / "sacct").write_text(f"#!/bin/sh\n{answer}\n")
