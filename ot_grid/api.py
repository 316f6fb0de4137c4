"""The same things from Python: plan, run, report; for notebooks and scripts.

One idea: each command of the command line is one call here, and returns values instead of printing them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ot_grid import (
    attempts,
    launch,
    overview,
    preflight,
    recipe,
    registry,
    standing,
    steering,
    store,
    submission,
    sweep,
)
from ot_grid import export as exporting
from ot_grid import rescore as rescoring
from ot_grid.plan import Plan
from ot_grid.store import Store
from ot_grid.submission import Artifacts

if TYPE_CHECKING:
    from ot_grid.report import Report

__all__ = ["Ran", "cancel", "export", "plan", "report", "rescore", "resume", "retry", "run", "status", "throttle"]


@dataclass(frozen=True)
class Ran:
    """What a run of a plan came to."""

    outcome: launch.Outcome
    report: Report | None  # None when everything was handed to a cluster and nothing is there yet
    tracked: int  # W&B runs told


def plan(
    overrides: Sequence[str],
    *,
    config_dir: str | None = None,
    repeat: Sequence[str] | None = None,
    versus: str | None = None,
) -> Plan:
    """Return the plan of a grid, e.g. of `["filter=length,difficulty", "teacher=qwq,r1"]`; spends nothing.

    `repeat` names the swept settings that reports average over (default: seeds), `versus` the recipe to compare with.
    """
    return sweep.plan(sweep.Request(tuple(overrides), True, config_dir, repeat=repeat, versus=versus))


def artifacts_of(wanted: Plan) -> Artifacts:
    """Return where the stage runs of a plan lie."""
    return Artifacts(Store(wanted.runtime["store"]))


def run(wanted: Plan, *, say: Callable[[str], None] = lambda line: None) -> Ran:
    """Run what has no record, then report; raise `BadInput` before anything is spent when something is missing."""
    artifacts = artifacts_of(wanted)
    preflight.check(wanted, artifacts)
    submission.freeze(wanted, artifacts)
    return _launched(wanted, artifacts, by_hand=True, say=say)


def resume(
    name: str | None = None,
    *,
    place: str | Path,
    by_hand: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> Ran:
    """Go on with a sweep as it was frozen: run, or submit again, what can pass; for cron and for jobs that heal."""
    wanted = submission.frozen(Store(place), name)
    return _launched(wanted, artifacts_of(wanted), by_hand=by_hand, say=say)


def retry(name: str | None = None, *, place: str | Path, say: Callable[[str], None] = lambda line: None) -> Ran:
    """Forget what has failed in a sweep, also for good, and go on with it."""
    wanted = submission.frozen(Store(place), name)
    artifacts = artifacts_of(wanted)
    for run_key, now in standing.look(wanted, artifacts).items():
        if now.state == standing.FAILED:
            attempts.end(artifacts.folder(wanted.runs[run_key]), attempts.FORGIVEN)
    return _launched(wanted, artifacts, by_hand=True, say=say)


def status(name: str | None = None, *, place: str | Path) -> overview.Snapshot:
    """Return where a sweep (the one asked for last by default) stands now."""
    wanted = submission.frozen(Store(place), name)
    return overview.take(wanted, artifacts_of(wanted))


def cancel(name: str, *, place: str | Path) -> steering.Cancelled:
    """Cancel all queued and running jobs of a sweep."""
    return steering.cancel(Store(place), name)


def throttle(name: str, most: int, *, place: str | Path) -> steering.Throttled:
    """Let at most `most` jobs of each array of a sweep run at once; 0 lifts the limit."""
    return steering.throttle(Store(place), name, most)


def _launched(wanted: Plan, artifacts: Artifacts, *, by_hand: bool, say: Callable[[str], None]) -> Ran:
    outcome = launch.launch(wanted, artifacts, by_hand=by_hand)
    if outcome.on_cluster:
        return Ran(outcome, None, 0)
    made = report(wanted.name, place=artifacts.place.root, reference=wanted.versus)
    return Ran(outcome, made, _track(wanted, Artifacts(artifacts.place), made, say))


def report(
    name: str | None = None,
    *,
    place: str | Path,
    reference: str | None = None,
    accept: Sequence[str] = (),
    held_out: Sequence[str] = (),
    rank_by: Sequence[str] = (),
    grade: str | None = None,
) -> Report:
    """Return the report of a sweep (the one asked for last by default), and write it beside the sweep's cells.

    The options are those of `ot_grid.report.build`. A report that shows held-out scores is noted and not written, so
    that nobody comes upon them unasked.
    """
    from ot_grid import report as reports

    found = submission.find_sweep(Store(place), name)
    folder = Store(place).sweep(found["name"])
    made = reports.build(
        Store(place),
        found["name"],
        reference=reference or found.get("versus"),
        accept=accept,
        held_out=held_out,
        rank_by=rank_by,
        grade=grade,
    )
    if made.view.looked:
        reports.looks.write(folder, made.view.looked)
    else:
        reports.write(made, folder)
    return made


def rescore(
    name: str | None = None,
    *,
    place: str | Path,
    grade: str | None = None,
    config_dir: str | None = None,
    label: str | None = None,
    only: Sequence[str] = (),
    sandbox: str = "auto",
) -> Iterator[rescoring.Rescored | rescoring.Skipped]:
    """Score a sweep's finished evaluations again, by a choice of `conf/grade` or each by its own grader; no model."""
    found = submission.find_sweep(Store(place), name)
    registry.load_plugins(found["plugins"])
    settings = recipe.choice("grade", grade, config_dir) if grade else None
    called = label or grade or rescoring.AGAIN
    _look(Store(place), found, only)
    return rescoring.rescore(Store(place), found, grade=settings, label=called, only=only, sandbox=sandbox)


