"""What must be true before anything is spent: a store to write to, models and files to read.

One idea: it looks at this machine, which planning must not; and tells all problems at once. It must not write.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ot_grid import extras, machine, registry
from ot_grid.config import Cluster, Model
from ot_grid.errors import BadInput, OtGridError, Problems
from ot_grid.grading import needs_sandbox, sandbox
from ot_grid.inference import engine_arguments, models
from ot_grid.planning import pipeline
from ot_grid.planning.plan import Plan, StageRun, models_of
from ot_grid.running import fits
from ot_grid.stages import bind, sources
from ot_grid.stages.training import launcher
from ot_grid.store import Artifacts

OF_MODELS = ("models", "gpus", "engine_args", "sizes")  # settings of the cluster by the id of a model
ALIKE = 0.85  # of two ids: as alike as those of a typing error


def check(plan: Plan, artifacts: Artifacts) -> None:
    """Raise `BadInput` with everything that would stop the stage runs that are still to run."""
    problems = Problems()
    try:
        artifacts.place.check_writable()
    except BadInput as error:
        problems.add(error)
    for problem in not_ready(plan, artifacts):
        problems.add(problem)
    problems.raise_if_any()


def not_ready(plan: Plan, artifacts: Artifacts) -> Iterator[str]:
    """Yield what is not there: models, files, columns; and what is there but broken or changed."""
    missing = []
    for run in plan.runs.values():
        try:
            done = artifacts.done(run)
        except OtGridError as error:
            yield str(error)
        else:
            missing += [] if done else [run]
    cluster = plan.runtime.cluster
    lacking = extras.lacking(run.needs for run in missing) if cluster.kind == "local" else None
    if lacking:
        yield lacking
    if cluster.accelerate_config and any(run.stage == "train" for run in missing):
        try:
            launcher.config_file(cluster.accelerate_config)
        except BadInput as error:
            yield str(error)
    if cluster.kind == "local":
        yield from fits.misfits(plan, missing, machine.here())
    yield from _models(missing, cluster)
    yield from _files(missing, plan.runtime.files)
    yield from _sandbox(missing, cluster)


def _models(runs: Iterable[StageRun], cluster: Cluster) -> Iterator[str]:
    cache = Path(cluster.model_cache).expanduser()
    wanted = models_of(runs)
    for setting in OF_MODELS:
        yield from near_misses(setting, getattr(cluster, setting), wanted)
    for plain, user in wanted.values():
        yield from (f"{user}: {problem}" for problem in engine_arguments.problems(str(plain["id"]), cluster))
        problem = models.problem(bind.made(Model, plain), known=cluster.models, cache=cache)
        if problem:
            yield f"{user}: {problem}"


def near_misses(setting: str, given: Iterable[str], wanted: Mapping[str, Any]) -> Iterator[str]:
    """Yield the entries of a setting of the cluster that name no model of the grid, and nearly one.

    A model that has an entry of its own is not meant by another, nor is one with other numbers: 7B is no slip for 14B.
    """
    own = set(given)
    for name in sorted(own - wanted.keys()):
        likely = {model.lower(): model for model in wanted if model not in own and _numbers(model) == _numbers(name)}
        for close in difflib.get_close_matches(name.lower(), likely, 1, ALIKE):
            yield f"cluster.{setting}[{name!r}] names no model of this grid; did you mean {likely[close]!r}?"


def _numbers(model: str) -> list[str]:
    return re.findall(r"\d+", model)


def _sandbox(runs: Iterable[StageRun], cluster: Cluster) -> Iterator[str]:
    """Yield why programs cannot run here as is required; what the nodes of a cluster can, `doctor` asks."""
    named = {name for run in runs for kind, name in pipeline.functions(run.reads) if kind == "grader"}
    if cluster.kind == "local" and any(needs_sandbox(registry.find("grader", name).function) for name in named):
        try:
            sandbox.choose(cluster.sandbox)
        except BadInput as error:
            yield f"cluster.{error}"


def _files(runs: Iterable[StageRun], files: Mapping[str, str]) -> Iterator[str]:
    """Yield what is wrong with the sources and the data of benchmarks, as far as it is known here."""
    for run in runs:
        if run.stage == "source":
            yield from (f"source={run.label}: {problem}" for problem in sources.check(run.reads["source"], files))
        elif run.stage == "benchmark":
            data = run.reads["benchmark"]["data"]
            yield from (f"eval={run.label}: {problem}" for problem in sources.check(data, files))
