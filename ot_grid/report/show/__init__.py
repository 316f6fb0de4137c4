"""The data of one cell, stage by stage: what went in, what was dropped and why, what came out.

One idea: every stage leaves its rows and its losses on the disk, so what a filter threw away, or what a student was
trained on, is looked at where it lies, a few rows of it. Held-out replies are shown only by name. It must not write, or
decide anything again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ot_grid.errors import BadInput, nearest
from ot_grid.planning.frozen import FrozenCell, FrozenRun, Sweep
from ot_grid.report.page import shelves, steps
from ot_grid.report.page.shelves import Shelves
from ot_grid.report.show import rows
from ot_grid.report.show.rows import ShownRow
from ot_grid.store import RECORD, Store

EXAMPLES = 5
EVAL = "eval"


@dataclass(frozen=True)
class StageData:
    """One stage run of a cell.

    `kept` and `dropped` hold examples; without examples both are empty, and so where the stage run is not done.
    """

    stage: str
    label: str
    key: str
    folder: str
    done: bool
    counts: Mapping[str, Any]  # what its record counts
    reasons: Sequence[tuple[str, int]]  # why rows were dropped, the most frequent first, and how many
    kept: Sequence[ShownRow] = ()
    dropped: Sequence[ShownRow] = ()
    hidden: bool = False  # held out, and not named

    @property
    def plain(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


def build(
    place: Store, sweep: Sweep, cell: FrozenCell, *, stage: str | None, most: int, held_out: Sequence[str] = ()
) -> list[StageData]:
    """Return the stage runs of a cell, or those of one stage (or label) with `most` examples each.

    `held_out` names the benchmarks whose replies may be shown; whoever names some notes it.
    """
    if most < 1:
        raise BadInput(f"-n {most} shows nothing; give 1 or more")
    runs = [run for run in cell.runs if stage in (None, run.stage, run.label)]
    if not runs:
        known = dict.fromkeys([*(run.stage for run in cell.runs), *(run.label for run in cell.runs)])
        raise BadInput(f"cell {cell.id} has no stage {stage!r}; {nearest(str(stage), known)}")
    unknown = [name for name in held_out if name not in sweep.held_out]
    if unknown:
        raise BadInput(*(f"--held-out {name!r} is not held out; {nearest(name, sweep.held_out)}" for name in unknown))
    hidden = set(sweep.held_out) - set(held_out)
    shelf = Shelves(place)
    return [_shown(shelf, run, most if stage else 0, hidden=run.stage == EVAL and run.label in hidden) for run in runs]


def _shown(place: Shelves, run: FrozenRun, most: int, *, hidden: bool) -> StageData:
    folder = place.folder(run.stage, run.key)
    name = f"{run.label} ({run.branch})" if run.branch else run.label
    if folder is None or not (folder / RECORD).exists():
        return StageData(run.stage, name, run.key, str(folder or ""), False, {}, ())
    counts = shelves.said(folder / RECORD).get("counts") or {}
    if hidden:
        return StageData(run.stage, name, run.key, str(folder), True, {}, (), hidden=True)
    lost = steps.lost(folder)
    reasons = Counter(lost["kind"]).most_common()
    if not most:
        return StageData(run.stage, name, run.key, str(folder), True, counts, reasons)
    kept = list(rows.kept(place, run.stage, folder, most))
    dropped = [_dropped(each) for each in steps.told(place, folder, steps.records(lost, most))]
    return StageData(run.stage, name, run.key, str(folder), True, counts, reasons, kept, dropped)


def _dropped(each: Mapping[str, Any]) -> ShownRow:
    """Return a row that was dropped, with its reason and its text."""
    score = "" if each["score"] is None else f", score {each['score']:g}"
    texts = [("Question", each["text"] or "(its text is not in the inputs any more)")]
    if each["output"] is not None:
        texts.append(("Trace", each["output"]))
    return ShownRow(f"{each['row']}: {each['reason'] or 'no reason given'}{score}", tuple(texts))
