"""The ranked table of a sweep: the product of the whole grid.

One idea: a report is read off the disk, so it can be made at any time, by anyone, also of an unfinished sweep. It must
not change the store, and must not import torch or hydra.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from ot_grid.report import cells, notes, render, sections
from ot_grid.report.cells import Sweep
from ot_grid.report.factors import effects
from ot_grid.report.results import Reader, Result
from ot_grid.report.table import benchmarks, ranked
from ot_grid.store import Store, write_text

__all__ = ["Report", "build", "write"]


@dataclass(frozen=True)
class Report:
    """The numbers of a sweep, as frames and as text."""

    sweep: Sweep
    table: pd.DataFrame  # one row a cell, see `table.ranked`
    factors: pd.DataFrame  # one row a factor and choice, see `factors.effects`
    benchmarks: pd.DataFrame  # one row a cell and benchmark, see `table.benchmarks`
    banner: tuple[str, ...]  # "REHEARSAL: ...", empty when it was none
    notes: tuple[str, ...]
    reference: str | None  # the id of the cell that differences are to
    complete: bool  # whether every cell is ranked

    def to_text(self) -> str:
        """Return text for a terminal of 100 columns."""
        return render.text(self._page)

    def to_markdown(self) -> str:
        """Return Markdown."""
        return render.markdown(self._page)

    def to_csv(self) -> str:
        """Return the ranked table as CSV; lines that start with '#' hold the banner and the notes."""
        return render.comma_separated(self._page, self.table)

    def to_json(self) -> str:
        """Return strict JSON with everything in full precision."""
        facts = {
            "sweep": self.sweep.name,
            "command": list(self.sweep.command),
            "created": self.sweep.created.isoformat(),
            "reference": self.reference,
            "complete": self.complete,
        }
        frames = {"cells": self.table, "factors": self.factors, "benchmarks": self.benchmarks}
        return render.strict_json(self._page, frames, facts)

    @cached_property
    def _page(self) -> render.Page:
        done = int(self.table["rank"].notna().sum())
        heading = {
            "Sweep": f"{self.sweep.name}, {done} of {len(self.table)} cells complete",
            "Command": f"python -m ot_grid -m {shlex.join(self.sweep.command)}",
            "Made": f"{self.sweep.created:%Y-%m-%d %H:%M %Z}",
        }
        shown = sections.sections(self.table, self.factors, list(self.sweep.factors))
        return render.Page(heading, self.banner, shown, sections.unranked(self.table), self.notes)


def build(store: Store, name: str | None, *, reference: str | None = None) -> Report:
    """Return the report of a sweep, of the newest when `name` is None.

    `reference` is the id, label or coordinates of the cell that the others are compared with, by default the first
    complete one. Raise `BadInput` for an unknown sweep or reference, `Corrupt` for a broken sweep.json.
    """
    sweep = cells.find(store, name)
    reader = Reader(store)
    wanted = cells.pick(sweep, reference) if reference is not None else None
    results = reader.results(sweep)
    used = _reference(results, wanted)
    table, factors = ranked(sweep, results, used), effects(sweep, results)
    said = [
        *([notes.reference(wanted or sweep.cells[0], used, results)] if sweep.cells else ["The sweep has no cell."]),
        *notes.comparability(results),
        *notes.written(sweep, table, factors),
        notes.cost(reader, sweep),
    ]
    return Report(
        sweep=sweep,
        table=table,
        factors=factors,
        benchmarks=benchmarks(results),
        banner=tuple(f"REHEARSAL: {line}" for line in sweep.banner),
        notes=tuple(said),
        reference=used.cell.id if used else None,
        complete=bool(results) and all(result.complete for result in results),
    )


def _reference(results: list[Result], wanted: cells.Cell | None) -> Result | None:
    complete = [result for result in results if result.complete and (wanted is None or result.cell is wanted)]
    return complete[0] if complete else None


def write(report: Report, folder: Path) -> list[Path]:
    """Write report.txt, report.md, report.csv and report.json, each whole or not at all, and return their paths."""
    forms = {"txt": report.to_text(), "md": report.to_markdown(), "csv": report.to_csv(), "json": report.to_json()}
    for suffix, form in forms.items():
        write_text(folder / f"report.{suffix}", form)
    return [folder / f"report.{suffix}" for suffix in forms]
