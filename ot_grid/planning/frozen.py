"""What is written before anything is launched: the sweep's cells with their recipes, and orders that hold theirs.

One idea: a job and a report read only this, so editing a YAML later touches nothing that was submitted. It must not
start anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ot_grid import store
from ot_grid.config import Recipe
from ot_grid.errors import BadInput, OtGridError, nearest
from ot_grid.planning.plan import Builder, Cell, Plan, StageRun
from ot_grid.registry import load_plugins
from ot_grid.store import Artifacts, Store

SWEEP = "sweep.json"
LISTS, WORDS = ("repeat", "rank_by"), ("versus", "question", "design")  # of a plan, frozen as they are
RUNTIME = "runtime.json"  # where a sweep was last given to a cluster: for whoever resumes it


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
    for run in artifacts.missing(plan):
        artifacts.folder(run).mkdir(parents=True, exist_ok=True)  # its place, by whatever label others call the key
    store.write_json(path, {**content, "asked": datetime.now(UTC).isoformat()})
    store.write_json(path.with_name(RUNTIME), plan.runtime)


def describe(plan: Plan) -> dict[str, Any]:
    """Return a sweep as plain data: what a report or a reproduction needs, without Hydra."""
    return {
        "name": plan.name,
        "command": list(plan.command),
        "factors": {name: list(choices) for name, choices in plan.factors.items()},
        **{name: list(getattr(plan, name)) for name in LISTS},
        **{name: getattr(plan, name) for name in WORDS},
        "banner": plan.banner,
        "held_out": held_out(plan),
        "created": datetime.now(UTC).isoformat(),
        "plugins": list(plan.runtime["plugins"]),
        "cells": [describe_cell(cell, plan) for cell in plan.cells],
    }


def held_out(plan: Plan) -> list[str]:
    """Return the benchmarks that any cell's recipe keeps from the ranking."""
    evals = [cell.recipe.settings.get("eval") or {} for cell in plan.cells]
    return sorted({name for each in evals for name, benchmark in each.items() if benchmark.get("held_out")})


def describe_cell(cell: Cell, plan: Plan) -> dict[str, Any]:
    """Return a cell as plain data, with its full recipe."""
    runs = [plan.runs[run_key] for run_key in cell.runs]
    return {
        "cell": cell.id,
        "label": cell.label,
        "coordinates": dict(cell.coordinates),
        "choices": dict(cell.recipe.choices),
        "recipe": dict(cell.recipe.settings),
        "runs": [{"stage": run.stage, "label": run.label, "branch": run.branch, "key": run.key} for run in runs],
    }


def sweeps(place: Store) -> list[dict[str, Any]]:
    """Return all sweeps of a store, the one asked for last first."""
    found = [store.read_json(path) for path in sorted((place.root / "sweeps").glob(f"*/{SWEEP}"))]
    return sorted(found, key=lambda sweep: str(sweep.get("asked", sweep["created"])), reverse=True)


def find_sweep(place: Store, name: str | None) -> dict[str, Any]:
    """Return a sweep by name, or the one asked for last."""
    known = sweeps(place)
    if not known:
        raise BadInput(
            f"store={str(place.root)!r} holds no sweep yet; run one: python -m ot_grid -m filter=length,difficulty"
        )
    for sweep in known:
        if name in (None, sweep["name"]):
            return sweep
    raise BadInput(f"no sweep {name!r} in {place.root}; {nearest(str(name), [sweep['name'] for sweep in known])}")


def find_cell(place: Store, wanted: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return (sweep, cell) by a cell's id, a unique beginning of it, or its coordinates, as far as they are unique."""
    known = [(sweep, cell) for sweep in sweeps(place) for cell in sweep["cells"]]
    fitting = ([each for each in known if fits(each[1], wanted)] for fits in (_named, _beginning, _part))
    found = next(filter(None, fitting), [])
    cells = {cell["cell"]: f"{cell['cell']} ({cell['label']})" for _, cell in found}
    if len(cells) == 1:
        return found[0]
    if cells:
        raise BadInput(f"{wanted!r} names {len(cells)} cells: {', '.join(sorted(cells.values()))}; give the id of one")
    labels = {name for _, cell in known for name in (cell["cell"], cell["label"])}
    raise BadInput(f"no cell {wanted!r} in {place.root}; {nearest(wanted, labels)}")


def _named(cell: Mapping[str, Any], wanted: str) -> bool:
    return wanted == cell["cell"] or set(wanted.split()) == set(cell["label"].split())


def _beginning(cell: Mapping[str, Any], wanted: str) -> bool:
    return bool(wanted) and bool(cell["cell"].startswith(wanted))


def _part(cell: Mapping[str, Any], wanted: str) -> bool:
    return bool(wanted.strip()) and set(wanted.split()) <= set(cell["label"].split())


def plan_of(sweep: Mapping[str, Any], cells: Sequence[Mapping[str, Any]], runtime: Mapping[str, Any]) -> Plan:
    """Return the plan of frozen cells: from their recipes alone, whatever `conf/` says today."""
    builder = Builder()
    built = tuple(builder.cell(cell["coordinates"], Recipe(cell["recipe"], cell["choices"])) for cell in cells)
    for cell, made in zip(cells, built, strict=True):
        if [run["key"] for run in cell["runs"]] != list(made.runs):
            raise OtGridError(
                f"cell {cell['cell']} of sweep {sweep['name']!r} was frozen by another version of ot_grid, "
                "whose stages differ; use that version (its commit is in the records), "
                "or run the sweep again with this one"
            )
    factors = {name: tuple(choices) for name, choices in sweep["factors"].items()}
    asked: dict[str, Any] = {name: tuple(sweep.get(name, ())) for name in LISTS}
    asked |= {name: sweep[name] for name in WORDS if name in sweep}
    return Plan(sweep["name"], tuple(sweep["command"]), factors, built, builder.runs, runtime, **asked)


def frozen(place: Store, name: str | None) -> Plan:
    """Return the plan of a sweep (the one asked for last by default) as it was frozen, and where it last ran."""
    found = find_sweep(place, name)
    load_plugins(found["plugins"])
    return plan_of(found, found["cells"], {**last_runtime(place, found["name"]), "store": str(place.root)})


def last_runtime(place: Store, name: str) -> dict[str, Any]:
    """Return the runtime settings with which a sweep was asked for last; nothing where none are kept."""
    path = place.sweep(name) / RUNTIME
    return dict(store.read_json(path)) if path.exists() else {}


def models(runs: Iterable[StageRun]) -> dict[str, tuple[dict[str, Any], str]]:
    """Return the models that stage runs ask or train, by id, each with the first stage run that needs it."""
    from ot_grid.planning import rehearsal

    found: dict[str, tuple[dict[str, Any], str]] = {}
    for run in runs:
        for model in rehearsal.models(run.reads):
            found.setdefault(str(model["id"]), (dict(model), f"{run.stage}={run.label}"))
    return found
