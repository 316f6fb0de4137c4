"""Models that were evaluated as they are, held against the cell that others are compared with.

One idea: they are measured like cells, on the same questions, and take no rank: a student that beats the model it was
made of, or comes near its teacher, is what a recipe is for, and a teacher that "wins" is no finding. Where training
noise is known it is allowed for on both sides, which makes these intervals a little too wide. It must not read files.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import pandas as pd

from ot_grid.planning.baselines import BASELINE
from ot_grid.planning.frozen import FrozenCell, Sweep
from ot_grid.report.grouping import Row
from ot_grid.report.numbers import Numbers, Options, numbers
from ot_grid.report.results import Result
from ot_grid.report.sections import NONE, Section, chance, change, percent, table_of
from ot_grid.report.table import SCORE, Ingredients, ranked

KEPT = ("cell", "mean", "low", "high", "se_questions", "se_decoding", "difference", "diff_low", "diff_high", "p",
        "p_adjusted", "detectable", "verdict", "questions", "repeats", "cut", "unextracted", "ungraded", "status",
        "cause")  # fmt: skip


def split(sweep: Sweep) -> tuple[Sweep, tuple[FrozenCell, ...]]:
    """Return a sweep with the cells that rank, and the cells that stand beside them."""
    beside = tuple(cell for cell in sweep.cells if BASELINE in cell.coordinates)
    if len(beside) == len(sweep.cells):  # one model, evaluated again: there is nothing to stand beside
        return sweep, ()
    return replace(sweep, cells=tuple(cell for cell in sweep.cells if cell not in beside)), beside


@dataclass(frozen=True)
class Against:
    """What they are held against, and how."""

    reference: Row | None
    numbers: Numbers | None  # of the ranked rows, for their training noise
    options: Options


def table(ingredients: Ingredients, results: Sequence[Result], against: Against) -> pd.DataFrame:
    """Return one row a model: `baseline`, its scores as in the ranked table, and its difference to the reference."""
    if not results:
        return pd.DataFrame()
    rows = [Row(result.cell.coordinates, (result,)) for result in results]
    floor = against.numbers.floor if against.numbers else None
    noise = 100 * math.sqrt(floor.variance) if floor else None
    measured = [row for row in rows if row.ranked]
    first = [against.reference] if against.reference else []
    found = numbers([*first, *measured], against.reference, replace(against.options, training_noise=noise))
    frame = ranked(replace(ingredients, rows=[*first, *rows], numbers=found, apart=None))
    names = {row.cell.id: row.coordinates[BASELINE] for row in rows}
    own = frame[frame["cell"].isin(names.keys())]
    scores = [column for column in map(str, own.columns) if column.startswith(SCORE)]
    shown = own[[name for name in KEPT if name in own.columns] + scores].reset_index(drop=True)
    shown.insert(0, BASELINE, [names[cell] for cell in shown["cell"]])
    return shown


def section(frame: pd.DataFrame, reference: str | None) -> Section:
    """Return the table of words."""
    verdicts = [
        verdict or status.partition(":")[0] for verdict, status in zip(frame["verdict"], frame["status"], strict=True)
    ]
    columns: dict[str, tuple[bool, list[str]]] = {
        "model": (False, list(frame[BASELINE])),
        "cell": (False, list(frame["cell"])),
        "mean": (True, list(map(percent, frame["mean"]))),
        "difference": (True, [change(row) for row in frame.to_dict("records")]),
        "p": (True, list(map(chance, frame["p_adjusted"]))),
        "verdict": (False, verdicts),
        "cut": (True, list(map(percent, frame["cut"]))),
        "no answer": (True, list(map(percent, frame["unextracted"]))),
    }
    second = len(columns)
    for column in map(str, frame):
        if column.startswith(SCORE):
            columns[column.removeprefix(SCORE)] = (True, list(map(percent, frame[column])))
    to = f"; difference to cell {reference}" if reference else ""
    return table_of(f"BASELINES: models as they are, which take no rank{to}", columns, second)


def lacking(frame: pd.DataFrame) -> list[str]:
    """Return what keeps a model from its scores, one line each."""
    told = frame[frame["cause"] != ""] if len(frame) else frame
    return [
        f"Baseline {row[BASELINE]} ({row['cell']}) is {row['status']}: {row['cause'] or NONE}"
        for _, row in told.iterrows()
    ]
