"""What a small job finds on the nodes: one for each interpreter and kind of node that the plan's jobs use.

One idea: the job is submitted, started and answered as real ones are, so each way in which that can fail has its words.
On this machine it is a process. It must not outlive the examination.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ot_grid import store
from ot_grid.cluster import capacity, resources, slurm
from ot_grid.cluster.submit import Arrays, outside_of_any_job
from ot_grid.config import Resources
from ot_grid.doctor import answers, here, probe
from ot_grid.doctor.finding import BROKEN, WARNING, Finding
from ot_grid.errors import BadInput, OtGridError
from ot_grid.planning.plan import Plan
from ot_grid.running.execute import VERSIONED
from ot_grid.store import Artifacts

LANDING = ("python", "setup", "partition", "account", "qos", "constraint", "gpu_type", "extra")
MINUTES, MOST_CPUS, MOST_GIB = 10, 2, 8  # of the job: small, so that it starts soon, and enough to import torch
ANSWER_SECONDS = 240.0  # from start to answer: a cold import of vllm from a shared file system takes minutes
POLL_SECONDS, ASK_SECONDS = 0.3, 3.0
ENVIRONMENT = ("HF_HOME", "HF_HUB_CACHE", "HF_HUB_OFFLINE")


@dataclass
class Visit:
    """A process that looks around where jobs of some kinds would run."""

    name: str
    kinds: set[str]  # cpu, inference, train
    resources: Resources
    python: str
    job: str | None = None
    process: subprocess.Popen[bytes] | None = None
    log: Path | None = None
    started: float | None = None
    asked: float = field(default_factory=time.monotonic)


def examine(plan: Plan, artifacts: Artifacts, *, wait: float) -> Iterator[Finding]:
    """Yield what is found where the plan's jobs would run; give up those that do not start in `wait` seconds."""
    try:
        yield from _examined(plan, artifacts, wait)
    except BadInput as error:  # the store cannot be locked
        yield Finding(BROKEN, "store", str(error))


def _examined(plan: Plan, artifacts: Artifacts, wait: float) -> Iterator[Finding]:
    cluster = plan.runtime.cluster
    with _meeting(artifacts.place) as folder:
        visits = []
        for visit in _visits(plan):
            _write_ask(folder, visit, plan)
            try:
                (_send if cluster.kind == "slurm" else _start)(folder, visit)
                visits.append(visit)
            except (OtGridError, RuntimeError) as error:  # a RuntimeError is submitit's
                told = " ".join(str(error).split())
                yield Finding(BROKEN, answers.title(visit.kinds), f"sbatch refused the job that looks around: {told}")
        try:
            for visit in visits:
                yield from _findings(folder, visit, visits, plan, wait)
        finally:
            _end(visits)


@contextmanager
def _meeting(place: store.Store) -> Iterator[Path]:
    """Give a folder of the store in which a lock is held while others look; remove it after that."""
    folder = place.root / "doctor" / uuid.uuid4().hex[:8]
    try:
        with store.claim(folder):  # `claim` is the lock that artifacts are held by
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        with suppress(OSError):  # another doctor may be at work
            folder.parent.rmdir()


def _visits(plan: Plan) -> list[Visit]:
    """Return where to look: for each kind of stage run in the plan, and the job that heals; alike ones together."""
    cluster = plan.runtime.cluster
    if cluster.kind != "slurm":
        return [Visit("here", {run.needs for run in plan.runs.values()}, Resources(), sys.executable)]
    visits: dict[str, Visit] = {}
    nodes = capacity.nodes()
    for run in plan.runs.values():
        try:
            asked = resources.of(run, plan, nodes=nodes)
        except BadInput:  # told where jobs are looked at
            continue
        where = str([*(getattr(asked, name) for name in LANDING), bool(asked.gpus)])
        visit = visits.setdefault(where, Visit(f"{len(visits)}-{run.needs}", set(), asked, asked.python or ""))
        visit.kinds.add(run.needs)
    return list(visits.values())


def _write_ask(folder: Path, visit: Visit, plan: Plan) -> None:
    caches = [str(path) for path in here.cache_folders(plan).values() if path.exists()]
    given = [str(Path(path).expanduser()) for path in plan.runtime.cluster.models.values()]
    ask = {
        "imports": answers.imports(visit.kinds, plan.runtime.cluster.engine, bool(visit.resources.gpus)),
        "packages": VERSIONED,
        "paths": [*caches, *given],
        "environment": ENVIRONMENT,
        "slurm": plan.runtime.cluster.kind == "slurm",
    }
    store.write_text(folder / f"{visit.name}.token", "before")
    store.write_json(folder / f"{visit.name}.ask.json", ask)


def _start(folder: Path, visit: Visit) -> None:
    visit.log = folder / f"{visit.name}.log"
    command = [sys.executable, "-u", "-m", "ot_grid.doctor.probe", str(folder), visit.name]
    with visit.log.open("w") as log:
        visit.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)


