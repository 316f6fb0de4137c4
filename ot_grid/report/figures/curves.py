"""Scores against what they cost, and against how much data there was.

One idea: a recipe is worth a look when none is both cheaper and better. It must not fit curves.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ot_grid.report import readings
from ot_grid.report.figures import style

if TYPE_CHECKING:
    from ot_grid.report.build import Report

COSTS = {"gpu_hours": "GPU-hours", "tokens": "tokens bought", "seconds": "seconds of work"}
SCALE = "scale"  # the group whose choices are sizes
NAMED = 8  # points of the front that are named
DODGE = 0.03  # of a size, between lines, so that intervals do not hide each other
Rows = list[dict[str, Any]]


def cost(report: Report, most: int) -> Any:
    """Draw the mean against GPU-hours (or tokens, or seconds), all rows, with the Pareto front."""
    every = readings.ranked(report)
    for kind in COSTS:
        rows = [row for row in every if readings.number(row, kind) > 0]
        if len(rows) > 1:
            break
    else:
        return "fewer than two rows have a cost"
    made, axes = style.figure(style.COLUMN, 2.9, report.banner)
    best = front(rows, kind)
    for row in rows:
        on = row in best
        shape = "D" if readings.is_reference(row) else "o"
        colour = style.ACCENT if readings.is_reference(row) else style.DARK if on else style.GREY
        axes.plot(
            [readings.number(row, kind)], [readings.number(row, "mean")], shape, color=colour,
            markerfacecolor=colour if on else "white", zorder=3 if on else 2,
        )  # fmt: skip
    x, y = [readings.number(row, kind) for row in best], [readings.number(row, "mean") for row in best]
    axes.step(x, y, where="post", color=style.DARK, linewidth=0.8, zorder=1)
    style.sizes(axes, [readings.number(row, kind) for row in rows])
    axes.margins(0.1)
    axes.set_ylabel("mean score, %")
    reference = "; ◇◆: reference" if any(map(readings.is_reference, rows)) else ""
    marks = f"filled: none is both cheaper and better{reference}"
    style.below(axes, f"{COSTS[kind]} (what cells share counts in each)", marks)
    _named(axes, best[-min(NAMED, most) :], kind, readings.varied(report, every))
    return made


def front(rows: Rows, kind: str) -> Rows:
    """Return the rows that none beats at their cost or less, the cheapest first."""
    best, top = [], -math.inf
    for row in sorted(rows, key=lambda row: (readings.number(row, kind), -readings.number(row, "mean"))):
        if readings.number(row, "mean") > top:
            best.append(row)
            top = readings.number(row, "mean")
    return best


def _named(axes: Any, best: Rows, kind: str, factors: list[str]) -> None:
    """Number the points of the front, and name them below."""
    for place, row in enumerate(best, 1):
        x, y = readings.number(row, kind), readings.number(row, "mean")
        axes.annotate(str(place), (x, y), xytext=(-3, 2), textcoords="offset points", fontsize=6, ha="right")
        axes.plot([], [], " ", label=f"{place}  {style.cut(readings.label(row, factors))}")
    style.legend(axes.figure, handlelength=0, handletextpad=0)


def scaling(report: Report, most: int) -> Any:
    """Draw the mean against the rows trained on, a line for each recipe that was run at several scales."""
    every = readings.ranked(report)
    others = [name for name in readings.varied(report, every) if name != SCALE]
    lines = list(_lines(every, others, varies=SCALE in report.sweep.factors))
    if not lines:
        return "no recipe was run at several scales"
    shown = lines[: min(len(style.SERIES), most)]
    made, axes = style.figure(style.COLUMN, 2.7, report.banner)
    for place, ((name, rows), (colour, marker, dash)) in enumerate(zip(shown, style.SERIES, strict=False)):
        aside = 1 + DODGE * (place - (len(shown) - 1) / 2)
        x = [readings.number(row, "rows") * aside for row in rows]
        y = [readings.number(row, "mean") for row in rows]
        ends = [readings.interval(row) for row in rows]
        axes.plot(x, y, color=colour, marker=marker, linestyle=dash, label=style.cut(name), markerfacecolor="white")
        axes.vlines(x, [low for low, _ in ends], [high for _, high in ends], color=colour, linewidth=0.6)
    style.sizes(axes, [readings.number(row, "rows") for _, rows in shown for row in rows])
    axes.set_ylabel("mean score, % (95 % intervals)")
    axes.grid(color=style.PALE, linewidth=0.5)
    of = f"; the best {len(shown)} of {len(lines)} recipes" if len(shown) < len(lines) else ""
    style.below(axes, f"rows trained on (set apart a little{of})")
    style.legend(made)
    return made


def _lines(every: Rows, others: list[str], *, varies: bool) -> Iterator[tuple[str, Rows]]:
    """Yield recipes, the best first, that were trained on two sizes or more, with their rows by size."""
    recipes: dict[tuple[str, ...], Rows] = {}
    for row in every:
        if varies and readings.number(row, "rows") > 0:
            recipes.setdefault(tuple(readings.word(row, name) for name in others), []).append(row)
    for rows in recipes.values():
        if len({readings.number(row, "rows") for row in rows}) > 1:
            yield readings.label(rows[0], others), sorted(rows, key=lambda row: readings.number(row, "rows"))
