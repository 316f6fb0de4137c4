"""What came of a sweep: its report, two cells side by side, other scores, exports, W&B.

One idea: all of it is read off the disk, and may be asked of an unfinished sweep. It must not run a stage.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ot_grid import registry
from ot_grid.errors import BadInput
from ot_grid.planning import frozen
from ot_grid.planning.frozen import FrozenCell, Sweep
from ot_grid.store import Store

if TYPE_CHECKING:
    from ot_grid.report import mirror
    from ot_grid.report import rescore as rescoring
    from ot_grid.report.build import Asked, Report
    from ot_grid.report.compare import Comparison
    from ot_grid.report.show import StageData


def track(
    name: str | None = None,
    *,
    place: str | Path | None = None,
    mode: str | None = None,
    made: Report | None = None,
    patient: bool = True,
    say: Callable[[str], None] = lambda line: None,
) -> mirror.Told:
    """Tell Weights & Biases what it was not told of a sweep; `mode` offline or online for this once.

    `made` is the report, where it is there already. The `patient` give each run `tracking.timeout`, others all of it.
    """
    from ot_grid.report import mirror

    found = frozen.find_sweep(Store.of(place), name)
    if mirror.settings(frozen.last_runtime(Store.of(place), found).tracking, mode).mode == mirror.OFF:
        return mirror.Told()
    wanted = frozen.plan(Store.of(place), found.name)
    shown = made or report(wanted.name, place=place)
    return mirror.tell(wanted, shown, say=say, mode=mode, patient=patient)


def report(
    name: str | None = None,
    *,
    place: str | Path | None = None,
    asked: Asked | None = None,
    to: Path | None = None,
    say: Callable[[str], None] = lambda line: None,
) -> Report:
    """Return the report of a sweep (the one asked for last by default), and write it beside the sweep's cells.

    `asked` is what the reader wants to see; `to` another folder to write to. A report that shows held-out scores is
    noted, and written only to a folder that was named, so that nobody comes upon them unasked; neither is one that a
    reader wished otherwise (see `Asked`). What is accepted is kept, and holds for every later report. Whoever may not
    write to the store is told so, and has the report.
    The name '-' stands for no sweep: published scores alone.
    """
    from ot_grid.report import build as reports
    from ot_grid.report import held_out as looks

    asked = asked or reports.Asked()
    wished = asked.wished
    if name == reports.NO_SWEEP:
        made = reports.build(Store.of(place), name, asked)
        return _written(made, to)
    found = frozen.find_sweep(Store.of(place), name)
    folder = Store.of(place).sweep(found.name)
    asked = replace(asked, reference=asked.reference or found.versus)
    _keep_accepted(found, folder, asked, say)
    made = reports.build(Store.of(place), found.name, asked)
    if made.view.looked:
        with _writing(folder):
            looks.write(folder, made.view.looked)
    if to is None and not wished and not made.view.looked:
        try:
            return _written(made, folder)
        except BadInput as error:
            say(str(error))
            return made
    return _written(made, to)


def _keep_accepted(found: Sweep, folder: Path, asked: Asked, say: Callable[[str], None]) -> None:
    from ot_grid.report import acceptance, selection

    accepted = selection.accepted(found, asked.accept)
    withdrawn = selection.accepted(found, asked.withdraw, "--withdraw")
    if accepted or withdrawn:
        try:
            acceptance.note(folder, accepted, withdrawn)
        except OSError as error:
            say(f"not kept for later reports: {folder / acceptance.FILE} cannot be written ({error.strerror})")


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
            f"nothing can be written to {folder} ({error.strerror}); name another folder: --to FOLDER"
        ) from error


def demo(to: Path) -> str:
    """Return what there is to say of the published students of OpenThoughts; their whole report is written to `to`."""
    from ot_grid.report import demo as published

    made = published.report(Store(to))
    _written(made, to)
    return published.text(made)


def compare(
    one: str,
    other: str,
    *,
    place: str | Path | None = None,
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
        Store.of(place), (one, other), sweep=sweep, benchmark=benchmark, question=question, most=most,
        held_out=held_out, grade=grade,
    )  # fmt: skip
    for name in {side.sweep.name for side in made.compared.sides} if made.held_out else ():
        looks.write(Store.of(place).sweep(name), made.held_out)
    return made


@dataclass(frozen=True)
class Showing:
    """The data of a cell, stage by stage."""

    cell: FrozenCell
    stages: Sequence[StageData]
    looked: tuple[str, ...]  # held-out benchmarks of which replies were shown

    def to_text(self, *, whole: bool = False) -> Iterator[str]:
        """Yield lines of at most 100 columns."""
        from ot_grid.report.show import words

        return words.text(self.cell, self.stages, whole=whole)


def show(
    cell: str,
    stage: str | None = None,
    *,
    place: str | Path | None = None,
    most: int | None = None,
    held_out: Sequence[str] = (),
) -> Showing:
    """Return what every stage of a cell kept and dropped; of one stage (or benchmark), `most` rows of both.

    Replies to held-out benchmarks are shown where these are named, which is noted beside the sweep.
    """
    from ot_grid.report import held_out as looks
    from ot_grid.report import show as showing

    sweep, found = frozen.find_cell(Store.of(place), cell)
    rows = showing.EXAMPLES if most is None else most
    stages = showing.build(Store.of(place), sweep, found, stage=stage, most=rows, held_out=held_out)
    evaluated = {run.label for run in found.runs if run.stage == "eval"}
    looked = tuple(name for name in held_out if name in evaluated)
    if looked:
        looks.write(Store.of(place).sweep(sweep.name), looked)
    return Showing(found, stages, looked)


def rescore(
    name: str | None = None,
    *,
    place: str | Path | None = None,
    grade: str | None = None,
    config_dir: str | None = None,
    label: str | None = None,
    only: Sequence[str] = (),
    sandbox: str = "auto",
) -> Iterator[rescoring.Rescored | rescoring.Skipped]:
    """Score a sweep's finished evaluations again, by a choice of `conf/grade` or each by its own grader; no model."""
    from ot_grid.planning import recipe
    from ot_grid.report import rescore as rescoring

    found = frozen.find_sweep(Store.of(place), name)
    registry.load_plugins(found.plugins)
    settings = recipe.choice("grade", grade, config_dir) if grade else None
    called = label or grade or rescoring.AGAIN
    _look(Store.of(place), found, only)
    return rescoring.rescore(Store.of(place), found, grade=settings, label=called, only=only, sandbox=sandbox)


