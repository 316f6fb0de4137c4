"""The same things from Python: plan, run, report; for notebooks and scripts.

One idea: each command of the command line is one call here, and returns values instead of printing them. What loads
Hydra or pandas is imported where it is needed: jobs that heal a sweep start in the time of the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ot_grid import attempts, launch, registry
from ot_grid import status as overview
from ot_grid.cluster import control, standing
from ot_grid.errors import BadInput
from ot_grid.planning import frozen as submission
from ot_grid.planning.plan import Plan
from ot_grid.running import preflight
from ot_grid.store import Artifacts, Store

if TYPE_CHECKING:
    from ot_grid.report import mirror
    from ot_grid.report import rescore as rescoring
    from ot_grid.report.build import Asked, Report
    from ot_grid.report.compare import Comparison

__all__ = [
    "Ran", "cancel", "compare", "export", "plan", "report", "rescore", "resume", "retry", "run", "status", "throttle",
    "track",
]  # fmt: skip


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
    from ot_grid.planning import sweep

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


def cancel(name: str, *, place: str | Path) -> control.Cancelled:
    """Cancel all queued and running jobs of a sweep."""
    return control.cancel(Store(place), name)


def throttle(name: str, most: int, *, place: str | Path) -> control.Throttled:
    """Let at most `most` jobs of each array of a sweep run at once; 0 lifts the limit."""
    return control.throttle(Store(place), name, most)


def _launched(wanted: Plan, artifacts: Artifacts, *, by_hand: bool, say: Callable[[str], None]) -> Ran:
    outcome = launch.launch(wanted, artifacts, by_hand=by_hand)
    if outcome.on_cluster:
        return Ran(outcome, None, 0)
    from ot_grid.report import mirror

    made = report(wanted.name, place=artifacts.place.root)
    return Ran(outcome, made, mirror.tell(wanted, made, say=say).runs)


def track(
    name: str | None = None,
    *,
    place: str | Path,
    mode: str | None = None,
    made: Report | None = None,
    patient: bool = True,
    say: Callable[[str], None] = lambda line: None,
) -> mirror.Told:
    """Tell Weights & Biases what it was not told of a sweep; `mode` offline or online for this once.

    `made` is the report, where it is there already. The `patient` give each run `tracking.timeout`, others all of it.
    """
    from ot_grid.report import mirror

    found = submission.find_sweep(Store(place), name)
    if mirror.settings(submission.last_runtime(Store(place), found["name"]), mode).mode == mirror.OFF:
        return mirror.Told()
    wanted = submission.frozen(Store(place), found["name"])
    shown = made or report(wanted.name, place=place)
    return mirror.tell(wanted, shown, say=say, mode=mode, patient=patient)


def report(name: str | None = None, *, place: str | Path, asked: Asked | None = None, to: Path | None = None) -> Report:
    """Return the report of a sweep (the one asked for last by default), and write it beside the sweep's cells.

    `asked` is what the reader wants to see; `to` another folder to write to. A report that shows held-out scores is
    noted, and written only to a folder that was named, so that nobody comes upon them unasked. The name '-' stands for
    no sweep: published scores alone.
    """
    from ot_grid.report import build as reports
    from ot_grid.report import held_out as looks

    asked = asked or reports.Asked()
    if name == reports.NO_SWEEP:
        made = reports.build(Store(place), name, asked)
        return _written(made, to)
    found = submission.find_sweep(Store(place), name)
    folder = Store(place).sweep(found["name"])
    asked = replace(asked, reference=asked.reference or found.get("versus"))
    made = reports.build(Store(place), found["name"], asked)
    if made.view.looked:
        with _writing(folder):
            looks.write(folder, made.view.looked)
    return _written(made, to or (None if made.view.looked else folder))


def _written(made: Report, folder: Path | None) -> Report:
    from ot_grid.report import build as reports

    if folder is not None:
        with _writing(folder):
            reports.write(made, folder)
    return made


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Say it in words where the folder cannot be written to."""
    try:
        yield
    except OSError as error:
        raise BadInput(
            f"nothing can be written to {folder} ({error.strerror}); name another folder: report --to FOLDER"
        ) from error


def compare(
    one: str,
    other: str,
    *,
    place: str | Path,
    sweep: str | None = None,
    benchmark: str | None = None,
    question: str | None = None,
    examples: int | None = None,
    held_out: Sequence[str] = (),
    grade: str | None = None,
) -> Comparison:
    """Return two cells in depth; the options are those of `ot_grid.report.compare.build`.

    A comparison that shows held-out scores is noted beside the sweeps of both cells.
    """
    from ot_grid.report import compare as comparing
    from ot_grid.report import held_out as looks

    most = comparing.EXAMPLES if examples is None else examples
    made = comparing.build(
        Store(place), (one, other), sweep=sweep, benchmark=benchmark, question=question, most=most, held_out=held_out,
        grade=grade,
    )  # fmt: skip
    for name in {side.sweep.name for side in made.compared.sides} if made.held_out else ():
        looks.write(Store(place).sweep(name), made.held_out)
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
    from ot_grid.planning import recipe
    from ot_grid.report import rescore as rescoring

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
    from ot_grid.report import export as exporting

    found = submission.find_sweep(Store(place), name)
    _look(Store(place), found, only)
    return exporting.export(Store(place), found, Path(to), form=form, only=only)


def _look(place: Store, found: Mapping[str, Any], named: Sequence[str]) -> None:
    """Note that held-out benchmarks were asked for by name, where they were."""
    from ot_grid.report import held_out as looks

    held_out = [name for name in named if name in found.get("held_out", ())]
    if held_out:
        looks.write(place.sweep(found["name"]), held_out)
