"""The ranked table of a sweep: the product of the whole grid.

One idea: a report is read off the disk, so it can be made at any time, by anyone, also of an unfinished sweep. It must
not change the store, and must not import torch or hydra.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pandas as pd

from ot_grid.report import cells, gates, looks, notes, render, sections, view, wishes
from ot_grid.report.cells import Sweep
from ot_grid.report.factors import effects
from ot_grid.report.results import Reader, Result
from ot_grid.report.table import benchmarks, ranked
from ot_grid.report.view import View
from ot_grid.store import Store, write_text

__all__ = ["Report", "build", "write"]


@dataclass(frozen=True)
class Report:
    """The numbers of a sweep, as frames and as text."""

    sweep: Sweep
    table: pd.DataFrame  # one row a cell, see `table.ranked`
    factors: pd.DataFrame  # one row a factor and choice, see `factors.effects`
    benchmarks: pd.DataFrame  # one row a cell and benchmark, see `table.benchmarks`
    apart: pd.DataFrame  # the same of the held-out benchmarks that were named to be shown
    view: View  # which benchmarks rank, and which are held out
    banner: tuple[str, ...]  # "REHEARSAL: ...", "HELD OUT: ...": what must be known before any number
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
            "ranked_by": list(self.view.ranking),
            "held_out": list(self.view.held_out),
        }
        frames = {"cells": self.table, "factors": self.factors, "benchmarks": self.benchmarks, "apart": self.apart}
        return render.strict_json(self._page, frames, facts)

    @cached_property
    def _page(self) -> render.Page:
        states = [status.partition(":")[0] for status in self.table["status"]] if len(self.table) else []
        flagged = f", {states.count('flagged')} of them flagged" if "flagged" in states else ""
        done = states.count("complete") + states.count("flagged")
        heading = {
            "Sweep": f"{self.sweep.name}, {done} of {len(self.table)} cells complete{flagged}",
            "Command": f"python -m ot_grid -m {shlex.join(self.sweep.command)}",
            "Made": f"{self.sweep.created:%Y-%m-%d %H:%M %Z}",
        }
        shown = sections.sections(self.table, self.factors, list(self.sweep.factors))
        apart = [sections.held_out(self.apart, self.sweep)] if len(self.apart) else []
        return render.Page(heading, self.banner, [*shown, *apart], sections.unranked(self.table), self.notes)


def build(
    store: Store,
    name: str | None,
    *,
    reference: str | None = None,
    accept: Sequence[str] = (),
    held_out: Sequence[str] = (),
    rank_by: Sequence[str] = (),
    grade: str | None = None,
) -> Report:
    """Return the report of a sweep, of the newest when `name` is None.

    `reference` is the id, label or coordinates of the cell that the others are compared with, by default the first
    ranked one. `accept` has 'CELL:BENCHMARK' of flagged evaluations to rank all the same; `held_out` names held-out
    benchmarks to show apart; `rank_by` all that rank, held-out ones too; `grade` the later scoring to read. Whoever
    shows held-out scores, `view.looked`, notes it first (`looks.write`). Raise `BadInput` for an unknown name.
    """
    sweep, reader = cells.find(store, name), Reader(store, grade)
    shown, accepted = view.of(sweep, held_out, rank_by), view.accepted(sweep, accept)
    wanted = cells.pick(sweep, reference) if reference is not None else None
    read = reader.results(sweep)
    judged = gates.flagged(shown.judged(read), accepted)
    said = [
        *wishes.benchmarks(shown, read, looks.read(store.sweep(sweep.name))),
        *wishes.accepted(accepted, judged),
        *wishes.scored(grade, shown.taking_part(read)),
    ]
    apart = benchmarks(gates.flagged(shown.shown_apart(read), ()))
    return _report(sweep, shown, judged, apart, _Said(wanted, said, notes.cost(reader, sweep)))


@dataclass(frozen=True)
class _Said:
    """What a report says beside what its numbers tell."""

    wanted: cells.Cell | None  # the reference that the reader named
    wishes: Sequence[str]
    cost: str


def _report(sweep: Sweep, shown: View, judged: list[Result], apart: pd.DataFrame, said: _Said) -> Report:
    results = shown.taking_part(judged)
    used = _reference(results, said.wanted)
    table, factors = ranked(sweep, results, used, apart), effects(sweep, results)
    first = notes.reference(said.wanted or sweep.cells[0], used, results) if sweep.cells else "The sweep has no cell."
    compared = notes.comparability(results)
    return Report(
        sweep=sweep,
        table=table,
        factors=factors,
        benchmarks=benchmarks(judged),
        apart=apart,
        view=shown,
        banner=(*wishes.banner(shown), *(f"REHEARSAL: {line}" for line in sweep.banner)),
        notes=(first, *said.wishes, *compared, *notes.written(sweep, table, factors, judged), said.cost),
        reference=used.cell.id if used else None,
        complete=bool(results) and all(result.ranked for result in results),
    )


def _reference(results: list[Result], wanted: cells.Cell | None) -> Result | None:
    ranked = [result for result in results if result.ranked and (wanted is None or result.cell is wanted)]
    return ranked[0] if ranked else None


def write(report: Report, folder: Path) -> list[Path]:
    """Write report.txt, report.md, report.csv and report.json, each whole or not at all, and return their paths."""
    forms = {"txt": report.to_text(), "md": report.to_markdown(), "csv": report.to_csv(), "json": report.to_json()}
    for suffix, form in forms.items():
        write_text(folder / f"report.{suffix}", form)
    return [folder / f"report.{suffix}" for suffix in forms]
