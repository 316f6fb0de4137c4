"""Figures for papers: PNG, SVG, PDF, from a report alone.

One idea: a figure shows numbers that the report has, readable without colour, and the same report gives the same
bytes. It must not compute statistics, and matplotlib is imported only to draw.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ot_grid.errors import BadInput, nearest
from ot_grid.report import readings
from ot_grid.report.figures import curves, intervals, style, tables

if TYPE_CHECKING:
    from ot_grid.report.build import Report

__all__ = ["FIGURES", "FORMATS", "MOST", "draw", "write"]

FORMATS = ("pdf", "svg", "png")
MOST = 30  # rows that a figure shows one by one
# Each returns a figure, or why there is none.
FIGURES: Mapping[str, Callable[[Report, int], Any]] = {
    "ranking": intervals.ranking,
    "forest": intervals.forest,
    "factors": intervals.factors,
    "cost": curves.cost,
    "scaling": curves.scaling,
    "heat": tables.heat,
}
# What would tell when or by which version a file was made.
METADATA = {"pdf": {"CreationDate": None, "Producer": None, "Creator": None}, "svg": {"Date": None, "Creator": None},
            "png": {"Software": None}}  # fmt: skip


def draw(report: Report, name: str, *, most: int = MOST) -> Any:
    """Return a matplotlib figure, or a sentence on why this report has none; raise `BadInput` for an unknown name."""
    if name not in FIGURES:
        raise BadInput(f"no figure {name!r}; {nearest(name, FIGURES)}")
    _check(report, FORMATS, most)
    with style.style():
        return _settled(FIGURES[name](report, most))


def write(
    report: Report, folder: Path, *, formats: Sequence[str] = FORMATS, most: int = MOST
) -> tuple[list[Path], dict[str, str]]:
    """Write every figure that the report has, `<name>.<format>`; return the files, and why the others are not there."""
    _check(report, formats, most)
    folder.mkdir(parents=True, exist_ok=True)
    written, absent = [], {}
    for name, figure in FIGURES.items():
        with style.style():
            made = _settled(figure(report, most))
            if isinstance(made, str):
                absent[name] = made
                continue
            for form in formats:
                written.append(folder / f"{name}.{form}")
                written[-1].write_bytes(_bytes(made, form))
    return written, absent


def _settled(made: Any) -> Any:
    """Lay a figure out once: what is saved in a second form would else depend on the first."""
    if not isinstance(made, str):
        made.draw_without_rendering()
        made.set_layout_engine("none")
    return made


def _bytes(figure: Any, form: str) -> bytes:
    out = io.BytesIO()
    figure.savefig(out, format=form, metadata=METADATA[form])
    return out.getvalue()


def _check(report: Report, formats: Sequence[str], most: int) -> None:
    problems = [f"format {form!r} is not known; {nearest(form, FORMATS)}" for form in formats if form not in FORMATS]
    if most < 1:
        problems.append(f"most={most!r} rows is not 1 or more")
    if not readings.ranked(report):
        problems.append(
            f"sweep {report.sweep.name!r} has no ranked cell to draw; see why: "
            f"python -m ot_grid report {report.sweep.name}"
        )
    if problems:
        raise BadInput(*problems)
    style.check()
