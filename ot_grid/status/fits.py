"""What a plan's models take of the GPUs there are: what `plan` says of it before anything is paid.

One idea: the same arithmetic that hands out GPUs and asks Slurm for them. It must not write.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache

from ot_grid import machine
from ot_grid.cluster import capacity, resources, slurm
from ot_grid.cluster.capacity import Node
from ot_grid.config import Resources
from ot_grid.errors import BadInput, OtGridError, many
from ot_grid.planning.plan import Plan, StageRun
from ot_grid.running import fits
from ot_grid.sizing.gpus import Gpus
from ot_grid.sizing.training import Training
from ot_grid.stages import needs


def lines(plan: Plan, missing: Sequence[StageRun]) -> Iterator[str]:
    """Yield what each model takes; nothing where there is no GPU."""
    runs = [run for run in missing if run.needs != "cpu"]
    nodes = _nodes(plan)
    gpus = _offered(plan, runs, nodes)
    if runs and gpus.count:
        assumed = plan.runtime.cluster.kind == "slurm" and not nodes
        yield f"  GPUs: {gpus}{' assumed; cluster.slurm.gpu_type or .gpu_gb says otherwise' if assumed else ''}"
        yield from _taken(plan, runs, gpus, nodes)


def refused(plan: Plan, missing: Sequence[StageRun]) -> Iterator[str]:
    """Yield what Slurm's nodes could never run; what this machine could not, its own preflight says."""
    if plan.runtime.cluster.kind == "slurm":
        yield from resources.misfits(plan, missing, _nodes(plan))


def _nodes(plan: Plan) -> list[Node]:
    """Return the nodes of the cluster, none where there is none or it does not answer at once."""
    return _answered() if plan.runtime.cluster.kind == "slurm" else []


@cache
def _answered() -> list[Node]:
    if shutil.which("sinfo"):
        with suppress(OtGridError), slurm.hurried(5):
            return capacity.nodes()
    return []


def _offered(plan: Plan, runs: Sequence[StageRun], nodes: Sequence[Node]) -> Gpus:
    """Return the GPUs of this machine, or those of the nodes that the first of some stage runs would go to."""
    cluster = plan.runtime.cluster
    if cluster.kind != "slurm":
        return machine.here()
    settings: Resources = resources.layered(cluster.slurm, *(getattr(cluster.slurm, run.stage) for run in runs[:1]))
    if not settings.gpus:
        return Gpus(0, 0)
    return resources.offered(settings, resources.of_partition(settings, nodes))


def _taken(plan: Plan, runs: Sequence[StageRun], gpus: Gpus, nodes: Sequence[Node]) -> Iterator[str]:
    """Yield a line for each stage and model, in the order in which they run."""
    seen: set[str] = set()
    for run in needs.unlike(runs, plan):
        with suppress(BadInput):
            line = f"  {run.stage:<14}{_models(run, plan):<40}{_words(run, plan, gpus, nodes)}"
            if line not in seen:
                yield line
            seen.add(line)


def _models(run: StageRun, plan: Plan) -> str:
    named = []
    for asking in needs.askings(run, plan):
        known = needs.size(asking, plan.runtime.cluster)
        named.append(f"{asking.id} ({known or UNKNOWN})")
    return ", ".join(named)


def _words(run: StageRun, plan: Plan, gpus: Gpus, nodes: Sequence[Node]) -> str:
    on_slurm = plan.runtime.cluster.kind == "slurm"
    asked = resources.of(run, plan, nodes=nodes) if on_slurm else None
    count = int(asked.gpus or 0) if asked else fits.gpus_of(run, plan, gpus)
    if run.needs != "train":
        return f"{many(count, 'GPU')} a copy"
    job = Gpus(count, gpus.gigabytes, int(asked.nodes or 1) if asked else 1)
    made = needs.trained(run, plan, job)
    where = many(job.all, "GPU")
    return f"{where}, {_shared(made)}" if made else where


UNKNOWN = "size not known, so the settings hold; '+cluster.sizes={ID: {...}}' would say it"
WAYS = {"one_gpu": "one copy", "ddp": "a copy on each", "fsdp": "one copy on all", "hsdp": "a copy a node", "cpu": ""}


def _shared(made: Training) -> str:
    each, checkpoint = round(made.gpu_bytes / 1e9), round(made.checkpoint_bytes / 1e9)
    return f"{WAYS[made.sharing]}, about {each} GB of each; a checkpoint has {checkpoint} GB"