def export(
    name: str | None = None,
    *,
    place: str | Path | None = None,
    to: str | Path,
    form: str = "lm-eval",
    only: Sequence[str] = (),
) -> list[Path]:
    """Write a sweep's finished evaluations as lm-evaluation-harness does, or as parquet; return the files."""
    from ot_grid.report import export as exporting

    found = frozen.find_sweep(Store.of(place), name)
    _look(Store.of(place), found, only)
    return exporting.export(Store.of(place), found, Path(to), form=form, only=only)


def export_dataset(
    cell: str, *, place: str | Path | None = None, to: str | Path, form: str = "jsonl", push: str | None = None
) -> list[Path]:
    """Write the rows that a cell's student is trained on, with a card; return the files. `push` also uploads them."""
    from ot_grid.report import dataset

    sweep, found = frozen.find_cell(Store.of(place), cell)
    written = dataset.export(Store.of(place), sweep, found, Path(to), form)
    if push:
        dataset.push(Path(to), push)
    return written


def _look(place: Store, found: Sweep, named: Sequence[str]) -> None:
    """Note that held-out benchmarks were asked for by name, where they were."""
    from ot_grid.report import held_out as looks

    held_out = [name for name in named if name in found.held_out]
    if held_out:
        looks.write(place.sweep(found.name), held_out)
