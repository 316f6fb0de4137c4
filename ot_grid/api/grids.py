"""Grids: planned, run, gone on with, looked at, steered.

One idea: a plan is a value; what is spent for it is one call that can be given again. It must not compose by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ot_grid import attempts, launch
from ot_grid import status as overview
from ot_grid.api.results import report
from ot_grid.cluster import control, standing
from ot_grid.planning import freezing, frozen
from ot_grid.planning.plan import Plan
from ot_grid.running import preflight
from ot_grid.store import Artifacts, Store

if TYPE_CHECKING:
    from ot_grid.report.build import Report


REPORTED = "eval"  # the stage that there is something to report after


@dataclass(frozen=True)
class Ran:
    """What a run of a plan came to."""

    outcome: launch.Outcome
    report: Report | None  # None when everything was handed to a cluster, or is to end before anything is evaluated
    tracked: int  # W&B runs told


def plan(
    overrides: Sequence[str],
    *,
    multirun: bool = True,
    config_dir: str | None = None,
    name: str | None = None,
    repeat: Sequence[str] | None = None,
    versus: str | None = None,
    baselines: Sequence[str] | None = None,
    until: str | None = None,
) -> Plan:
    """Return the plan of a grid, e.g. of `["filter=length,difficulty", "teacher=qwq,r1"]`; spends nothing.

    Without `multirun` an override has one value. `name` names the sweep, else it is made from what varies; `repeat`
    names the swept settings that reports average over (default: seeds), `versus` the recipe to compare with,
    `baselines` the models to evaluate as they are beside the cells (student, teacher), `until` a stage after which it
    is enough for now (see `Plan.asked`).
    """
    from ot_grid.planning import sweep

    request = sweep.Request(
        tuple(overrides), multirun, config_dir, name, repeat=repeat, versus=versus, baselines=baselines
    )
    made = sweep.plan(request)
    return replace(made, runtime=replace(made.runtime, until=until))


def artifacts_of(grid: Plan) -> Artifacts:
    """Return where the stage runs of a plan lie."""
    return Artifacts(Store(grid.runtime.store))


def run(grid: Plan, *, say: Callable[[str], None] = lambda line: None) -> Ran:
    """Run what has no record, then report; raise `BadInput` before anything is spent when something is missing."""
    artifacts, asked = artifacts_of(grid), grid.asked()
    preflight.check(asked, artifacts)
    launch.check(asked, artifacts)
    freezing.freeze(grid, artifacts)
    return _launched(asked, artifacts, by_hand=True, say=say)


def resume(
    name: str | None = None,
    *,
    place: str | Path | None = None,
    by_hand: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> Ran:
    """Go on with a sweep as it was frozen: run, or submit again, what can pass; for cron and for jobs that heal."""
    grid = frozen.plan(Store.of(place), name)
    return _launched(grid, artifacts_of(grid), by_hand=by_hand, say=say)


def retry(
    name: str | None = None, *, place: str | Path | None = None, say: Callable[[str], None] = lambda line: None
) -> Ran:
    """Forget what has failed in a sweep, also for good, and go on with it."""
    grid = frozen.plan(Store.of(place), name)
    artifacts = artifacts_of(grid)
    for run_key, now in standing.look(grid, artifacts).items():
        if now.state == standing.FAILED:
            attempts.end(artifacts.folder(grid.runs[run_key]), attempts.FORGIVEN)
    return _launched(grid, artifacts, by_hand=True, say=say)


def status(name: str | None = None, *, place: str | Path | None = None) -> overview.Snapshot:
    """Return where a sweep (the one asked for last by default) stands now."""
    grid = frozen.plan(Store.of(place), name)
    return overview.take(grid, artifacts_of(grid))


def cancel(name: str, *, place: str | Path | None = None) -> control.Cancelled:
    """Cancel all queued and running jobs of a sweep."""
    return control.cancel(Store.of(place), name)


def throttle(name: str, most: int, *, place: str | Path | None = None) -> control.Throttled:
    """Let at most `most` jobs of each array of a sweep run at once; 0 lifts the limit."""
    return control.throttle(Store.of(place), name, most)


def _launched(grid: Plan, artifacts: Artifacts, *, by_hand: bool, say: Callable[[str], None]) -> Ran:
    outcome = launch.launch(grid, artifacts, by_hand=by_hand)
    if grid.runtime.until not in (None, REPORTED):
        return Ran(outcome, None, 0)
    if not outcome.on_cluster:
        made = report(grid.name, place=artifacts.place.root)
        return Ran(outcome, made, _told(grid, made, say))
    if not by_hand and grid.runtime.tracking.at_once and _some_cell_ended(grid, artifacts):
        return Ran(outcome, None, _told(grid, report(grid.name, place=artifacts.place.root), say))
    return Ran(outcome, None, 0)


def _told(grid: Plan, made: Report, say: Callable[[str], None]) -> int:
    from ot_grid.report import mirror

    return mirror.tell(grid, made, say=say).runs


def _some_cell_ended(grid: Plan, artifacts: Artifacts) -> bool:
    """Whether all evaluations of some cell have records."""
    missing = {run.key for run in artifacts.missing(grid)}
    for cell in grid.cells:
        evaluations = {run_key for run_key in cell.runs if grid.runs[run_key].stage == REPORTED}
        if evaluations and not evaluations & missing:
            return True
    return False