def export(
    name: str | None = None, *, place: str | Path, to: str | Path, form: str = "lm-eval", only: Sequence[str] = ()
) -> list[Path]:
    """Write a sweep's finished evaluations as lm-evaluation-harness does, or as parquet; return the files."""
    found = submission.find_sweep(Store(place), name)
    _look(Store(place), found, only)
    return exporting.export(Store(place), found, Path(to), form=form, only=only)


def _look(place: Store, found: Mapping[str, Any], named: Sequence[str]) -> None:
    """Note that held-out benchmarks were asked for by name, where they were."""
    from ot_grid.report import looks

    held_out = [name for name in named if name in found.get("held_out", ())]
    if held_out:
        looks.write(place.sweep(found["name"]), held_out)


def _track(wanted: Plan, artifacts: Artifacts, made: Report, say: Callable[[str], None]) -> int:
    from ot_grid import tracking
    from ot_grid.config import Tracking

    settings = Tracking(**wanted.runtime["tracking"])
    try:
        cells = [_tracked(cell.id, wanted, artifacts, made) for cell in wanted.cells]
        return tracking.track(settings, artifacts.place.sweep(wanted.name), wanted.name, cells, made.table)
    except Exception as error:  # a mirror that is down must not fail a grid that is done
        say(f"tracking={settings.mode}: {type(error).__name__}: {error}; the results are in the store all the same")
        return 0


def _tracked(cell_id: str, wanted: Plan, artifacts: Artifacts, made: Report) -> Any:
    from ot_grid.tracking import Tracked

    cell = next(cell for cell in wanted.cells if cell.id == cell_id)
    training = [wanted.runs[run_key] for run_key in cell.runs if wanted.runs[run_key].stage == "train"]
    records = [record for run in training if (record := store.record_of(artifacts.folder(run)))]
    row = made.table[made.table["cell"] == cell_id].iloc[0]
    summary = {str(name): value for name, value in row.items() if isinstance(value, (int, float)) and value == value}
    return Tracked(
        cell_id, f"{cell.label} [{cell_id}]", cell.coordinates, dict(cell.recipe.settings),
        [point for record in records for point in record["loss"]], summary,
    )  # fmt: skip
