"""Main effects and interactions: what each choice of a factor comes to, averaged over the other factors.

One idea: the ranked cells are a factorial design, and least squares reads the factors off it, question by question;
where combinations are lacking it takes factors to add up, which is said. It must not fill in for cells that are not
there.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ot_grid.planning.frozen import Sweep
from ot_grid.report.grouping import PUBLISHED, Row
from ot_grid.report.numbers import CORRECTIONS, Numbers
from ot_grid.report.stats.effects import Effects, Interactions, main_effects
from ot_grid.report.stats.effects import interactions as crossed
from ot_grid.report.stats.paired import Differences
from ot_grid.report.table import LEVEL, verdict

BEST = "best"
COLUMNS = ["factor", "choice", "mean", "effect", "low", "high", "cells", "of", "difference", "diff_low", "diff_high",
           "p_adjusted", "verdict", "share"]  # fmt: skip
CROSSED = ["factors", "choices", "effect", "low", "high", "p_adjusted", "verdict"]


def effects(sweep: Sweep, rows: Sequence[Row], numbers: Numbers | None) -> pd.DataFrame:
    """Return one row a factor and choice: mean in percent, effect against the factor's average, difference to its best.

    `share` is what the factor explains of the variance between cells, noise taken off. A factor of which fewer than two
    choices are ranked has nothing to compare and is left out, and so is what only published cells have.
    """
    found = [_main(numbers, factor) for factor in _varied(sweep, numbers)] if numbers else []
    together = max(1.0, sum(each.share for each in found if each.share > 0))  # estimates can add up to more than all
    lines = [line for each in found for line in _choices(replace(each, share=each.share / together), sweep, rows)]
    return pd.DataFrame(lines, columns=COLUMNS)


def interactions(sweep: Sweep, numbers: Numbers | None) -> pd.DataFrame:
    """Return one row a pair of choices of two factors: by how much they differ together from the sum of both."""
    names = _varied(sweep, numbers)
    if numbers is None or numbers.suite is None or len(names) < 2:
        return pd.DataFrame(columns=CROSSED)
    found = crossed(numbers.suite, _design(numbers, names), floor=numbers.floor, seeds=_seeds(numbers))
    adjusted = CORRECTIONS[numbers.correction](np.concatenate([each.p for each in found]))
    lines = [line for each in found for line in _pairs(each)]
    frame = pd.DataFrame(lines, columns=CROSSED)
    frame["p_adjusted"] = adjusted
    frame["verdict"] = ["" if math.isnan(p) else verdict(p < LEVEL) for p in adjusted]
    return frame[frame["effect"].notna()].reset_index(drop=True)


def complete(sweep: Sweep, numbers: Numbers | None) -> bool:
    """Whether every combination of the choices that are ranked is ranked."""
    names = _varied(sweep, numbers)
    if numbers is None or not names:
        return True
    there = {tuple(row.values()) for row in _design(numbers, names)}
    choices = zip(*there, strict=True)
    return len(there) == math.prod(len(set(chosen)) for chosen in choices)


def _measured(numbers: Numbers) -> list[Row]:
    return [row for row in numbers.rows if row.source != PUBLISHED]


def _seeds(numbers: Numbers) -> np.ndarray:
    return np.array([row.seeds for row in _measured(numbers)])


def _varied(sweep: Sweep, numbers: Numbers | None) -> list[str]:
    """Return the factors of which two choices or more are ranked."""
    rows = _measured(numbers) if numbers else []
    varied = []
    for name in sweep.factors:
        chosen = {row.coordinates.get(name) for row in rows}
        if name not in sweep.repeat and None not in chosen and len(chosen) > 1:
            varied.append(name)
    return varied


def _design(numbers: Numbers, names: Sequence[str]) -> list[Mapping[str, str]]:
    design: list[Mapping[str, str]] = []
    for row in _measured(numbers):
        design.append({name: row.coordinates[name] for name in names})
    return design


def _main(numbers: Numbers, factor: str) -> Effects:
    assert numbers.suite is not None
    rows = _measured(numbers)
    common = set(rows[0].coordinates).intersection(*(row.coordinates for row in rows))
    names = [name for name in rows[0].coordinates if name in common]
    return main_effects(numbers.suite, _design(numbers, names), factor, floor=numbers.floor, seeds=_seeds(numbers))


def _choices(effects: Effects, sweep: Sweep, rows: Sequence[Row]) -> list[dict[str, Any]]:
    pairs = len(effects.choices) * (len(effects.choices) - 1) / 2
    places = {choice: place for place, choice in enumerate(effects.choices)}
    lines = []
    for choice in sweep.factors[effects.factor]:
        of = sum(row.coordinates.get(effects.factor) == choice for row in rows)
        line = {"factor": effects.factor, "choice": choice, "of": of, "share": effects.share}
        known = _choice(effects, places[choice], pairs) if choice in places else {"cells": 0, "verdict": ""}
        lines.append({**dict.fromkeys(COLUMNS, math.nan), **line, **known})
    return lines


def _choice(effects: Effects, place: int, pairs: float) -> dict[str, Any]:
    best = place == effects.best
    adjusted = min(1.0, float(effects.p[place]) * pairs) if not math.isnan(effects.p[place]) else math.nan
    word = BEST if best else "" if math.isnan(adjusted) else verdict(adjusted < LEVEL)
    return {
        "mean": 100 * float(effects.mean[place]),
        **_interval(effects.effect, place, ("effect", "low", "high")),
        "cells": int(effects.rows[place]),
        **_interval(effects.difference, place, ("difference", "diff_low", "diff_high")),
        **({"difference": 0.0} if best else {}),
        "p_adjusted": adjusted,
        "verdict": word,
    }


def _interval(of: Differences, place: int, names: tuple[str, str, str]) -> dict[str, float]:
    return {name: 100 * float(each[place]) for name, each in zip(names, (of.mean, of.low, of.high), strict=True)}


def _pairs(interactions: Interactions) -> list[dict[str, Any]]:
    return [
        {
            "factors": " x ".join(interactions.factors),
            "choices": " x ".join(pair),
            **_interval(interactions.effect, place, ("effect", "low", "high")),
        }
        for place, pair in enumerate(interactions.choices)
    ]
