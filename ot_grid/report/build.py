"""The ranked table of a sweep: the product of the whole grid.

One idea: a report is read off the disk, so it can be made at any time, by anyone, also of an unfinished sweep. It must
not change the store, and must not import torch or hydra.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path

import pandas as pd

from ot_grid.errors import BadInput
from ot_grid.planning.frozen import FrozenCell, Sweep, find_sweep, pick
from ot_grid.report import (
    asking,
    baselines,
    gates,
    latex,
    losses,
    notes,
    page,
    published,
    render,
    sections,
    selection,
    verdicts,
    wishes,
)
from ot_grid.report import held_out as looks
from ot_grid.report.asking import Asked
from ot_grid.report.details import benchmarks
from ot_grid.report.factors import effects, interactions
from ot_grid.report.grouping import Row, rows
from ot_grid.report.numbers import Options, numbers
from ot_grid.report.page import evidence
from ot_grid.report.results import Reader, Result
from ot_grid.report.selection import View
from ot_grid.report.table import Ingredients, ranked
from ot_grid.report.verdicts import Verdict
from ot_grid.store import Store, write_text

__all__ = ["Asked", "Report", "build", "write"]
NO_SWEEP = "-"  # in place of a sweep's name: published scores alone


@dataclass(frozen=True, eq=False)
class Behind:
    """Where the page finds what lies behind the numbers."""

    store: Store
    results: tuple[Result, ...]
    grade: str | None


@dataclass(frozen=True)
class Report:
    """The numbers of a sweep, as frames and as text."""

    sweep: Sweep
    table: pd.DataFrame  # one row a recipe, see `table.ranked`
    factors: pd.DataFrame  # one row a factor and choice, see `factors.effects`
    interactions: pd.DataFrame  # one row a pair of choices of two factors, see `factors.interactions`
    benchmarks: pd.DataFrame  # one row a cell and benchmark, see `details.benchmarks`
    apart: pd.DataFrame  # the same of the held-out benchmarks that were named to be shown
    beside: pd.DataFrame  # one row a model that was evaluated as it is, see `baselines.table`
    view: View  # which benchmarks rank, and which are held out
    banner: tuple[str, ...]  # "REHEARSAL: ...", "HELD OUT: ...": what must be known before any number
    notes: tuple[str, ...]
    verdict: Verdict
    noise: str  # which noise the ranking covers
    reference: str | None  # the id of the cell that differences are to
    complete: bool  # whether every cell has all its benchmarks, flagged or not
    behind: Behind | None = field(default=None, compare=False, repr=False)

    def to_text(self) -> str:
        """Return text for a terminal of 100 columns."""
        return render.text(self._page)

    def to_markdown(self) -> str:
        """Return Markdown."""
        return render.markdown(self._page)

    def to_csv(self) -> str:
        """Return the ranked table as CSV; a banner stands in a column of its own."""
        return render.comma_separated(self._page, self.table)

    def to_json(self) -> str:
        """Return strict JSON with everything in full precision."""
        facts = {
            "sweep": self.sweep.name,
            "question": self.sweep.question,
            **({"goes_on_from": asdict(self.sweep.winner)} if self.sweep.winner else {}),
            "command": list(self.sweep.command),
            "created": self.sweep.created.isoformat(),
            "reference": self.reference,
            "complete": self.complete,
            "ranked_by": list(self.view.ranking),
            "held_out": list(self.view.held_out),
            "noise": self.noise,
            "verdict": {name: None if value != value else value for name, value in asdict(self.verdict).items()},
        }
        frames = {
            "cells": self.table,
            "factors": self.factors,
            "interactions": self.interactions,
            "benchmarks": self.benchmarks,
            "apart": self.apart,
            **({"baselines": self.beside} if len(self.beside) else {}),
        }
        return render.strict_json(self._page, frames, facts)

    def to_latex(self) -> str:
        """Return a booktabs table for a paper, see `latex.latex`."""
        return latex.latex(self)

    def to_html(self) -> str:
        """Return a page for a browser that needs nothing beside itself, with questions and outputs to look into."""
        measured = [result for result in self.behind.results if result.cell.runs[0].key] if self.behind else []
        if self.behind is None or not measured:
            return page.html(self)
        return page.html(self, evidence.collect(self.behind.store, measured, self, grade=self.behind.grade))

    def _repr_html_(self) -> str:
        """Return the tables for a notebook."""
        return render.fragment(self._page)

    @cached_property
    def _page(self) -> render.Page:
        states = [status.partition(":")[0] for status in self.table["status"]] if len(self.table) else []
        flagged = f", {states.count('flagged')} of them flagged" if "flagged" in states else ""
        done = states.count("complete") + states.count("flagged")
        heading = {
            "Sweep": f"{self.sweep.name}, {done} of {len(self.table)} cells complete{flagged}",
            **({"Question": self.sweep.question} if self.sweep.question else {}),
            **({"Goes on from": str(self.sweep.winner)} if self.sweep.winner else {}),
            "Command": self.sweep.command_line,
            "Made": f"{self.sweep.created:%Y-%m-%d %H:%M %Z}",
            "Result": self.verdict.sentence,
        }
        names = [name for name in self.sweep.factors if name not in self.sweep.repeat]
        tables = sections.Tables(self.table, self.factors, self.interactions, names, self.noise)
        shown = sections.sections(tables)
        apart = [sections.held_out(self.apart, self.sweep)] if len(self.apart) else []
        beside = [baselines.section(self.beside, self.reference)] if len(self.beside) else []
        return render.Page(
            heading, self.banner, [*shown[:1], *beside, *shown[1:], *apart], sections.unranked(self.table), self.notes
        )


def build(store: Store, name: str | None, asked: Asked | None = None) -> Report:
    """Return the report of a sweep, of the newest when `name` is None, of published scores alone when it is '-'.

    Whoever shows held-out scores, `view.looked`, notes it first (`looks.write`). Raise `BadInput` for unknown names.
    """
    asked = asked or Asked()
    scores = published.read(asked.scores) if asked.scores else None
    scores = scores if scores is None or name == NO_SWEEP else published.without_questions(scores)
    (sweep, others), reader = baselines.split(_sweep(store, name, scores)), Reader(store, asked.grade)
    shown = selection.of(sweep, asked.held_out, asked.rank_by or sweep.rank_by)
    accepted = selection.accepted_now(sweep, store.sweep(sweep.name), asked.accept, asked.withdraw)
    asking.check(asked, shown)
    reference = pick(sweep, asked.reference) if asked.reference is not None else None
    elsewhere = scores.results if scores else ()
    theirs = {id(result.cell) for result in elsewhere}
    measured = tuple(cell for cell in sweep.cells if id(cell) not in theirs)
    read = [*reader.results(replace(sweep, cells=measured)), *elsewhere]
    judged = gates.flagged(shown.judged(read), accepted, rehearsed=bool(sweep.banner))
    notices = [
        *wishes.benchmarks(shown, read, looks.read(store.sweep(sweep.name))),
        *wishes.accepted(accepted, judged),
        *wishes.scored(asked.grade, shown.taking_part(read)),
        *wishes.weighed(asked.weights),
    ]
    apart = gates.flagged(shown.shown_apart(read), (), rehearsed=bool(sweep.banner))
    beside = reader.results(replace(sweep, cells=others)) if others else []
    made = _report(
        _Read(sweep, reader, shown, judged, apart, beside),
        asked,
        _Said(reference, notices, tuple(notes.cost(reader, sweep))),
    )
    return replace(made, behind=Behind(store, tuple(judged), asked.grade))


def _sweep(store: Store, name: str | None, scores: published.PublishedScores | None) -> Sweep:
    if name == NO_SWEEP:
        if scores is None:
            raise BadInput("a report of no sweep ('-') needs --scores FILE or FOLDER")
        return published.alone(scores)
    found = find_sweep(store, name)
    return published.joined(found, scores) if scores else found


@dataclass(frozen=True)
class _Read:
    """What was read of a sweep."""

    sweep: Sweep
    reader: Reader
    shown: View
    judged: list[Result]
    apart: list[Result]
    beside: list[Result]


@dataclass(frozen=True)
class _Said:
    """What a report says beside what its numbers tell."""

    wanted: FrozenCell | None  # the reference that the reader named
    wishes: Sequence[str]
    cost: tuple[str, ...]


def _report(read: _Read, asked: Asked, heading: _Said) -> Report:
    sweep, results = read.sweep, read.shown.taking_part(read.judged)
    lines = rows(sweep, results)
    standing = [row for row in lines if row.ranked]
    used = _reference(standing, heading.wanted)
    options = Options(asked.weights, asked.correction, asked.draws, asked.training_noise)
    estimates = numbers(standing, used, options)
    apart = benchmarks(read.apart)
    told = Ingredients(sweep, lines, estimates, read.reader.cost, apart)
    table = ranked(told)
    beside = baselines.table(told, read.shown.taking_part(read.beside), baselines.Against(used, estimates, options))
    factors, both = effects(sweep, lines, estimates), interactions(sweep, estimates)
    verdict = verdicts.verdict(estimates, len(standing), asked.draws, drawn=sweep.drawn)
    first = notes.reference(heading.wanted or sweep.cells[0], used, lines) if sweep.cells else "The sweep has no cell."
    compared = notes.comparability(estimates, len(standing))
    made = notes.Made(sweep, table, factors, read.judged, estimates, verdict)
    return Report(
        sweep=sweep, table=table, factors=factors, interactions=both, benchmarks=benchmarks(read.judged), apart=apart,
        beside=beside,
        view=read.shown,
        banner=(
            *wishes.banner(read.shown), *losses.banner(results), *(f"REHEARSAL: {line}" for line in sweep.banner),
        ),
        notes=(first, *heading.wishes, *compared, *losses.said(read.judged), *notes.written(made),
               *baselines.lacking(beside), *heading.cost),
        verdict=verdict,
        noise=notes.noise(estimates, verdict, sweep.drawn), reference=used.cell.id if used else None,
        complete=bool(results) and all(result.complete for result in (*results, *read.beside)),
    )  # fmt: skip


def _reference(standing: Sequence[Row], wanted: FrozenCell | None) -> Row | None:
    """Return the row that the others are compared with: the one that has the wanted cell, or the first."""
    having = [row for row in standing if wanted is None or wanted.id in row.members.split()]
    return having[0] if having else None


def write(report: Report, folder: Path) -> list[Path]:
    """Write report.txt, .md, .csv, .json, .tex and .html, each whole or not at all, and return their paths."""
    forms = {
        "txt": report.to_text(),
        "md": report.to_markdown(),
        "csv": report.to_csv(),
        "json": report.to_json(),
        "tex": report.to_latex(),
        "html": report.to_html(),
    }
    for suffix, form in forms.items():
        write_text(folder / f"report.{suffix}", form)
    return [folder / f"report.{suffix}" for suffix in forms]
