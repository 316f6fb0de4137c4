"""A plan as text and as plain data: what `plan` shows.

One idea: counts first, cells after, nothing that is not in the plan or on the disk. It must not write.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ot_grid.errors import many
from ot_grid.planning import local_files
from ot_grid.planning.pipeline import STAGES
from ot_grid.planning.plan import Plan, StageRun, models_of
from ot_grid.planning.points import PRODUCT
from ot_grid.stages import sources
from ot_grid.status import before, estimates, fits
from ot_grid.store import Artifacts

SHOWN_CELLS = 30


def plan_data(plan: Plan, missing: Sequence[StageRun]) -> dict[str, Any]:
    """Return a plan as plain data for `plan --json`."""
    to_run = {run.key for run in missing}
    return {
        "name": plan.name,
        "command": list(plan.command),
        "factors": {name: list(choices) for name, choices in plan.factors.items()},
        "question": plan.question,
        "design": plan.design,
        "repeat": list(plan.repeat),
        "versus": plan.versus,
        "rank_by": list(plan.rank_by),
        **({"winner": asdict(plan.winner)} if plan.winner else {}),
        "banner": plan.banner,
        "counts": {
            "cells": len(plan.cells),
            "naive": plan.naive,
            "unique": len(plan.runs),
            "cached": len(plan.runs) - len(to_run),
            "to_run": len(to_run),
        },
        "cells": [
            {"cell": c.id, "label": c.label, "coordinates": dict(c.coordinates), "runs": list(c.runs)}
            for c in plan.cells
        ],
        "runs": [_run_data(run, run.key in to_run) for run in plan.runs.values()],
        **({"files": dict(plan.runtime.files)} if plan.runtime.files else {}),
    }


def _run_data(run: StageRun, to_run: bool) -> dict[str, Any]:
    return {
        "key": run.key, "stage": run.stage, "label": run.label, "branch": run.branch, "needs": run.needs,
        "inputs": list(run.inputs), "cached": not to_run, "reads": run.reads,
    }  # fmt: skip


def counted(plan: Plan, missing: Sequence[StageRun]) -> str:
    """Return the one line that says what a grid costs in stage runs."""
    unique = len(plan.runs)
    return (
        f"{many(len(plan.cells), 'cell')} -> {many(unique, 'unique stage run')} (of {plan.naive} without sharing), "
        f"{unique - len(missing)} cached, {len(missing)} to run{until(plan)}"
    )


def until(plan: Plan) -> str:
    """Return which stage is enough for now, "" where none is."""
    return f", up to {plan.runtime.until}" if plan.runtime.until else ""


def plan_text(plan: Plan, missing: Sequence[StageRun], artifacts: Artifacts | None = None) -> Iterator[str]:
    """Yield the lines of `plan`."""
    yield from banner(plan.banner)
    yield f"sweep {plan.name}: {counted(plan, missing)}"
    yield from asked(plan)
    yield ""
    yield f"  {'stage':<14}{'unique':>8}{'cached':>8}{'to run':>8}   needs"
    left = Counter(run.stage for run in missing)
    for stage in STAGES:
        runs = [run for run in plan.runs.values() if run.stage == stage.name]
        if runs:
            done = len(runs) - left[stage.name]
            what = ", ".join(sorted({run.needs for run in runs}))
            yield f"  {stage.name:<14}{len(runs):>8}{done:>8}{left[stage.name]:>8}   {what}"
    yield from unpinned(plan)
    yield from files(plan)
    yield from unused(plan)
    yield from lenient(plan)
    yield from before.lines(plan, missing, artifacts) if artifacts else ()
    yield from fits.lines(plan, missing)
    yield from estimates.lines(plan, missing, artifacts) if artifacts else ()
    yield ""
    for cell in plan.cells[:SHOWN_CELLS]:
        own = sum(run.key in cell.runs for run in missing)
        yield f"  {cell.id}  {cell.label}  ({own} of {len(cell.runs)} stage runs to run)"
    if len(plan.cells) > SHOWN_CELLS:
        yield f"  ... and {len(plan.cells) - SHOWN_CELLS} more (all of them: --json)"


def asked(plan: Plan) -> Iterator[str]:
    """Yield what a sweep asks, how its cells are laid out, and what they are compared with and averaged over."""
    if plan.question:
        yield f"  asks: {plan.question}"
    if plan.winner:
        yield f"  goes on from: {plan.winner}"
    if plan.design != PRODUCT:
        yield f"  design: {plan.design.replace('_', ' ')}, from {plan.versus}"
    elif plan.versus:
        yield f"  compared with: {plan.versus}"
    for name in plan.repeat:
        values = plan.factors[name]
        yield f"  repeats: {name}={','.join(values)}; reports average over {many(len(values), 'draw')} of each recipe"
    if plan.rank_by:
        yield f"  ranked by: {', '.join(plan.rank_by)}"


def unpinned(plan: Plan) -> Iterator[str]:
    """Yield one line that names the hub datasets which no revision pins, if there are any."""
    named = [data for _, data in read(plan) if data.get("id")]
    hub = {str(data["id"]) for data in named if not (data.get("revision") or data.get("file"))}
    if hub:
        yield f"not pinned, so that the hub may give other rows later: {', '.join(sorted(hub))}; set their revision"


def unused(plan: Plan) -> Iterator[str]:
    """Yield the entries of `cluster.models` that no stage run uses."""
    others = [name for name in plan.runtime.cluster.models if name not in models_of(plan.runs.values())]
    if others:
        yield f"cluster.models of which nothing here makes use: {', '.join(others)}"


MOST_KEPT = 0.5  # share of a pool above which filters that rate keep much the same questions


def lenient(plan: Plan) -> Iterator[str]:
    """Yield the filters that keep most of what they rate, so that it hardly matters how they do."""
    for run in plan.runs.values():
        if run.stage != "filter" or run.reads["filter"]["function"] == "random":
            continue
        kept, pool = run.reads["questions"], plan.runs[run.inputs[0]].reads.get("pool")
        if pool and kept > MOST_KEPT * pool:
            yield (
                f"filter={run.label} keeps {kept:,} of {pool:,} questions ({kept / pool:.0%}), so that others keep "
                "much the same; raise scale.pool"
            )


def files(plan: Plan) -> Iterator[str]:
    """Yield what each local file gives, and what of it is dropped."""
    for run, choice in read(plan):
        counted = sources.census(choice, plan.runtime.files)
        if counted and not counted.problems:
            path = next(str(choice[name]) for name in local_files.SETTINGS if choice.get(name))
            yield f"  {run.stage} {run.label}: {plan.runtime.files.get(path, path)}: {counted}"


def read(plan: Plan) -> Iterator[tuple[StageRun, Mapping[str, Any]]]:
    """Yield the sources and the data of benchmarks, each with its stage run."""
    for run in plan.runs.values():
        choice = run.reads.get("source") or (run.reads.get("benchmark") or {}).get("data")
        if choice and run.stage in ("source", "benchmark"):
            yield run, choice


def banner(lines: Sequence[str]) -> Iterator[str]:
    """Yield what every output of a rehearsal must say."""
    yield from (f"REHEARSAL: {line}" for line in lines)
