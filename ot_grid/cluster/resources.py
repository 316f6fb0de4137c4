"""What the jobs of a stage run ask of Slurm, and whether the cluster has it.

One idea: three layers of one table, the narrower wins; what a teacher declares and what a failure taught comes on top.
It must not submit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, replace
from typing import Any

from ot_grid import attempts
from ot_grid.attempts import Attempt
from ot_grid.cluster.capacity import Node
from ot_grid.config import Resources
from ot_grid.errors import BadInput, Problems, nearest
from ot_grid.planning import packs
from ot_grid.planning.plan import Plan, StageRun
from ot_grid.sizing import generation
from ot_grid.sizing.gpus import ASSUMED_GB, GIB, ON_A_NODE, Gpus, of_type
from ot_grid.sizing.training import Training
from ot_grid.stages import needs

NAMES = tuple(field.name for field in fields(Resources))
CPUS_A_GPU = 8


def of(run: StageRun, plan: Plan, history: Sequence[Attempt] = (), nodes: Sequence[Node] = ()) -> Resources:
    """Return what a job for a stage run asks for, with nothing left open.

    The table of the cluster's YAML in three layers: all jobs, those of a kind (cpu, inference), those of a stage. What
    is set for all is the least of what a model's size asks for, what is set for a kind or a stage holds. Raises
    `BadInput` where the model cannot fit the GPUs there are, with those that would do.
    """
    slurm = plan.runtime.cluster.slurm
    kinds = {"cpu": slurm.cpu, "inference": slurm.inference}
    own = layered(kinds.get(run.needs, Resources()), getattr(slurm, run.stage))
    request = layered(slurm, own)
    if not packs.shared(run):
        request.workers = 1
    if run.needs != "train":
        request.nodes = 1
    if run.needs == "cpu":  # a stage's own is for the models that it loads; chains run through several stages
        request.pack = slurm.cpu.pack or slurm.pack
    elif request.gpus:  # a cluster without GPUs is a cluster to try things on
        request = _sized(run, plan, request, own, of_partition(request, nodes))
    return grown(request, slurm.grow, history, [node.memory / 1024 for node in of_partition(request, nodes)])


def _sized(run: StageRun, plan: Plan, request: Resources, own: Resources, nodes: Sequence[Node]) -> Resources:
    """Return resources with the GPUs, cores, memory and time of grace that the size of a model asks for."""
    sized = replace(request)
    # Cores and memory are estimates: a node that has less of them is worth a try.
    most = {"cpus": max((node.cpus for node in nodes), default=None),
            "mem_gb": max((node.memory // 1024 for node in nodes), default=None)}  # fmt: skip
    for name, number in _least(run, plan, request, own, nodes).items():
        if getattr(own, name) is None:
            setattr(sized, name, max(getattr(request, name) or 0, min(number, most.get(name) or number)))
    return sized


def _least(run: StageRun, plan: Plan, request: Resources, own: Resources, nodes: Sequence[Node]) -> dict[str, int]:
    """Return what the models of a stage run ask for, nothing where their size is not known and nobody says it."""
    node = offered(request, nodes)
    if run.needs == "train":
        trained = _trained(run, plan, request, own, node)
        if trained is None:
            needs.check_dealt(run, Gpus(int(request.gpus or 0), node.gigabytes, int(request.nodes or 1)))
            return {}
        count, host = trained.gpus.count, trained.host_bytes
        return {"gpus": count, "cpus": CPUS_A_GPU * count, "mem_gb": math.ceil(host / GIB), "grace": trained.grace}
    declared = needs.declared(run, plan)
    made = needs.generated(run, plan, replace(node, count=own.gpus or max(node.count, *declared, 0)))
    count = max([made.parallel if made else 0, *declared], default=0)
    held = max(count, own.gpus or request.gpus or 0)  # by all copies
    if not count:
        return {}
    memory = math.ceil(held * generation.PROCESS / GIB)
    return {"gpus": count, "split": count, "cpus": CPUS_A_GPU * held, "mem_gb": memory}


def _trained(run: StageRun, plan: Plan, request: Resources, own: Resources, node: Gpus) -> Training | None:
    """Return how a student is trained: on the GPUs that are set for it; else on those set for all, where it takes no
    more than half of each, for what is tight there is slow as well; else on as many of a node as share the rows evenly.
    """
    job, least = replace(node, nodes=int(request.nodes or 1)), int(request.gpus or 1)
    if not own.gpus and least < node.count:
        with suppress(BadInput):
            small = needs.trained(run, plan, replace(job, count=least))
            if small is None or small.gpu_bytes <= node.one / 2:
                return small
    count = own.gpus or needs.shareable(run, max(node.count, least), job.nodes)
    return needs.trained(run, plan, replace(job, count=count))


def offered(request: Resources, nodes: Sequence[Node]) -> Gpus:
    """Return the GPUs of the largest node of a partition; what nobody says of them is assumed: 8 of 80 GB."""
    names = {name for node in nodes for name, _ in node.gpus}
    said = request.gpu_gb or of_type(request.gpu_type or (names.pop() if len(names) == 1 else None))
    count = max((node.gpus_of(request.gpu_type) for node in nodes), default=ON_A_NODE)
    return Gpus(count or int(request.gpus or 0), said or ASSUMED_GB)


def grown(
    request: Resources, grow: Mapping[str, float], history: Sequence[Attempt], memories: Sequence[float]
) -> Resources:
    """Return resources with more of what a stage run has failed for lack of; of memory no more than a node has."""
    short_of_memory, short_of_time = (attempts.failures(history, what) for what in ("out of memory", "time limit"))
    mem_gb, time = request.mem_gb, request.time
    if short_of_memory and mem_gb:
        more = mem_gb * grow.get("mem", 1.0) ** short_of_memory
        mem_gb = max(mem_gb, min([more, *([max(memories)] if memories else [])]))
    if short_of_time and time:
        time = round(time * grow.get("time", 1.0) ** short_of_time)
    return replace(request, mem_gb=mem_gb, time=time)


def of_partition(request: Resources, nodes: Sequence[Node]) -> list[Node]:
    """Return the nodes of the partition that a job would go to."""
    name = request.partition
    return [node for node in nodes if node.partition == name or (name is None and node.default)]


def layered(*layers: Resources) -> Resources:
    """Return resources of which the last layer that sets one wins; `extra` is merged."""
    merged = Resources()
    for layer in layers:
        merged.extra |= layer.extra
        for name in NAMES:
            if name != "extra" and getattr(layer, name) is not None:
                setattr(merged, name, getattr(layer, name))
    return merged


def options(resources: Resources) -> dict[str, Any]:
    """Return resources as options of sbatch and srun."""
    gpus = resources.gpus or None
    mem = resources.mem_gb
    flags = {
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
    return {name: value for name, value in flags.items() if value is not None}


def misfits(plan: Plan, runs: Iterable[StageRun], nodes: Sequence[Node] = ()) -> Iterator[str]:
    """Yield what of some stage runs could never run, each thing once: a model on these GPUs, a job on these nodes."""
    seen: set[str] = set()
    for run in needs.unlike(runs, plan):
        try:
            told = [f"{problem}; change cluster.slurm (conf/cluster/slurm.yaml)"
                    for problem in too_much(of(run, plan, nodes=nodes), nodes)]  # fmt: skip
        except BadInput as error:
            told = list(error.problems)
        yield from (f"{run.stage} {run.label}: {problem}" for problem in told if problem not in seen)
        seen.update(told)


def check(requests: Iterable[tuple[str, Resources]], nodes: Sequence[Node]) -> None:
    """Raise `BadInput` with everything that no nodes of the cluster could ever run."""
    problems = Problems()
    seen: list[Resources] = []
    for what, resources in requests:
        if resources not in seen:
            seen.append(resources)
            for problem in too_much(resources, nodes):
                problems.add(f"{what}: {problem}; change cluster.slurm (conf/cluster/slurm.yaml)")
    problems.raise_if_any()


def too_much(request: Resources, nodes: Sequence[Node]) -> Iterator[str]:
    """Yield what a job asks for that its partition never has, whatever is up or free today."""
    partition = request.partition
    names = sorted({node.partition for node in nodes})
    own = of_partition(request, nodes)
    if partition is not None and not own:
        yield f"there is no partition {partition!r}; {nearest(partition, names)}"
    if not own:
        return
    name = own[0].partition
    most = own[0].minutes
    if request.time and most is not None and request.time > most:
        yield f"time={request.time} minutes, and partition {name} ends jobs after {most}"
    fitting = [node for node in own if node.fits(request)]
    if len(fitting) < (request.nodes or 1):
        kind = request.gpu_type
        largest = max(own, key=lambda node: (node.gpus_of(kind), node.memory, node.cpus))
        asked = f"{request.gpus or 0} {kind or ''} GPUs, {request.cpus} CPUs and {request.mem_gb} GB".replace("  ", " ")
        yield (
            f"{request.nodes or 1} node(s) with {asked} each, of which partition {name} has {len(fitting)}; its "
            f"largest: {largest.gpus_of(kind)} GPUs, {largest.cpus} CPUs, {largest.memory / 1024:.0f} GB"
        )
