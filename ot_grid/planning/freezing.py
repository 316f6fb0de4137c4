"""What is written before anything is launched: the sweep's cells with their recipes, and where it was sent.

One idea: whoever comes later reads only this (see `frozen`). It must not start anything.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from ot_grid import store
from ot_grid.errors import BadInput
from ot_grid.planning.frozen import RUNTIME, SWEEP
from ot_grid.planning.plan import Cell, Plan
from ot_grid.store import Artifacts

LISTS, WORDS = ("repeat", "rank_by"), ("versus", "question", "design")  # of a plan, frozen as they are


def freeze(plan: Plan, artifacts: Artifacts) -> None:
    """Write the sweep, and make a place for every stage run that is to run."""
    with store.submitting(artifacts.place):
        artifacts.refresh()  # another may have frozen the same key under another label
        _freeze(plan, artifacts)


def _freeze(plan: Plan, artifacts: Artifacts) -> None:
    path = artifacts.place.sweep(plan.name) / SWEEP
    content = describe(plan)
    if path.exists():
        known = store.read_json(path)
        if [cell["runs"] for cell in known["cells"]] != [cell["runs"] for cell in content["cells"]]:
            raise BadInput(f"sweep {plan.name!r} is there with other cells; give this one another --name")
        content["created"] = known["created"]
    for run in artifacts.missing(plan.asked()):
        artifacts.folder(run).mkdir(parents=True, exist_ok=True)  # its place, by whatever label others call the key
    store.write_json(path, {**content, "asked": datetime.now(UTC).isoformat()})
    store.write_json(path.with_name(RUNTIME), asdict(plan.runtime))


def describe(plan: Plan) -> dict[str, Any]:
    """Return a sweep as plain data: what a report or a reproduction needs, without Hydra."""
    return {
        "name": plan.name,
        "command": list(plan.command),
        "factors": {name: list(choices) for name, choices in plan.factors.items()},
        **{name: list(getattr(plan, name)) for name in LISTS},
        **{name: getattr(plan, name) for name in WORDS},
        **({"winner": asdict(plan.winner)} if plan.winner else {}),
        "banner": plan.banner,
        "held_out": held_out(plan),
        "created": datetime.now(UTC).isoformat(),
        "plugins": list(plan.runtime.plugins),
        "cells": [describe_cell(cell, plan) for cell in plan.cells],
    }


def held_out(plan: Plan) -> list[str]:
    """Return the benchmarks that any cell's recipe keeps from the ranking."""
    names = set()
    for cell in plan.cells:
        benchmarks = cell.recipe.settings.get("eval") or {}
        names |= {name for name, benchmark in benchmarks.items() if benchmark.get("held_out")}
    return sorted(names)


def describe_cell(cell: Cell, plan: Plan) -> dict[str, Any]:
    """Return a cell as plain data, with its full recipe."""
    runs = [plan.runs[run_key] for run_key in cell.runs]
    return {
        "cell": cell.id,
        "label": cell.label,
        "coordinates": dict(cell.coordinates),
        "choices": dict(cell.recipe.choices),
        "overrides": list(cell.overrides),
        "recipe": dict(cell.recipe.settings),
        "runs": [{"stage": run.stage, "label": run.label, "branch": run.branch, "key": run.key} for run in runs],
    }