def _send(folder: Path, visit: Visit) -> None:
    """Submit the job: as small as it can be, but to where the real ones go."""
    request = visit.resources
    small = replace(
        request,
        time=min(MINUTES, request.time or MINUTES),
        nodes=1,
        cpus=min(MOST_CPUS, request.cpus or MOST_CPUS),
        mem_gb=min(MOST_GIB, request.mem_gb) if request.mem_gb else None,
        gpus=min(1, request.gpus or 0),
    )
    executor = Arrays(folder=folder)
    executor.update_parameters(
        job_name="doctor",
        setup=request.setup or None,
        stderr_to_stdout=True,
        use_srun=False,
        additional_parameters=resources.options(small),
    )
    python = visit.python or sys.executable
    with outside_of_any_job():
        visit.job = executor.submit_array(1, f"exec {python} -u -m ot_grid.doctor.probe {folder} {visit.name}")
    visit.log = folder / f"{visit.job}_0_0_log.out"


def _findings(folder: Path, visit: Visit, visits: Iterable[Visit], plan: Plan, wait: float) -> Iterator[Finding]:
    """Wait for the answer of a visit and yield what it says, or why there is none."""
    trouble = _await(folder, visit, visits, wait)
    if trouble:
        yield trouble
        return
    answer: Mapping[str, Any] = json.loads((folder / f"{visit.name}.answer.json").read_text())
    yield from answers.judge(answer, visit.kinds, plan, on_gpu=bool(visit.resources.gpus))


def _await(folder: Path, visit: Visit, visits: Iterable[Visit], wait: float) -> Finding | None:
    """Return why a visit has no answer; None when it has."""
    looked = 0.0
    while not _there(folder, f"{visit.name}.answer.json"):
        _greet(folder, visits)
        if time.monotonic() - looked > ASK_SECONDS:
            looked = time.monotonic()
            if _over(visit) and not _there(folder, f"{visit.name}.answer.json"):
                return _without_answer(visit)
        if visit.started is None and time.monotonic() - visit.asked > wait and visit.job:
            return _not_started(visit, wait)
        if visit.started is not None and time.monotonic() - visit.started > ANSWER_SECONDS:
            told = f"no answer {ANSWER_SECONDS:.0f} s after its start; {_said(visit)}"
            return Finding(BROKEN, answers.title(visit.kinds), told)
        time.sleep(POLL_SECONDS)
    return None


def _greet(folder: Path, visits: Iterable[Visit]) -> None:
    """Note which visits have begun, and replace the file that each of them is then to see replaced."""
    for visit in visits:
        if visit.started is None and _there(folder, f"{visit.name}.started.json"):
            visit.started = time.monotonic()
            store.write_text(folder / f"{visit.name}.token", probe.AFTER)


def _there(folder: Path, name: str) -> bool:
    """Whether a file is there: asked of the folder, for a miss may be remembered by a network file system."""
    return any(path.name == name for path in folder.iterdir())


def _over(visit: Visit) -> bool:
    if visit.process:
        return visit.process.poll() is not None
    try:
        return slurm.details(f"{visit.job}_0").state not in (*slurm.RUNNING, "PENDING", "UNKNOWN", "REQUEUED")
    except OtGridError:  # a controller that does not answer now
        return False


def _without_answer(visit: Visit) -> Finding:
    time.sleep(ASK_SECONDS)  # for what it wrote last to be seen here
    told = (
        f"{visit.python or sys.executable} ended without an answer in the store: {_said(visit)}; it must see the store "
        "at the same path and import ot_grid: cluster.slurm.python, cluster.slurm.setup"
    )
    return Finding(BROKEN, answers.title(visit.kinds), told)


def _said(visit: Visit) -> str:
    try:
        lines = (visit.log or Path()).read_text(errors="replace").split("\n")
    except OSError:
        return "its log is not to be seen from here"
    return f"its log ends: {' | '.join(line for line in lines if line.strip())[-500:]}"


def _not_started(visit: Visit, wait: float) -> Finding:
    reason = next((job.reason for job in slurm.queue().jobs if job.array == visit.job), "gone")
    reason = reason.partition(" or reserved")[0]  # Slurm's longest one is a sentence
    told = f"its job did not start in {wait:.0f} s ({reason}): nothing is known of the nodes; wait longer: --wait 600"
    return Finding(WARNING, answers.title(visit.kinds), told)


def _end(visits: Iterable[Visit]) -> None:
    """End what still runs."""
    for visit in visits:
        if visit.process and visit.process.poll() is None:
            visit.process.kill()
            visit.process.wait()
    left = [visit.job for visit in visits if visit.job and not _over(visit)]
    with suppress(OtGridError):
        slurm.cancel(left)
