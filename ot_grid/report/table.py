"""The ranked table: one row a recipe, best first.

One idea: only complete cells of which nothing looks broken are ranked, so nothing else can win; the others stand below
with their cause. Numbers keep full precision, scores in percent. It must not read files or format text.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from ot_grid.planning.frozen import FrozenRun, Sweep
from ot_grid.report.grouping import Row
from ot_grid.report.matrices import BenchmarkResult
from ot_grid.report.numbers import Numbers
from ot_grid.report.results import Cost
from ot_grid.report.statistics import overall, score
from ot_grid.report.status import status

SCORE, DOMAIN = "score:", "domain:"  # before a benchmark's or a domain's name, as a column of the ranked table
APART = "held_out:"  # the same of a held-out benchmark that was named to be shown
REFERENCE, RESOLVED, NOT_RESOLVED = "reference", "resolved", "not resolved"
LEVEL = 0.05  # of an adjusted p, at or above which a difference is not resolved
KEYS = ("rank", "rank_low", "rank_high", "group")
SCORES = ("mean", "low", "high", "se_questions", "se_decoding")
COSTS = ("tokens", "seconds", "gpu_hours")
CHANGES = ("difference", "diff_low", "diff_high", "p", "p_adjusted", "detectable")


def verdict(resolved: bool) -> str:
    """Return the word for whether the data can tell two apart."""
    return RESOLVED if resolved else NOT_RESOLVED


@dataclass(frozen=True, eq=False)
class Ingredients:
    """What a table is made of."""

    sweep: Sweep
    rows: Sequence[Row]
    numbers: Numbers | None  # of the ranked rows
    cost: Callable[[tuple[FrozenRun, ...]], Cost]
    apart: pd.DataFrame | None = None  # held-out benchmarks to show, one row a cell and benchmark

    @cached_property
    def names(self) -> list[str]:
        """The benchmarks that any row has."""
        return list(dict.fromkeys(each.name for row in self.rows for each in row.benchmarks))


def ranked(ingredients: Ingredients) -> pd.DataFrame:
    """Return the table, ranked rows first and equal means sharing a rank, then the flagged ones, then the unfinished.

    Columns: rank with its 95 % interval (rank_low, rank_high), group (tie groups, as letters), the factors, cell,
    members (all its cells), mean with interval (low, high) and standard errors (se_questions, se_decoding), seeds,
    difference to the reference with interval (diff_low, diff_high), p, p_adjusted, detectable (smallest difference at
    80 % power), verdict, best (probability of being so), corrected (mean without the winner's optimism), z (mean of
    the z-scores of its benchmarks among the ranked rows), 'domain:<name>' and 'score:<benchmark>' for each, questions,
    repeats, cut, unextracted and ungraded (percent of replies), rows (to train on), tokens, seconds, gpu_hours, source,
    status, cause; and 'held_out:<benchmark>' for each in `apart`.
    """
    lines = [_row(row, ingredients, _place(row, ingredients.numbers)) for row in ingredients.rows]
    order = sorted(range(len(lines)), key=lambda n: _order(ingredients.rows[n], lines[n]))
    if not lines:
        return pd.DataFrame(columns=["rank", "cell", "verdict", "mean", "status"])
    table = pd.DataFrame([lines[n] for n in order], columns=list(lines[0]))
    for name in ("rank", "rank_low", "rank_high", "rows"):
        table[name] = table[name].astype("Int64")
    return table


def _order(row: Row, line: Mapping[str, Any]) -> tuple[bool, bool, float]:
    return not row.ranked, not row.complete, -line["mean"] if row.complete else 0.0


def _place(row: Row, numbers: Numbers | None) -> int | None:
    return numbers.rows.index(row) if numbers and row in numbers.rows else None


def _row(row: Row, ingredients: Ingredients, place: int | None) -> dict[str, Any]:
    numbers = ingredients.numbers if place is not None else None
    names = ingredients.names
    scores = _benchmark_scores(row)
    cost = ingredients.cost(row.runs)
    return {
        **(_ranks(numbers, place) if numbers and place is not None else dict.fromkeys(KEYS, pd.NA) | {"group": ""}),
        **{
            factor: row.coordinates.get(factor, "")
            for factor in ingredients.sweep.factors
            if factor not in ingredients.sweep.repeat
        },
        "cell": row.cell.id,
        "members": row.members,
        **(_scores(numbers, place) if numbers and place is not None else _own(row, ingredients.numbers)),
        "seeds": row.seeds,
        **_difference(numbers, place),
        "best": float(numbers.ranking.best[place]) if numbers else math.nan,
        "corrected": 100 * float(numbers.ranking.corrected[place]) if numbers else math.nan,
        "z": float(numbers.z[place]) if numbers else math.nan,
        **_domains(ingredients.sweep, scores, names),
        **{SCORE + name: scores.get(name, math.nan) for name in sorted(names)},
        **_coverage(row),
        "rows": next((result.rows for result in row.used or row.results if result.rows is not None), None),
        **(asdict(cost) if any(run.key for run in row.runs) else dict.fromkeys(COSTS, math.nan)),
        "source": row.source,
        **status(ingredients.sweep, row),
        **_apart(row, ingredients.apart),
    }


def _ranks(numbers: Numbers, place: int) -> dict[str, Any]:
    own = numbers.ranking
    return {
        "rank": int(own.rank[place]),
        "rank_low": int(own.low[place]),
        "rank_high": int(own.high[place]),
        "group": own.groups[place],
    }


def _scores(numbers: Numbers, place: int) -> dict[str, float]:
    own = (numbers.mean, numbers.low, numbers.high, numbers.se_questions, numbers.se_decoding)
    return {name: 100 * float(each[place]) for name, each in zip(SCORES, own, strict=True)}


def _own(row: Row, numbers: Numbers | None) -> dict[str, float]:
    """Return the mean of a row that is not ranked, where it is complete."""
    unknown = dict.fromkeys(SCORES, math.nan)
    if not row.complete:
        return unknown
    weights = dict(zip(numbers.names, numbers.weights, strict=True)) if numbers else {}
    own = _benchmark_scores(row)
    if not weights or not set(weights) <= set(own):
        return {**unknown, "mean": overall(list(own.values()))}
    return {**unknown, "mean": math.fsum(weight * own[name] for name, weight in weights.items())}


def _benchmark_scores(row: Row) -> dict[str, float]:
    """Return the score of each finished benchmark, averaged over the training seeds."""
    found: dict[str, list[float]] = {}
    for each in row.benchmarks:
        if each.done:
            found.setdefault(each.name, []).append(100 * score(each.matrix))
    return {name: overall(values) for name, values in found.items()}


def _domains(sweep: Sweep, scores: Mapping[str, float], names: Sequence[str]) -> dict[str, float]:
    """Return the plain mean of the benchmarks of each domain, where a sweep has more than one."""
    domains: dict[str, list[str]] = {}
    for name in sorted(names):
        domains.setdefault(sweep.domains.get(name, "other"), []).append(name)
    if len(domains) < 2:
        return {}
    means = {}
    for domain, members in sorted(domains.items()):
        means[DOMAIN + domain] = overall([scores.get(name, math.nan) for name in members])
    return means


def _difference(numbers: Numbers | None, place: int | None) -> dict[str, Any]:
    unknown = dict.fromkeys(CHANGES, math.nan)
    if numbers is None or place is None or numbers.differences is None:
        return {**unknown, "verdict": ""}
    if place == numbers.reference:
        return {**unknown, "difference": 0.0, "verdict": REFERENCE}
    own, adjusted = numbers.differences, float(numbers.adjusted[place])
    return {
        "difference": 100 * float(own.mean[place]),
        "diff_low": 100 * float(own.low[place]),
        "diff_high": 100 * float(own.high[place]),
        "p": float(numbers.p[place]),
        "p_adjusted": adjusted,
        "detectable": 100 * float(numbers.detectable[place]),
        "verdict": verdict(adjusted < LEVEL),
    }


def _apart(row: Row, apart: pd.DataFrame | None) -> dict[str, float]:
    if apart is None or not len(apart):
        return {}
    own = apart[apart["cell"].isin(row.members.split())].groupby("benchmark")["mean"].mean()
    return {f"{APART}{name}": float(own.get(name, math.nan)) for name in sorted(set(apart["benchmark"]))}


def _coverage(row: Row) -> dict[str, Any]:
    done = [each for each in row.benchmarks if each.done]
    first = {each.name: each for each in reversed(done)}.values()
    repeats, asked = sorted({each.repeats for each in first}), sum(each.asked for each in first)
    return {
        "questions": asked if asked or not first else math.nan,
        "repeats": "-".join(str(each) for each in dict.fromkeys([*repeats[:1], *repeats[-1:]])) if asked else "",
        "cut": _pooled(done, [each.cut for each in done]),
        "unextracted": _pooled(done, [each.unextracted for each in done]),
        "ungraded": _pooled(done, [each.ungraded for each in done]),
    }


def _pooled(done: Sequence[BenchmarkResult], shares: Sequence[float]) -> float:
    return 100 * float(np.average(shares, weights=[each.matrix.size for each in done])) if done else math.nan
