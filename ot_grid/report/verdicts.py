"""What the whole table comes to, in a sentence that a tired person understands.

One idea: a winner is named only when the data tell it from every other row at once, as ranks and ties do; else the
sentence says so, and how far apart rows would have to be. It must not compute statistics.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ot_grid.report.numbers import Numbers

GIVEN = "what was given"  # of a floor that was not measured here
NAMED = 4  # contenders that the sentence names


@dataclass(frozen=True)
class Verdict:
    """What the ranking says; points are percent."""

    winner: str | None  # the id of the row that is better than every other
    sentence: str
    comparisons: int = 0  # differences to the reference
    correction: str = ""
    yardstick: float = math.nan  # points: rows further apart than this differ, all pairs considered at once
    detectable: float = math.nan  # points: smallest difference to the reference found in 80 % of sweeps like this
    floor: float | None = None  # points: standard deviation between training seeds; None: not known
    floor_from: str = ""  # what it was measured on
    draws: int = 0  # of the bootstrap


def verdict(numbers: Numbers | None, ranked: int, draws: int, *, drawn: str) -> Verdict:
    """Return the verdict on a table with so many ranked rows; `drawn` says what their draws differ in."""
    if numbers is None:
        why = "the ranked cells have no benchmark in common" if ranked else "no cell is ranked yet"
        return Verdict(None, f"No winner: {why}.")
    own = numbers.ranking
    winner = None if own.winner is None else numbers.rows[own.winner].cell.id
    return Verdict(
        winner=winner, sentence=_sentence(numbers), comparisons=numbers.comparisons, correction=numbers.correction,
        yardstick=100 * own.yardstick, detectable=_detectable(numbers),
        floor=100 * math.sqrt(numbers.floor.variance) if numbers.floor else None,
        floor_from=_floor_from(numbers, drawn), draws=draws,
    )  # fmt: skip


def _detectable(numbers: Numbers) -> float:
    others = np.arange(len(numbers.rows)) != numbers.reference
    known = numbers.detectable[others & ~np.isnan(numbers.detectable)]
    return 100 * float(np.median(known)) if known.size else math.nan


def _sentence(numbers: Numbers) -> str:
    count, own = len(numbers.rows), numbers.ranking
    if count == 1:
        return "One cell is ranked: there is nothing to compare it with."
    if own.winner is not None:
        alone = "" if numbers.floor else " Training noise is not covered: these are single students."
        return (
            f"{_name(numbers, own.winner)} is the best of {count}: its lead over every other is larger than chance "
            f"explains, all pairs of cells considered (95 %).{alone}"
        )
    running = [int(place) for place in np.argsort(-numbers.mean, kind="stable") if own.contenders[place]]
    shown = ", ".join(_name(numbers, place) for place in running[:NAMED])
    more = f" and {len(running) - NAMED} more" if len(running) > NAMED else ""
    return f"Not resolved which of {count} is best: it may be any of {len(running)}: {shown}{more}. {_apart(numbers)}"


def _apart(numbers: Numbers) -> str:
    yardstick, unsure = 100 * numbers.ranking.yardstick, int(np.isnan(numbers.ranking.best).sum())
    if unsure:
        return f"How sure their scores are was not said for {unsure}, so these may have any rank."
    if yardstick == 0:
        return "All of them scored the same on every question."
    if yardstick >= 100:
        return "So few questions cannot tell any two cells apart."
    return f"Two cells must lie {yardstick:.1f} points apart to be told apart."


def _name(numbers: Numbers, place: int) -> str:
    row = numbers.rows[place]
    said = " ".join(f"{factor}={choice}" for factor, choice in row.coordinates.items() if choice)
    return f"{row.cell.id} ({said})" if said and said != row.cell.id else row.cell.id


def _floor_from(numbers: Numbers, drawn: str) -> str:
    if numbers.floor and not numbers.floor.rows:
        return GIVEN
    several = [row for row in numbers.rows if row.seeds > 1]
    if not several:
        return ""
    if len(several) == 1:
        return f"{several[0].seeds} {drawn} of {several[0].cell.id}"
    return f"{sum(row.seeds for row in several)} {drawn} of {len(several)} recipes"
