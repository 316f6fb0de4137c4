"""Ranks that say how sure they are.

One idea: the largest gap that chance alone opens between any two rows, in 95 % of draws, is one yardstick for all
pairs (Tukey's honest difference, by bootstrap); rank intervals, tie groups, the winner and its contenders are all read
off it, so they cannot contradict each other. It must not know what a row is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ot_grid.errors import BadInput
from ot_grid.report.stats.resampling import Float32Array
from ot_grid.report.stats.student import CONFIDENCE, FloatArray

IntArray = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
SAME = 1e-9  # means nearer than this are equal: shares differ by roundings
SAME_DRAWN = 1e-6  # and draws, in single precision
CHUNK = 4_000_000
CORRECTING = 2_000  # draws that are sorted to correct for optimism
MOST_LETTERS = 4  # a row in more tie groups is shown as a span of letters


@dataclass(frozen=True, eq=False)
class Ranking:
    """Where each row stands, in the order the rows were given."""

    rank: IntArray  # 1 is best; equal means share a rank
    low: IntArray  # simultaneous interval of the rank
    high: IntArray
    groups: tuple[str, ...]  # letters of tie groups; rows that share none differ
    best: FloatArray  # probability of being best; nan where chance is not known
    corrected: FloatArray  # the mean without the winner's optimism
    yardstick: float  # two rows further apart than this differ, all pairs considered; nan where nothing is compared

    @property
    def winner(self) -> int | None:
        """The row that can have no other rank than the first, where there is another to be better than."""
        alone = np.flatnonzero(self.high == 1)
        return int(alone[0]) if len(self.rank) > 1 and alone.size else None

    @property
    def contenders(self) -> Flags:
        """The rows that cannot be excluded from being best."""
        return np.asarray(self.low == 1)


def rank(overall: FloatArray, deviations: Float32Array, yardstick: float | None = None) -> Ranking:
    """Rank rows by their overall means, with draws (draws x rows) of how far chance moves them together.

    The yardstick is that of the draws, unless a longer one is given (`paired.unsigned`). A row whose deviations are
    nan, as nobody said how sure its mean is, cannot be told from any other.
    """
    rows = len(overall)
    if not rows or deviations.ndim != 2 or deviations.shape[1] != rows:
        raise BadInput(f"deviations of shape {deviations.shape} do not fit {rows} rows; they are draws x rows")
    yardstick = widest(deviations) if yardstick is None else yardstick
    known = _known(deviations)
    drawn = deviations if known.all() else deviations[:, known]
    sure, unsure = overall[known], len(overall) - drawn.shape[1]
    order, last = _runs(sure, 0.0 if np.isnan(yardstick) else yardstick)
    back, first = np.argsort(order), np.searchsorted(last, np.arange(len(last)))
    letters, every = _letters(last)
    named = iter([letters[at] for at in back])
    return Ranking(
        rank=1 + _above(overall),
        low=_placed(known, 1 + first[back], 1),
        high=_placed(known, 1 + last[back] + unsure, rows),
        groups=tuple(next(named) if each else every for each in known),
        best=_placed(known, _chances(sure, drawn), np.nan),
        corrected=_placed(known, _corrected(sure, drawn), np.nan),
        yardstick=yardstick,
    )


def widest(deviations: Float32Array, confidence: float = CONFIDENCE) -> float:
    """Return the largest gap between two rows that chance leaves unpassed with this confidence; nan for one row."""
    known = _known(deviations)
    if known.sum() < 2:
        return np.nan
    found = float(np.quantile(np.ptp(deviations if known.all() else deviations[:, known], axis=1), confidence))
    return found if found > SAME_DRAWN else 0.0


def _known(deviations: Float32Array) -> Flags:
    return np.asarray(~np.isnan(deviations).any(axis=0))


def _placed(known: Flags, values: npt.NDArray[np.generic], other: float) -> npt.NDArray[Any]:
    """Return the values at the rows that are known, and the other one elsewhere."""
    placed = np.full(len(known), other, dtype=values.dtype)
    placed[known] = values
    return placed


def _above(overall: FloatArray) -> IntArray:
    rising = np.sort(overall)
    return np.asarray(len(rising) - np.searchsorted(rising, overall + SAME, side="right"), dtype=np.int64)


def _runs(overall: FloatArray, reach: float) -> tuple[IntArray, IntArray]:
    """Return the rows from best to worst, and for each of them the place of the last one within its reach."""
    order = np.argsort(-overall, kind="stable")
    falling = overall[order]
    last = np.searchsorted(-falling, -(falling - reach - SAME), side="right") - 1
    return order, np.maximum.accumulate(last)


def _letters(last: IntArray) -> tuple[list[str], str]:
    """Return the tie groups of each place, and those of a row that is in all: the longest runs of rows in reach."""
    places = np.arange(len(last))
    starts = np.flatnonzero(np.diff(last, prepend=-1) > 0)  # a run that ends with the one before it is inside of it
    first_group = np.searchsorted(last[starts], places, side="left")
    last_group = np.searchsorted(starts, places, side="right") - 1
    named = [_span(int(one), int(other)) for one, other in zip(first_group, last_group, strict=True)]
    return named, _span(0, max(len(starts) - 1, 0))


def _span(first: int, last: int) -> str:
    if last - first < MOST_LETTERS and last < 26:
        return "".join(map(letter, range(first, last + 1)))
    return letter(first) if first == last else f"{letter(first)}-{letter(last)}"


def letter(number: int) -> str:
    """Return the name of a tie group: a to z, then a2, b2 and so on, as "ab" is two groups."""
    before, own = divmod(number, 26)
    return chr(ord("a") + own) + (str(before + 1) if before else "")


def _chances(overall: FloatArray, deviations: Float32Array) -> FloatArray:
    """Return the share of draws in which each row comes out best; rows that tie in a draw share it."""
    won = np.zeros(len(overall))
    if not won.size:
        return won
    step = max(1, CHUNK // len(overall))
    for start in range(0, len(deviations), step):
        drawn = deviations[start : start + step] + overall.astype(np.float32)
        first = drawn >= drawn.max(axis=1, keepdims=True) - SAME_DRAWN
        won += (first / first.sum(axis=1, keepdims=True)).sum(axis=0)
    return won / len(deviations)


def _corrected(overall: FloatArray, deviations: Float32Array) -> FloatArray:
    """Return each mean less what chance is expected to have added to whoever comes out at that place.

    Draws around the means as they were found take the spread that noise made for real, and correct too little; means
    shrunk to their grand mean (empirical Bayes) pull down a row that is really ahead. So: draws around the shrunk
    means, and from each mean the average deviation of the rows that take its place there (analysis/simulations.py),
    but never further than the shrunk mean, and never past the row that comes next.
    """
    if len(overall) < 2:
        return overall.copy()
    draws = deviations[:CORRECTING]
    shrunk = _shrunk(overall, draws)
    drawn = draws + shrunk.astype(np.float32)
    by_place = np.take_along_axis(draws, np.argsort(-drawn, axis=1), axis=1).mean(axis=0, dtype=float)
    order = np.argsort(-overall, kind="stable")
    corrected = overall.copy()
    corrected[order] -= by_place - by_place.mean()
    corrected = np.clip(corrected, np.minimum(shrunk, overall), np.maximum(shrunk, overall))
    corrected[order] = _falling(corrected[order])
    return np.asarray(_even(overall, corrected))


def _falling(values: FloatArray) -> FloatArray:
    """Return values that never rise: the middle of the nearest such line above them and below them."""
    above = np.maximum.accumulate(values[::-1])[::-1]
    return np.asarray((np.minimum.accumulate(values) + above) / 2)


def _even(overall: FloatArray, values: FloatArray) -> FloatArray:
    """Return the values, averaged over rows of equal means, so that their order does not matter."""
    _, which = np.unique(np.round(overall / SAME), return_inverse=True)
    return np.asarray((np.bincount(which, values) / np.bincount(which))[which])


def _shrunk(overall: FloatArray, deviations: Float32Array) -> FloatArray:
    """Return the means drawn towards their grand mean, by the share of their spread that noise explains."""
    free = len(overall) - 1
    grand, spread = overall.mean(), float(overall.var(ddof=1))
    typical = (1 - 2 / (9 * free)) ** 3  # median of a mean square (Wilson & Hilferty); a mean would follow wild draws
    noise = float(np.median(deviations.var(axis=1, ddof=1))) / typical
    kept = max(0.0, 1 - noise / spread) if spread > 0 else 0.0
    return np.asarray(grand + kept * (overall - grand))
