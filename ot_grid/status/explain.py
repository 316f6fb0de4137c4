"""Why keys differ, and why a stage run is not cached.

One idea: a key is the hash of plain data kept beside the artifact, so two keys are explained by the fields in which
that data differs. It must not write.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ot_grid import store
from ot_grid.cluster import standing
from ot_grid.planning.plan import Cell, Plan, StageRun
from ot_grid.store import Artifacts

Difference = tuple[str, Any, Any]  # dotted path, ours, theirs


def differences(ours: Any, theirs: Any, path: str = "") -> Iterator[Difference]:
    """Yield the fields in which two plain values differ; an absent field is shown as '(absent)'."""
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        for name in sorted({*ours, *theirs}):
            yield from differences(
                ours.get(name, "(absent)"), theirs.get(name, "(absent)"), f"{path}.{name}".strip(".")
            )
    elif ours != theirs:
        yield path, ours, theirs


def cell(wanted: Cell, plan: Plan, artifacts: Artifacts) -> Iterator[str]:
    """Yield lines on every stage run of a cell: done, or why not."""
    yield f"cell {wanted.id}  {wanted.label}"
    found = standing.look(plan, artifacts)
    for run in (plan.runs[run_key] for run_key in wanted.runs):
        yield f"  {run}  {found[run.key]}"
        if found[run.key].state == standing.WAITING:
            yield from (f"      {line}" for line in why_not_cached(run, plan, artifacts))


def why_not_cached(run: StageRun, plan: Plan, artifacts: Artifacts) -> Iterator[str]:
    """Yield what tells a stage run from the nearest finished one of its stage."""
    nearest = _nearest(run, artifacts)
    if nearest is None:
        yield f"no {run.stage} has been finished in this store"
        return
    folder, found = nearest
    yield f"the nearest finished one is {folder.name}, which differs in:"
    for path, ours, theirs in found:
        if path == "inputs":
            fresh = [str(plan.runs[one]) for one in ours if one not in theirs]
            yield f"  inputs: {', '.join(fresh) or 'the same, in another order'}"
        else:
            yield f"  {path}: {ours!r} here, {theirs!r} there"


def _nearest(run: StageRun, artifacts: Artifacts) -> tuple[Path, list[Difference]] | None:
    """Return the finished artifact of the same stage with the fewest differences."""
    best = None
    for folder in artifacts.place.artifacts(run.stage).values():
        if store.record_of(folder) is None:
            continue
        found = list(differences(run.identity, store.read_json(folder / store.RECIPE)))
        if best is None or len(found) < len(best[1]):
            best = folder, found
    return best


def pair(one: Cell, other: Cell, plan: Plan) -> Iterator[str]:
    """Yield lines on what two cells share, where they part, and which fields made them."""
    yield f"cell {one.id}  {one.label}"
    yield f"cell {other.id}  {other.label}"
    yield "differ in:"
    for path, ours, theirs in differences(one.recipe.settings, other.recipe.settings):
        yield f"  {path}: {ours!r} / {theirs!r}"
    shared = [run_key for run_key in one.runs if run_key in other.runs]
    yield f"share {len(shared)} stage runs: {', '.join(str(plan.runs[k]) for k in shared) or 'none'}"
    yield "and have their own:"
    for mine in (one, other):
        own = [str(plan.runs[run_key]) for run_key in mine.runs if run_key not in shared]
        yield f"  {mine.id}: {', '.join(own) or 'none'}"
