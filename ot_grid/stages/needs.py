"""What a stage run needs of GPUs: over how many its model is split, or how its student is trained.

One idea: a stage run's settings name its models and how long their texts may be; the rest is arithmetic of `sizing`.
Where nobody knows how large a model is, nothing is claimed. It must not ask a cluster or a machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ot_grid.config import Cluster, Model
from ot_grid.errors import BadInput
from ot_grid.inference import models
from ot_grid.planning import rehearsal
from ot_grid.planning.plan import Plan, StageRun
from ot_grid.sizing import generation, training
from ot_grid.sizing.generation import Generation
from ot_grid.sizing.gpus import Gpus
from ot_grid.sizing.models import ModelSize
from ot_grid.sizing.training import Training
from ot_grid.stages import bind
from ot_grid.stages.training import launcher

PROMPT = 2048  # tokens of a question and its instructions; the longest are known only when they are there
# Settings of our training: of a function of somebody's own nothing is known.
KNOWN = {"student", "max_length", "batch_size"}
JUDGED = 32768  # tokens of a reply that a judge is shown


@dataclass(frozen=True)
class Asking:
    """A model that a stage run loads, and how long what it reads and writes may be."""

    plain: Mapping[str, Any]  # a `Model`
    length: int  # tokens of a prompt and its reply, or of a row of training

    @property
    def id(self) -> str:
        """The id of the model."""
        return str(self.plain["id"])


def askings(run: StageRun, plan: Plan) -> Iterator[Asking]:
    """Yield the models that a stage run loads; of a benchmark the student, which its training names."""
    if run.stage == "train":
        settings = run.reads["train"]
        if settings.keys() >= KNOWN:
            yield Asking(settings["student"], int(settings["max_length"]))
        return
    named = list(rehearsal.models(run.reads))
    if run.stage == "eval" and "student" not in run.reads:
        parents = [plan.runs[key] for key in run.inputs if key in plan.runs]
        named = [parent.reads["train"]["student"] for parent in parents if "student" in parent.reads.get("train", ())]
    prompt = PROMPT + (JUDGED if run.stage == "verify" else 0)
    for plain in named:
        yield Asking(plain, prompt + max(most_tokens(run.reads), default=0))


def most_tokens(value: Any) -> Iterator[int]:
    """Yield the longest replies that settings allow, wherever they sample."""
    if isinstance(value, Mapping):
        if isinstance(value.get("max_tokens"), int):
            yield value["max_tokens"]
        for item in value.values():
            yield from most_tokens(item)


def declared(run: StageRun, plan: Plan) -> list[int]:
    """Return the GPUs that `cluster.gpus` says the models of a stage run take, of those of which it says something."""
    gpus = plan.runtime.cluster.gpus
    return [gpus[asking.id] for asking in askings(run, plan) if asking.id in gpus]


def unlike(runs: Iterable[StageRun], plan: Plan) -> Iterator[StageRun]:
    """Yield of stage runs that need the same the first one: of a thousand cells there are a handful."""
    seen: set[tuple[Any, ...]] = set()
    for run in runs:
        loaded = [(str(asking.plain), asking.length) for asking in askings(run, plan)]
        need = run.stage, (run.reads.get("train") or {}).get("batch_size"), *loaded
        if need not in seen:
            seen.add(need)
            yield run


def size(asking: Asking, cluster: Cluster) -> ModelSize | None:
    """Return how large a model is as it is loaded, None where nobody says it."""
    cache, model = Path(cluster.model_cache).expanduser(), bind.made(Model, asking.plain)
    known = models.size(model, known=cluster.models, cache=cache, sizes=cluster.sizes)
    return known.loaded(model.quantization, model.kv_cache_dtype) if known else None


def generated(run: StageRun, plan: Plan, gpus: Gpus) -> Generation | None:
    """Return how the largest model of a stage run generates on the GPUs of a node; None where no size is known.

    Raises `BadInput` with what would do where it cannot, or where a number that `cluster.gpus` sets does not work.
    """
    made: list[Generation] = []
    for asking in askings(run, plan):
        known, given = size(asking, plan.runtime.cluster), plan.runtime.cluster.gpus.get(asking.id)
        if known is None:
            continue
        try:
            fits = generation.over(known, gpus, given, asking.length) if given else None
            made.append(fits or generation.fit(known, gpus, asking.length))
        except BadInput as error:
            raise BadInput(f"{asking.id}: {error}") from error
    return max(made, key=lambda one: one.parallel, default=None)


def shareable(run: StageRun, most: int, nodes: int = 1) -> int:
    """Return the most GPUs of each node, up to a number, to which the rows of a step can be dealt evenly."""
    able = [count for count in range(1, most + 1) if not _left_over(run, count * nodes)]
    return max(able, default=1)


def check_dealt(run: StageRun, gpus: Gpus) -> None:
    """Raise `BadInput` where the rows of a step cannot be dealt evenly to the processes of a training."""
    processes = max(1, gpus.count) * gpus.nodes
    if _left_over(run, processes):
        rows, fewer = run.reads["train"]["batch_size"], shareable(run, gpus.count, gpus.nodes)
        able = not _left_over(run, gpus.nodes * fewer)
        instead = f"take {fewer} a node (cluster.slurm.train.gpus={fewer}), or " if able else "take fewer nodes, or "
        raise BadInput(
            f"train.batch_size={rows} cannot be dealt evenly to the {processes} processes of a training; {instead}"
            f"a multiple of {processes} rows"
        )


def _left_over(run: StageRun, processes: int) -> int:
    settings = run.reads["train"]
    return int(settings["batch_size"]) % processes if settings.keys() >= KNOWN else 0


def trained(run: StageRun, plan: Plan, gpus: Gpus) -> Training | None:
    """Return how the student of a training is trained on GPUs; None where its size is not known.

    Raises `BadInput` where it does not fit, reads less than the rows are long, or leaves rows of a step over.
    """
    check_dealt(run, gpus)
    asking, cluster = next(askings(run, plan), None), plan.runtime.cluster
    known = size(asking, cluster) if asking else None
    if asking is None or known is None:
        return None
    if asking.length > known.context:
        raise BadInput(
            f"train.max_length={asking.length}, and {asking.id} reads {known.context} tokens; take rows of that "
            "length, or a student with a longer context"
        )
    try:
        launcher.check(cluster.accelerate_config, gpus)
        return training.fit(known, gpus, asking.length, launcher.sharing(cluster.accelerate_config))
    except BadInput as error:
        raise BadInput(f"{asking.id}: {error}") from error
