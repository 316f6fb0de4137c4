"""From a plan to Slurm jobs.

One idea: one job a pack, submitted parents first with `afterany` edges; the guard in `execute` decides whether the
inputs are there. No process has to stay alive.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from typing import Any

import submitit
from submitit.core.utils import FailedJobError

from ot_grid import store
from ot_grid.errors import BadInput, OtGridError
from ot_grid.execute import run_orders
from ot_grid.launch.packs import Pack, packs
from ot_grid.plan import Plan, StageRun
from ot_grid.submission import Artifacts


def submit(plan: Plan, artifacts: Artifacts, missing: Sequence[StageRun]) -> tuple[list[str], list[str]]:
    """Submit what is neither done nor queued; return the ids of the new jobs and of those still there."""
    queued = in_queue()
    jobs = {run.key: job for run in missing if (job := queued_job(artifacts, run, queued))}
    earlier, submitted = sorted(set(jobs.values())), []
    for wave in waves(missing, plan):
        for pack in packs([run for run in wave if run.key not in jobs]):
            parents = {jobs[parent] for run in pack.runs for parent in run.inputs if parent in jobs}
            job = _submit(pack, plan, artifacts, sorted(parents))
            jobs.update({run.key: job for run in pack.runs})
            submitted.append(job)
    return submitted, earlier


def waves(missing: Sequence[StageRun], plan: Plan) -> list[list[StageRun]]:
    """Return stage runs by depth: every input of a wave is done or in an earlier one."""
    depth: dict[str, int] = {}
    for run in missing:
        depth[run.key] = 1 + max((depth.get(parent, -1) for parent in run.inputs), default=-1)
    return [[run for run in missing if depth[run.key] == level] for level in sorted(set(depth.values()))]


def _submit(pack: Pack, plan: Plan, artifacts: Artifacts, parents: Sequence[str]) -> str:
    settings: dict[str, Any] = plan.runtime["cluster"]["slurm"]
    run = pack.runs[0]
    executor = submitit.SlurmExecutor(folder=artifacts.place.root / "jobs" / plan.name / "%j")
    extra = {**settings["extra"], "kill-on-invalid-dep": "yes"}
    if parents:
        extra["dependency"] = "afterany:" + ":".join(parents)
    wanted = {
        "job_name": f"{run.stage}-{run.label}-{run.key[:8]}",
        "time": settings["time"],
        "cpus_per_task": settings["cpus_per_task"],
        "mem": f"{settings['mem_gb']}GB",
        "gpus_per_node": settings["gpus"] if run.needs != "cpu" else None,
        "partition": settings["partition"],
        "account": settings["account"],
        "qos": settings["qos"],
        "setup": settings["setup"] or None,
        "srun_args": [f"--cpus-per-task={settings['cpus_per_task']}"],  # srun forgets it since Slurm 22.05
        "stderr_to_stdout": True,
        "additional_parameters": extra,
    }
    executor.update_parameters(**{name: value for name, value in wanted.items() if value})
    orders = [artifacts.order(each, plan) for each in pack.runs]
    try:
        job = executor.submit(run_orders, str(artifacts.place.root), orders, plan.runtime)
    except FailedJobError as error:
        raise OtGridError(
            f"sbatch refused {run}: {' '.join(str(error).split())}; what was submitted before goes on, and the same "
            "command submits the rest"
        ) from error
    for each in pack.runs:
        store.write_json(artifacts.folder(each) / store.SUBMITTED, {"job": job.job_id})
    return str(job.job_id)


def in_queue() -> set[str]:
    """Return the ids of all queued and running jobs; raise `BadInput` where there is no Slurm."""
    ask = ["squeue", "--noheader", "--format=%A"]
    try:
        answer = subprocess.run(ask, capture_output=True, text=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError) as error:
        raise BadInput(
            f"cluster=slurm, but squeue does not answer here ({error}); log in to the cluster, or take cluster=local"
        ) from error
    return set(answer.stdout.split())


def queued_job(artifacts: Artifacts, run: StageRun, queued: set[str]) -> str | None:
    """Return the job that is to make an artifact, when it is still queued or running."""
    path = artifacts.folder(run) / store.SUBMITTED
    job = str(store.read_json(path)["job"]) if path.exists() else ""
    return job if job in queued else None
