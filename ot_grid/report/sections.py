"""The report as tables of words, ready to be laid out.

One idea: terminal text and Markdown show the same sections, so they cannot disagree. It must not know about widths or
mark-up.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from ot_grid.planning.frozen import Sweep
from ot_grid.report.grouping import PUBLISHED
from ot_grid.report.status import COMPLETE
from ot_grid.report.table import DOMAIN, REFERENCE, SCORE

NONE = "-"
SHOWN = 12  # interactions
Format = Callable[[Any], str]


@dataclass(frozen=True)
class Section:
    """A table of words; cut to a width, it repeats its first two columns and breaks before column `second`."""

    title: str
    headers: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[bool]  # which columns are numbers, set to the right
    second: int = 0


@dataclass(frozen=True)
class Tables:
    """The frames that the sections are made of."""

    table: pd.DataFrame
    factors: pd.DataFrame
    interactions: pd.DataFrame
    names: Sequence[str]  # the factors, without what is repeated
    noise: str  # which noise the ranking covers: the table's first line says it


def percent(value: float) -> str:
    """Return a percentage to a tenth."""
    return NONE if pd.isna(value) else f"{value:.1f}"


def whole(value: float) -> str:
    """Return a count with thousands separated."""
    return NONE if pd.isna(value) else f"{value:,.0f}"


def duration(seconds: float) -> str:
    """Return seconds in the unit one would say."""
    if pd.isna(seconds):
        return NONE
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 90 * 60 else f"{seconds / 3600:.1f} h"


def change(row: Any) -> str:
    """Return a difference with the half of its 95 % interval: '+3.2 ± 4.1', '=' for what others are compared with."""
    if row["verdict"] in (REFERENCE, "best"):
        return "="
    if pd.isna(row["difference"]):
        return NONE
    half = (row["diff_high"] - row["diff_low"]) / 2
    return f"{_signed(row['difference'])} ± {'?' if pd.isna(half) else format(half, '.1f')}"


def chance(value: float) -> str:
    """Return a p-value as it is printed: two digits after the point that matter."""
    if pd.isna(value):
        return NONE
    return "<0.001" if value < 0.001 else f"{value:.3f}" if value < 0.1 else f"{value:.2f}"


def ranks(table: pd.DataFrame) -> list[str]:
    """Return the ranks; those that rows share are marked '2='."""
    shared = table["rank"].duplicated(keep=False)  # pd.NA too, but that has no rank to mark
    return [
        NONE if pd.isna(rank) else f"{rank}{'=' if tied else ''}"
        for rank, tied in zip(table["rank"], shared, strict=True)
    ]


def _between(table: pd.DataFrame) -> list[str]:
    pairs = zip(table["rank_low"], table["rank_high"], strict=True)
    return [NONE if pd.isna(low) else str(low) if low == high else f"{low}-{high}" for low, high in pairs]


def sections(told: Tables) -> list[Section]:
    """Return the tables that a reader sees."""
    if not len(told.table):
        return []
    factors = [_factors(told.factors, told.noise)] if len(told.factors) else []
    interactions = [_interactions(told.interactions)] if len(told.interactions) else []
    return [_ranking(told), _coverage(told.table), *factors, *interactions]


def _ranking(tables: Tables) -> Section:
    table = tables.table
    verdicts = [
        verdict or status.partition(":")[0] for verdict, status in zip(table["verdict"], table["status"], strict=True)
    ]
    several = bool((table["seeds"] > 1).any())
    columns: dict[str, tuple[bool, list[str]]] = {
        "rank": (True, ranks(table)),
        "cell": (False, list(table["cell"])),
        "of ranks": (True, _between(table)),
        "tie": (False, [each or NONE for each in table["group"]]),
        **{name: (False, [each or NONE for each in table[name]]) for name in tables.names},
        **({"seeds": (True, list(map(whole, table["seeds"])))} if several else {}),
        "mean": (True, list(map(percent, table["mean"]))),
        "se": (True, _errors(table)),
        "difference": (True, [change(row) for row in table.to_dict("records")]),
        "p": (True, list(map(chance, table["p_adjusted"]))),
        "verdict": (False, verdicts),
    }
    second = len(columns)
    for column in map(str, table):
        for before in (DOMAIN, SCORE):
            if column.startswith(before):
                columns[column.removeprefix(before)] = (True, list(map(percent, table[column])))
    return table_of(f"RANKED CELLS: scores in percent; {tables.noise}", columns, second)


def _errors(table: pd.DataFrame) -> list[str]:
    """Return the standard errors over questions; with the questions fixed, in brackets, where no more is known."""
    return [
        ("?" if over == 0 else percent(over)) if not pd.isna(over) else f"({percent(fixed)})" if fixed > 0 else NONE
        for over, fixed in zip(table["se_questions"], table["se_decoding"], strict=True)
    ]


def _coverage(table: pd.DataFrame) -> Section:
    states = _statuses(table)
    return table_of(
        "WHAT STANDS BEHIND THEM: cut, no answer, ungraded in percent of replies",
        {
            "rank": (True, ranks(table)),
            "cell": (False, list(table["cell"])),
            "questions": (True, [whole(each or math.nan) for each in table["questions"]]),
            "repeats": (True, [each or NONE for each in table["repeats"]]),
            "cut": (True, list(map(percent, table["cut"]))),
            "no answer": (True, list(map(percent, table["unextracted"]))),
            "ungraded": (True, list(map(percent, table["ungraded"]))),
            "rows": (True, list(map(whole, table["rows"]))),
            "tokens": (True, _spent(table, "tokens", whole)),
            "time": (True, _spent(table, "seconds", duration)),
            **({"GPU-h": (True, list(map(percent, table["gpu_hours"])))} if (table["gpu_hours"] > 0).any() else {}),
            "best": (True, [NONE if pd.isna(each) else f"{each:.0%}" for each in table["best"]]),
            "corrected": (True, list(map(percent, table["corrected"]))),
            **({"status": (False, states)} if set(states) != {COMPLETE} else {}),
        },
    )


def _spent(table: pd.DataFrame, column: str, said: Format) -> list[str]:
    """Return what was spent on each row; of those from elsewhere it is not known."""
    return [NONE if pd.isna(value) else said(value) for value in table[column]]


def _statuses(table: pd.DataFrame) -> list[str]:
    return [
        source if source == PUBLISHED and status == COMPLETE else status.partition(":")[0]
        for source, status in zip(table["source"], table["status"], strict=True)
    ]


def _factors(factors: pd.DataFrame, noise: str) -> Section:
    cells = [f"{done} of {of}" for done, of in zip(factors["cells"], factors["of"], strict=True)]
    return table_of(
        f"FACTORS: means of ranked cells; {noise}",
        {
            "factor": (False, list(factors["factor"])),
            "choice": (False, list(factors["choice"])),
            "mean": (True, list(map(percent, factors["mean"]))),
            "cells": (True, cells),
            "difference": (True, [change(row) for row in factors.to_dict("records")]),
            "p": (True, list(map(chance, factors["p_adjusted"]))),
            "verdict": (False, [each or NONE for each in factors["verdict"]]),
            "share": (True, [NONE if pd.isna(each) else f"{each:.0%}" for each in factors["share"]]),
        },
    )


def _interactions(interactions: pd.DataFrame) -> Section:
    shown = interactions.reindex(interactions["effect"].abs().sort_values(ascending=False).index)[:SHOWN]
    more = f"; the {SHOWN} largest of {len(interactions)}" if len(interactions) > SHOWN else ""
    return table_of(
        f"INTERACTIONS: what two choices give together beyond their sum{more}",
        {
            "factors": (False, list(shown["factors"])),
            "choices": (False, list(shown["choices"])),
            "effect": (True, [_effect(row) for row in shown.to_dict("records")]),
            "p": (True, list(map(chance, shown["p_adjusted"]))),
            "verdict": (False, [each or NONE for each in shown["verdict"]]),
        },
    )


def _effect(row: Any) -> str:
    half = (row["high"] - row["low"]) / 2
    return f"{_signed(row['effect'])} ± {'?' if pd.isna(half) else format(half, '.1f')}"


def held_out(apart: pd.DataFrame, sweep: Sweep) -> Section:
    """Return the held-out scores that were asked for, in the order of the sweep: they rank nothing."""
    shown = {(row["cell"], row["benchmark"]): _with_interval(row) for _, row in apart.iterrows()}
    columns: dict[str, tuple[bool, list[str]]] = {
        "cell": (False, [cell.id for cell in sweep.cells]),
        "recipe": (False, [cell.label or NONE for cell in sweep.cells]),
    }
    for name in dict.fromkeys(apart["benchmark"]):
        columns[name] = (True, [shown.get((cell.id, name), NONE) for cell in sweep.cells])
    return table_of("HELD OUT: scores in percent with 95 % intervals; they take no part in the ranking", columns)


def _with_interval(row: Any) -> str:
    if pd.isna(row["mean"]):
        return str(row["status"])
    return f"{row['mean']:.1f} [{row['low']:.1f}, {row['high']:.1f}]{' flagged' if row['flags'] else ''}"


def table_of(title: str, columns: dict[str, tuple[bool, list[str]]], second: int = 0) -> Section:
    """Return a section of columns, each with whether it holds numbers."""
    cells = [column for _, column in columns.values()]
    rows = list(map(list, zip(*cells, strict=True)))
    return Section(title, list(columns), rows, [number for number, _ in columns.values()], second)


def unranked(table: pd.DataFrame) -> list[tuple[str, str]]:
    """Return what each cell that is not ranked lacks: its id with its status, and the cause."""
    lacking = table[table["rank"].isna()] if len(table) else table
    return [
        (f"{row['cell']} is {row['status']}", row["cause"] or "it has no benchmark that every cell has")
        for _, row in lacking.iterrows()
    ]


def _signed(number: float) -> str:
    """Return a number of points with its sign; what rounds to nothing has a plus."""
    return f"{round(number, 1) + 0.0:+.1f}"
