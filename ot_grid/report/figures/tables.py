"""The heat map of cells and benchmarks.

One idea: every square has its number, so the shade only guides the eye. It must not rank benchmarks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ot_grid.report import readings
from ot_grid.report.figures import style
from ot_grid.report.figures.intervals import shown
from ot_grid.report.table import SCORE

if TYPE_CHECKING:
    from ot_grid.report.build import Report

SHADES = "cividis"  # made for colour-blind eyes; its grey rises evenly


def heat(report: Report, most: int) -> Any:
    """Draw each benchmark's score less that of the benchmark's average; the numbers are the scores."""
    every, names = readings.ranked(report), readings.scores(report)
    if len(names) < 2:
        return "fewer than two benchmarks"
    rows = readings.top(every, most)
    scores = np.array([[readings.number(row, SCORE + name) for name in names] for row in rows])
    above = scores - np.nanmean(scores, axis=0)
    reach = max(1.0, float(np.nanmax(np.abs(above))))
    width = min(style.PAGE, 1.9 + 0.42 * len(names))
    made, axes = style.figure(width, style.MARGINS + 0.2 + style.ROW * len(rows), report.banner)
    drawn = axes.imshow(above, cmap=SHADES, vmin=-reach, vmax=reach, aspect="auto")
    for (line, column), value in np.ndenumerate(scores):
        dark = above[line, column] < 0.1 * reach
        text = "-" if np.isnan(value) else f"{value:.0f}"
        axes.text(column, line, text, ha="center", va="center", fontsize=5.5, color="white" if dark else "black")
    factors = readings.varied(report, every)
    axes.set_yticks(range(len(rows)), [style.cut(readings.label(row, factors)) for row in rows])
    axes.set_xticks(range(len(names)), names, rotation=40, ha="right")
    axes.tick_params(length=0)
    bar = made.colorbar(drawn, ax=axes, pad=0.01, aspect=30)
    bar.outline.set_visible(False)
    style.below_all(axes, "numbers: scores, %; shade: points above the benchmark's average here", shown(rows, every))
    return made
