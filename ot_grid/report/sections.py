"""The report as tables of words, ready to be laid out.

One idea: terminal text and Markdown show the same sections, so they cannot disagree. It must not know about widths or
mark-up.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ot_grid.report.cells import Sweep
from ot_grid.report.table import REFERENCE, SCORE

NONE = "-"
Format = Callable[[Any], str]


@dataclass(frozen=True)
class Section:
    """A table of words; cut to a width, it repeats its first two columns and breaks before column `second`."""

    title: str
    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[bool]  # which columns are numbers, set to the right
    second: int = 0


def percent(value: float) -> str:
    """Return a percentage to a tenth."""
    return NONE if pd.isna(value) else f"{value:.1f}"


def whole(value: float) -> str:
    """Return a count with thousands separated."""
    return NONE if pd.isna(value) else f"{value:,.0f}"


def duration(seconds: float) -> str:
    """Return seconds in the unit one would say."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


def change(row: Any) -> str:
    """Return a difference with its half-width: '+3.2 ± 4.1', '=' for what the others are compared with."""
    if row["verdict"] in (REFERENCE, "best"):
        return "="
    if pd.isna(row["difference"]):
        return NONE
    return f"{row['difference']:+.1f} ± {'?' if pd.isna(row['half_width']) else format(row['half_width'], '.1f')}"


def ranks(table: pd.DataFrame) -> list[str]:
    """Return the ranks; those that cells share are marked '2='."""
    shared = table["rank"].duplicated(keep=False)  # pd.NA too, but that has no rank to mark
    return [
        NONE if pd.isna(rank) else f"{rank}{'=' if tied else ''}"
        for rank, tied in zip(table["rank"], shared, strict=True)
    ]


def sections(table: pd.DataFrame, factors: pd.DataFrame, names: Sequence[str]) -> list[Section]:
    """Return the tables that a reader sees; `names` are the factors."""
    if not len(table):
        return []
    return [_ranking(table, names), _coverage(table), *([_factors(factors)] if len(factors) else [])]


def _ranking(table: pd.DataFrame, names: Sequence[str]) -> Section:
    verdicts = [
        verdict or status.partition(":")[0] for verdict, status in zip(table["verdict"], table["status"], strict=True)
    ]
    columns: dict[str, tuple[bool, list[str]]] = {
        "rank": (True, ranks(table)),
        "cell": (False, list(table["cell"])),
        **{name: (False, [each or NONE for each in table[name]]) for name in names},
        "mean": (True, list(map(percent, table["mean"]))),
        "se": (True, ["?" if each == 0 else percent(each) for each in table["se_questions"]]),
        "difference": (True, [change(row) for _, row in table.iterrows()]),
        "verdict": (False, verdicts),
    }
    second = len(columns)
    for column in (str(column) for column in table if str(column).startswith(SCORE)):
        columns[column.removeprefix(SCORE)] = (True, list(map(percent, table[column])))
    return _section("RANKED CELLS: scores in percent, each benchmark weighing the same", columns, second)


def _coverage(table: pd.DataFrame) -> Section:
    return _section(
        "WHAT STANDS BEHIND THEM: cut, no answer, ungraded in percent of replies",
        {
            "rank": (True, ranks(table)),
            "cell": (False, list(table["cell"])),
            "questions": (True, list(map(whole, table["questions"]))),
            "repeats": (True, [each or NONE for each in table["repeats"]]),
            "cut": (True, list(map(percent, table["cut"]))),
            "no answer": (True, list(map(percent, table["unextracted"]))),
            "ungraded": (True, list(map(percent, table["ungraded"]))),
            "rows": (True, list(map(whole, table["rows"]))),
            "tokens": (True, list(map(whole, table["tokens"]))),
            "time": (True, list(map(duration, table["seconds"]))),
            "status": (False, [each.partition(":")[0] for each in table["status"]]),
        },
    )


def _factors(factors: pd.DataFrame) -> Section:
    cells = [f"{done} of {of}" for done, of in zip(factors["cells"], factors["of"], strict=True)]
    return _section(
        "FACTORS: mean over the ranked cells with the choice; difference to the factor's best",
        {
            "factor": (False, list(factors["factor"])),
            "choice": (False, list(factors["choice"])),
            "mean": (True, list(map(percent, factors["mean"]))),
            "cells": (True, cells),
            "difference": (True, [change(row) for _, row in factors.iterrows()]),
            "verdict": (False, [each or NONE for each in factors["verdict"]]),
        },
    )


def held_out(apart: pd.DataFrame, sweep: Sweep) -> Section:
    """Return the held-out scores that were asked for, in the order of the sweep: they rank nothing."""
    shown = {(row["cell"], row["benchmark"]): _with_interval(row) for _, row in apart.iterrows()}
    columns: dict[str, tuple[bool, list[str]]] = {
        "cell": (False, [cell.id for cell in sweep.cells]),
        "recipe": (False, [cell.label or NONE for cell in sweep.cells]),
    }
    for name in dict.fromkeys(apart["benchmark"]):
        columns[name] = (True, [shown.get((cell.id, name), NONE) for cell in sweep.cells])
    return _section("HELD OUT: scores in percent with 95 % intervals; they take no part in the ranking", columns)


def _with_interval(row: Any) -> str:
    if pd.isna(row["mean"]):
        return str(row["status"])
    return f"{row['mean']:.1f} [{row['low']:.1f}, {row['high']:.1f}]{' flagged' if row['flags'] else ''}"


def _section(title: str, columns: dict[str, tuple[bool, list[str]]], second: int = 0) -> Section:
    rows = [list(row) for row in zip(*(cells for _, cells in columns.values()), strict=True)]
    return Section(title, list(columns), rows, [number for number, _ in columns.values()], second)


def unranked(table: pd.DataFrame) -> list[tuple[str, str]]:
    """Return what each cell that is not ranked lacks: its id with its status, and the cause."""
    lacking = table[table["rank"].isna()] if len(table) else table
    return [(f"{row['cell']} is {row['status']}", row["cause"]) for _, row in lacking.iterrows()]
