"""Numbers of a ranked table, whichever of its columns are there.

One idea: a paper's table and its figures read the same columns in the same way, and a number that a table lacks is nan.
It must not compute statistics.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from ot_grid.report.table import REFERENCE, SCORE

if TYPE_CHECKING:
    from ot_grid.report.build import Report

Row = Mapping[str, Any]


def number(row: Row, name: str) -> float:
    """Return a number of a row; nan where it is not known."""
    value = row.get(name)
    return math.nan if value is None or pd.isna(value) else float(value)


def word(row: Row, name: str) -> str:
    """Return a word of a row; '' where it is not known."""
    value = row.get(name)
    return "" if value is None or pd.isna(value) else str(value)


def interval(row: Row) -> tuple[float, float]:
    """Return the 95 % interval of a row's mean; nan where the table has none."""
    return number(row, "low"), number(row, "high")


def difference(row: Row, half: str = "half_width") -> tuple[float, float, float]:
    """Return a difference with its 95 % interval, from its ends or from its half-width."""
    mean, reach = number(row, "difference"), number(row, half)
    if "diff_low" in row:
        return mean, number(row, "diff_low"), number(row, "diff_high")
    return mean, mean - reach, mean + reach


def ranked(report: Report) -> list[dict[str, Any]]:
    """Return the ranked rows, best first."""
    found: list[dict[str, Any]] = report.table[report.table["rank"].notna()].to_dict("records")  # type: ignore[assignment]
    return found


def is_reference(row: Row) -> bool:
    """Whether the others are compared with this row."""
    return word(row, "verdict") == REFERENCE


def top(rows: list[dict[str, Any]], most: int) -> list[dict[str, Any]]:
    """Return the first rows, and the reference if it is not among them."""
    return [*rows[:most], *(row for row in rows[most:] if is_reference(row))]


def varied(report: Report, rows: list[dict[str, Any]]) -> list[str]:
    """Return the factors in which these rows differ, in the order of the sweep."""
    return [name for name in report.sweep.factors if len({word(row, name) for row in rows}) > 1]


def label(row: Row, factors: list[str]) -> str:
    """Return what a row is called: its choices, or its id where none differ."""
    return " · ".join(word(row, name) or "-" for name in factors) or word(row, "cell")


def scores(report: Report, before: str = SCORE) -> list[str]:
    """Return the names behind the columns that start so: of benchmarks, or of domains (`DOMAIN`)."""
    return [str(name).removeprefix(before) for name in report.table if str(name).startswith(before)]


def best_group(rows: list[dict[str, Any]]) -> list[bool]:
    """Return which rows cannot be told from the first one: those of its tie group, "a"; "a2" is another."""
    groups = [word(row, "group") for row in rows]
    return [each.startswith("a") and not each[1:2].isdigit() for each in groups]


def seeds(rows: list[dict[str, Any]]) -> tuple[int, int]:
    """Return the fewest and the most training seeds behind a row; one where the table does not say."""
    found = [int(value) for row in rows if (value := number(row, "seeds")) == value] or [1]
    return min(found), max(found)
