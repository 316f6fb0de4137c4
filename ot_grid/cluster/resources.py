"""What the jobs of a stage run ask of Slurm, and whether the cluster has it.

One idea: three layers of one table, the narrower wins; what a teacher declares and what a failure taught comes on top.
It must not submit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from ot_grid import attempts
from ot_grid.attempts import Attempt
from ot_grid.cluster.capacity import Node
from ot_grid.config import Cluster, Resources
from ot_grid.errors import Problems, nearest
from ot_grid.planning import rehearsal
from ot_grid.planning.plan import StageRun

NAMES = tuple(field.name for field in fields(Resources))
SHARED = ("traces", "eval")  # stages that several jobs can work off together


def of(run: StageRun, cluster: Cluster, history: Sequence[Attempt] = (), nodes: Sequence[Node] = ()) -> Resources:
    """Return what a job for a stage run asks for, with nothing left open.

    The table of the cluster's YAML in three layers: all jobs, those of a kind (cpu, inference), those of a stage.
    """
    slurm = cluster.slurm
    kinds = {"cpu": slurm.cpu, "inference": slurm.inference}
    wanted = layered(slurm, kinds.get(run.needs, Resources()), getattr(slurm, run.stage))
    if run.needs == "inference":
        declared = [cluster.gpus.get(str(model["id"]), 0) for model in rehearsal.models(run.reads)]
        wanted.gpus = max([wanted.gpus or 0, *declared])
    if run.stage not in SHARED:
        wanted.workers = 1
    if run.needs != "train":
        wanted.nodes = 1
    if run.needs == "cpu":  # a stage's own is for the models that it loads; chains run through several stages
        wanted.pack = slurm.cpu.pack or slurm.pack
    return grown(wanted, slurm.grow, history, [node.memory / 1024 for node in of_partition(wanted, nodes)])


def grown(
    wanted: Resources, grow: Mapping[str, float], history: Sequence[Attempt], memories: Sequence[float]
) -> Resources:
    """Return resources with more of what a stage run has failed for lack of; of memory no more than a node has."""
    short_of_memory, short_of_time = (attempts.failures(history, what) for what in ("out of memory", "time limit"))
    mem_gb, time = wanted.mem_gb, wanted.time
    if short_of_memory and mem_gb:
        more = mem_gb * grow.get("mem", 1.0) ** short_of_memory
        mem_gb = max(mem_gb, min([more, *([max(memories)] if memories else [])]))
    if short_of_time and time:
        time = round(time * grow.get("time", 1.0) ** short_of_time)
    return replace(wanted, mem_gb=mem_gb, time=time)


def of_partition(wanted: Resources, nodes: Sequence[Node]) -> list[Node]:
    """Return the nodes of the partition that a job would go to."""
    name = wanted.partition
    return [node for node in nodes if node.partition == name or (name is None and node.default)]


def layered(*layers: Resources) -> Resources:
    """Return resources of which the last layer that sets one wins; `extra` is merged."""
    found = Resources()
    for layer in layers:
        found.extra |= layer.extra
        for name in NAMES:
            if name != "extra" and getattr(layer, name) is not None:
                setattr(found, name, getattr(layer, name))
    return found


def options(resources: Resources) -> dict[str, Any]:
    """Return resources as options of sbatch and srun."""
    gpus = resources.gpus or None
    mem = resources.mem_gb
    found = {
        "partition": resources.partition,
        "account": resources.account,
        "qos": resources.qos,
        "constraint": resources.constraint,
        "time": resources.time,
        "nodes": resources.nodes or None,
        "cpus-per-task": resources.cpus,
        "mem": f"{round(mem * 1024)}M" if mem else None,
        "gpus-per-node": f"{resources.gpu_type}:{gpus}" if gpus and resources.gpu_type else gpus,
        **resources.extra,
    }
    return {name: value for name, value in found.items() if value is not None}


def check(wanted: Iterable[tuple[str, Resources]], nodes: Sequence[Node]) -> None:
    """Raise `BadInput` with everything that no nodes of the cluster could ever run."""
    problems = Problems()
    seen: list[Resources] = []
    for what, resources in wanted:
        if resources not in seen:
            seen.append(resources)
            for problem in too_much(resources, nodes):
                problems.add(f"{what}: {problem}; change cluster.slurm (conf/cluster/slurm.yaml)")
    problems.raise_if_any()


def too_much(wanted: Resources, nodes: Sequence[Node]) -> Iterator[str]:
    """Yield what a job asks for that its partition never has, whatever is up or free today."""
    partition = wanted.partition
    names = sorted({node.partition for node in nodes})
    own = of_partition(wanted, nodes)
    if partition is not None and not own:
        yield f"there is no partition {partition!r}; {nearest(partition, names)}"
    if not own:
        return
    name = own[0].partition
    most = own[0].minutes
    if wanted.time and most is not None and wanted.time > most:
        yield f"time={wanted.time} minutes, and partition {name} ends jobs after {most}"
    fitting = [node for node in own if node.fits(wanted)]
    if len(fitting) < (wanted.nodes or 1):
        kind = wanted.gpu_type
        largest = max(own, key=lambda node: (node.gpus_of(kind), node.memory, node.cpus))
        asked = f"{wanted.gpus or 0} {kind or ''} GPUs, {wanted.cpus} CPUs and {wanted.mem_gb} GB".replace("  ", " ")
        yield (
            f"{wanted.nodes or 1} node(s) with {asked} each, of which partition {name} has {len(fitting)}; its "
            f"largest: {largest.gpus_of(kind)} GPUs, {largest.cpus} CPUs, {largest.memory / 1024:.0f} GB"
        )
