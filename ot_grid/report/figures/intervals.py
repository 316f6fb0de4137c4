"""Rows with intervals: the ranking, the differences to the reference, the effects of factors.

One idea: a filled mark is resolved, a hollow one is not, and the reference is a diamond. It must not compute intervals.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from ot_grid.report import readings
from ot_grid.report.figures import style
from ot_grid.report.table import RESOLVED

if TYPE_CHECKING:
    from ot_grid.report.build import Report

Rows = list[dict[str, Any]]


def ranking(report: Report, most: int) -> Any:
    """Draw the ranked means with their intervals; letters at the right are tie groups."""
    every = readings.ranked(report)
    rows = readings.top(every, most)
    made, axes = _listed(report, rows, readings.varied(report, every))
    for place, row in enumerate(rows):
        low, high = readings.interval(row)
        if math.isnan(low) and not math.isnan(error := readings.number(row, "se_questions")):
            low, high = readings.number(row, "mean") - error, readings.number(row, "mean") + error
        _mark(axes, place, (readings.number(row, "mean"), low, high), filled=True, reference=readings.is_reference(row))
        group = readings.word(row, "group")
        axes.annotate(group, (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize=6)
    known = any(not math.isnan(readings.interval(row)[0]) for row in rows)
    _reference_line(axes, rows, "mean")
    grouped = any(readings.word(row, "group") for row in rows)
    style.below_all(
        axes,
        f"mean score, % ({'95 % intervals' if known else 'bars: one standard error'})",
        "rows that share a letter cannot be told apart" if grouped else "",
        shown(rows, every),
    )
    return made


def forest(report: Report, most: int) -> Any:
    """Draw the paired differences to the reference."""
    every = readings.ranked(report)
    rows = readings.top(every, most)
    if not any(readings.is_reference(row) for row in rows):
        return "the report has no reference cell to differ from"
    made, axes = _listed(report, rows, readings.varied(report, every))
    for place, row in enumerate(rows):
        filled = readings.word(row, "verdict") == RESOLVED
        reference = readings.is_reference(row)
        value = (0.0, math.nan, math.nan) if reference else readings.difference(row)
        _mark(axes, place, value, filled=filled, reference=reference)
    axes.axvline(0, color="black", linewidth=0.6)
    marks = "filled: resolved; hollow: not resolved"
    style.below_all(axes, "difference to the reference (◆), points, 95 %", marks, shown(rows, every))
    return made


def factors(report: Report, most: int) -> Any:
    """Draw what each choice of a factor does; of very many choices the first ones of each factor."""
    frame = report.factors
    lines: Rows = frame.to_dict("records") if len(frame) else []  # type: ignore[assignment]
    names = list(dict.fromkeys(row["factor"] for row in lines))
    if not names:
        return "no factor was varied"
    room = max(2, most // len(names))
    kept = [[row for row in lines if row["factor"] == name] for name in names]
    rows = [row for of_factor in kept for row in of_factor[:room]]
    effects = "effect" in frame
    height = style.MARGINS + style.ROW * (len(rows) + len(names))
    made, axes = style.figure(style.COLUMN, height, report.banner)
    places, labels, place = [], [], 0.0
    for of_factor in kept:
        axes.annotate(
            style.cut(str(of_factor[0]["factor"])), (0.01, place), xycoords=("axes fraction", "data"), va="center",
            fontweight="bold", fontsize=6.5,
        )  # fmt: skip
        for row in of_factor[:room]:
            place += 1
            places.append(place)
            labels.append(readings.word(row, "choice"))
            value = _effect(row) if effects else readings.difference(row)
            word = readings.word(row, "verdict")
            filled = value[1] > 0 or value[2] < 0 if effects else word == RESOLVED
            _mark(axes, place, value, filled=filled, reference=word == "best")
        place += 1
    style.listed(axes, labels)
    axes.set_yticks(places, [style.cut(label) for label in labels])
    axes.set_ylim(place - 0.4, -0.6)
    axes.axvline(0, color="black", linewidth=0.6)
    against = "the factor's average" if effects else "the factor's best choice (◆)"
    left = len(lines) - len(rows)
    marks = "filled: excludes zero; hollow: does not" if effects else "filled: resolved; hollow: not resolved"
    more = f"{left} more choices not shown" if left else ""
    style.below_all(axes, f"difference to {against}, points, 95 %", marks, more)
    return made


def _effect(row: dict[str, Any]) -> tuple[float, float, float]:
    return readings.number(row, "effect"), readings.number(row, "low"), readings.number(row, "high")


def _listed(report: Report, rows: Rows, factors: list[str]) -> tuple[Any, Any]:
    made, axes = style.figure(style.COLUMN, style.MARGINS + style.ROW * len(rows), report.banner)
    style.listed(axes, [readings.label(row, factors) for row in rows])
    return made, axes


def _mark(axes: Any, place: float, value: tuple[float, float, float], *, filled: bool, reference: bool) -> None:
    mean, low, high = value
    colour = style.ACCENT if reference else style.DARK if filled else style.GREY
    if not math.isnan(low):
        axes.plot([low, high], [place, place], color=colour, solid_capstyle="butt")
    shape = "D" if reference else "o"
    axes.plot([mean], [place], shape, color=colour, markerfacecolor=colour if filled or reference else "white")


def _reference_line(axes: Any, rows: Rows, name: str) -> None:
    for row in rows:
        if readings.is_reference(row):
            axes.axvline(readings.number(row, name), color=style.ACCENT, linewidth=0.6, linestyle=":")


def shown(rows: Rows, every: Rows) -> str:
    """Return which rows are shown; nothing where all are."""
    if len(rows) == len(every):
        return ""
    first = next((place for place, row in enumerate(rows) if row is not every[place]), len(rows))
    return f"the first {first} of {len(every)} ranked rows" + (" and the reference" if first < len(rows) else "")
