"""Main effects: what each choice of a factor comes to, averaged over the other factors.

One idea: all ranked cells that have the choice speak for it, and two choices are compared question by question. It
must not fill in for cells that are not there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from ot_grid.report.cells import Sweep
from ot_grid.report.pairs import averaged, paired
from ot_grid.report.results import Result
from ot_grid.report.statistics import difference, overall, score
from ot_grid.report.table import verdict

BEST, UNLIKE = "best", "unlike cells"
COLUMNS = ["factor", "choice", "mean", "cells", "of", "difference", "half_width", "verdict"]


def effects(sweep: Sweep, results: Sequence[Result]) -> pd.DataFrame:
    """Return one row a factor and choice: mean in percent, ranked cells of all, difference to the factor's best.

    A factor with one choice has nothing to compare and is left out.
    """
    varied = [factor for factor, choices in sweep.factors.items() if len(choices) > 1]
    return pd.DataFrame([row for factor in varied for row in _factor(sweep, results, factor)], columns=COLUMNS)


def _factor(sweep: Sweep, results: Sequence[Result], factor: str) -> list[dict[str, Any]]:
    having = {c: [r for r in results if r.cell.coordinates.get(factor) == c] for c in sweep.factors[factor]}
    ranked = {choice: [result for result in cells if result.ranked] for choice, cells in having.items()}
    means = {choice: overall([_mean(each) for each in cells]) for choice, cells in ranked.items()}
    best = max((choice for choice in means if ranked[choice]), key=lambda choice: means[choice], default="")
    return [
        {
            "factor": factor,
            "choice": choice,
            "mean": 100 * means[choice],
            "cells": len(ranked[choice]),
            "of": len(having[choice]),
            **_difference(factor, ranked[choice], ranked.get(best, [])),
        }
        for choice in sweep.factors[factor]
    ]


def _mean(result: Result) -> float:
    return overall([score(each.matrix) for each in result.benchmarks])


def _difference(factor: str, cells: Sequence[Result], best: Sequence[Result]) -> dict[str, Any]:
    if not cells:
        return {"difference": math.nan, "half_width": math.nan, "verdict": ""}
    if cells == best:
        return {"difference": 0.0, "half_width": math.nan, "verdict": BEST}
    found = difference(paired(averaged([each.means for each in cells]), averaged([each.means for each in best])))
    alike = _others(factor, cells) == _others(factor, best)
    word = verdict(found.resolved) if alike else UNLIKE
    return {"difference": 100 * found.mean, "half_width": 100 * found.half, "verdict": word}


def _others(factor: str, cells: Sequence[Result]) -> list[list[tuple[str, str]]]:
    """Return the coordinates of cells in the other factors."""
    return sorted(sorted((n, c) for n, c in each.cell.coordinates.items() if n != factor) for each in cells)
