"""Evaluations that look broken: each benchmark of a cell against the same benchmark in the other cells.

One idea: a broken evaluation must not win, lose or be the measure of others, and a worse student must not be called
broken. So a flag takes three things together: a margin far beyond what recipes do, distance from the siblings' own
spread, and a test that hardly ever fires by chance; what all cells with one choice have is the choice's effect. Of two
cells the margin is larger. What no student does (many empty, unjudged or identical replies) is flagged whatever the
siblings have. A cell alone is never flagged for being cut: a rehearsal or a small limit cuts nearly all of everyone's.
Published scores have no replies to look at, and are judged by how they stand to each other. Along the scale `scaling`
judges.

Of simulated healthy sweeps with 8 benchmarks, 100 of each shape, none of 27, 9 or 2 x 2 cells had a flag, of two cells
2, of three cells 4: such sweeps of one factor have no other choice to explain a difference. Of the 87 published rows
one has a flag; of their 3,741 pairs 17 had one, all for one weak row. It must not change a number.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from ot_grid.report import collapse, scaling, unpaired
from ot_grid.report.align import stacked
from ot_grid.report.matrices import BenchmarkResult
from ot_grid.report.results import Flag, Result
from ot_grid.report.siblings import Alike, Ints, middles
from ot_grid.report.statistics import binomial_tail, se_mean, wilson
from ot_grid.report.stats.student import FloatArray

LEVEL = 0.001  # of all tests of a sweep together (Bonferroni)
SPREADS = 5.0  # robust standard deviations of the siblings' log-odds: shares differ by factors, not by points
BLUR = 0.01  # added to a share and to what it leaves: none and one in a hundred are much the same
LEAST_SPREAD = 0.5  # of log-odds; a few siblings can agree by chance
HALF = 0.5  # of the replies: siblings with so much are alike
LONG = 50  # tokens: shorter replies may be the same twice without a fault
PROFILES = ("domain", "data", *scaling.ROWS)  # factors that change which benchmarks a student is good at
FEW = 30  # questions: of fewer a recipe can lose most and be sound, so only what goes to nearly nothing looks broken


@dataclass(frozen=True)
class Gate:
    """A share that an evaluation may have too much of."""

    name: str  # the field of `BenchmarkResult`
    margin: float  # above the siblings' median, at least
    pair: float  # the margin where there is one sibling, which has no spread to go by
    ceiling: float  # too much, however little is known of siblings
    words: str
    absolute: bool  # whether the ceiling holds whatever the siblings have


GATES = (
    Gate("cut", 0.30, 0.50, 0.95, "of the replies were stopped by the token limit", False),
    Gate("unextracted", 0.30, 0.50, 0.95, "of the replies have no answer that could be found", False),
    Gate("empty", 0.05, 0.15, 0.30, "of the replies are empty", True),
    Gate("ungraded", 0.05, 0.15, 0.20, "of the replies could not be judged", True),
    Gate("identical", 0.20, 0.30, 0.50, "of the questions have the same reply in all repeats, to the byte", True),
)


def flags(results: Sequence[Result], *, rehearsed: bool = False) -> list[Flag]:
    """Return every evaluation that looks broken, with the reason in words, in the order of the cells.

    In a rehearsal no fall is one: a tiny student on a few questions can fall anywhere.
    """
    found = [*_shares(results), *(() if rehearsed else (*_collapsed(results), *scaling.flags(results)))]
    place = {result.cell.id: number for number, result in enumerate(results)}
    return sorted(found, key=lambda flag: place[flag.cell])


def flagged(results: Sequence[Result], accepted: Sequence[tuple[str, str]], *, rehearsed: bool = False) -> list[Result]:
    """Return the results with their flags; those of (cell, benchmark) in `accepted` keep nothing from its rank."""
    found: defaultdict[str, list[Flag]] = defaultdict(list)
    for flag in flags(results, rehearsed=rehearsed):
        found[flag.cell].append(replace(flag, accepted=(flag.cell, flag.benchmark) in accepted))
    return [replace(result, flags=tuple(found[result.cell.id])) for result in results]


def _shares(results: Sequence[Result]) -> Iterator[Flag]:
    done: defaultdict[str, dict[int, BenchmarkResult]] = defaultdict(dict)
    for place, result in enumerate(results):
        for each in result.benchmarks:
            if each.done:
                done[each.name][place] = each
    level, alike = LEVEL / max(1, sum(map(len, done.values())) * len(GATES)), Alike(results)
    for name, gate in product(done, GATES):
        peers = _Peers.of(gate, done[name], len(results))
        for cell in peers.conspicuous():
            reason = _reason(peers, cell, alike, level)
            if reason:
                yield Flag(results[cell].cell.id, name, gate.name, reason)


@dataclass(frozen=True, eq=False)
class _Peers:
    """One share of one benchmark in all cells."""

    gate: Gate
    cells: Mapping[int, BenchmarkResult]  # by their place
    shares: FloatArray  # by the place of the cell; nan where there is none
    same: Ints  # a number for each evaluation: cells may have one together, and are no siblings in it

    @classmethod
    def of(cls, gate: Gate, cells: Mapping[int, BenchmarkResult], size: int) -> _Peers:
        shares, same = np.full(size, np.nan), np.full(size, -1)
        number = {id(each): at for at, each in enumerate(cells.values())}
        for place, each in cells.items():
            shares[place], same[place] = float(getattr(each, gate.name)), number[id(each)]
        return cls(gate, cells, shares, same)

    def others(self, cell: int) -> FloatArray:
        """Return the shares of the siblings of a cell by their places, nan where there is none."""
        return np.where(self.same == self.same[cell], np.nan, self.shares)

    def conspicuous(self) -> Iterator[int]:
        """Yield the cells that are worth a closer look: the first of the conditions in `_reason`, for all at once."""
        copies = np.bincount(self.same[self.same >= 0], minlength=1)[self.same]
        low, high = middles(self.shares, copies)
        own, gate = self.shares, self.gate
        above = own - (low + high) / 2 > min(gate.margin, gate.pair)
        yield from np.flatnonzero((own >= gate.ceiling) | above | np.isnan(low) & (own >= 0)).tolist()


def _reason(peers: _Peers, cell: int, alike: Alike, level: float) -> str:
    """Say why a cell has too much of something, or nothing."""
    gate, result, own = peers.gate, peers.cells[cell], float(peers.shares[cell])
    if gate.name == "identical" and (result.output_tokens < LONG or result.empty > HALF):
        return ""  # short replies and empty ones may be the same in all repeats
    others = peers.others(cell)
    shares = others[~np.isnan(others)]
    finding = f"{100 * own:.1f} % {gate.words}"
    if not shares.size:
        return finding if _too_many(gate, result) else ""
    if not (gate.absolute and own >= gate.ceiling) and not (
        _far(gate, own, shares, [others[group] for group in alike[cell]])
        and _chance(own, result, shares, sum(len(peers.cells[at].questions) for at in np.flatnonzero(others >= 0)))
        < level
    ):
        return ""
    line = f"{100 * np.median(shares):.1f} %"
    return (
        f"{finding}; in the {shares.size} other cells {line} (median)"
        if shares.size > 1
        else f"{finding}; in the other cell {line}"
    )


def _too_many(gate: Gate, result: BenchmarkResult) -> bool:
    """Whether a share without siblings is past its ceiling.

    A student that is always cut may only have a small limit, as in a rehearsal; one that ends its replies by itself
    and has next to no answer that could be found was read with the wrong eyes.
    """
    ends = gate.name == "unextracted" and result.cut < HALF
    return float(getattr(result, gate.name)) >= gate.ceiling and (gate.absolute or ends)


def _far(gate: Gate, own: float, shares: FloatArray, groups: Sequence[FloatArray]) -> bool:
    """Whether a share is out of line with the siblings' and no choice explains it."""
    margin = gate.margin if shares.size > 1 else gate.pair
    nearly_all = own >= gate.ceiling and np.sort(shares)[shares.size // 2] < HALF
    if not nearly_all and not (own - np.median(shares) > margin and _odd(own, shares)):
        return False
    known = [group[~np.isnan(group)] for group in groups]
    return not any(own - np.median(group) <= margin for group in known if group.size)


def _chance(own: float, each: BenchmarkResult, shares: FloatArray, asked: int) -> float:
    """Return the chance of a share if nothing is broken; replies to one question are no independent draws."""
    hits, drawn, line = math.floor(own * len(each.questions)), len(each.questions), float(np.median(shares))
    if shares.size == 1:
        return _fisher(hits, drawn, math.ceil(line * asked), asked)
    return binomial_tail(hits, drawn, wilson(line * asked, asked)[1])


def _fisher(hits: int, drawn: int, other_hits: int, other_drawn: int) -> float:
    """Return the one-sided p of Fisher's exact test: so many of all hits or more fall to the first of two samples."""
    total = hits + other_hits
    ways = sum(
        math.comb(drawn, first) * math.comb(other_drawn, total - first) for first in range(hits, min(drawn, total) + 1)
    )
    return ways / math.comb(drawn + other_drawn, total)


def _odd(own: float, others: FloatArray) -> bool:
    """Whether a share lies far outside the siblings' own spread, as log-odds."""
    odds = np.log((np.append(others, own) + BLUR) / (1 - np.append(others, own) + BLUR))
    above = odds - np.median(odds[:-1])
    return bool(above[-1] > SPREADS * max(LEAST_SPREAD, 1.4826 * np.median(np.abs(above[:-1]))))


def _collapsed(results: Sequence[Result]) -> Iterator[Flag]:
    """Yield the scores that collapsed: among all cells, and among those of one domain of data and one scale.

    Another domain or scale gives students another profile, in which a fall would drown.
    """
    groups: defaultdict[tuple[str, ...], list[Result]] = defaultdict(list)
    for result in results:
        groups[tuple(result.cell.coordinates.get(name, "") for name in PROFILES)].append(result)
    found: dict[tuple[str, str], Flag] = {}
    for group in (results, *(groups.values() if len(groups) > 1 else ())):
        for flag in _collapsed_among(group):
            found.setdefault((flag.cell, flag.benchmark), flag)
    yield from found.values()


def _collapsed_among(results: Sequence[Result]) -> Iterator[Flag]:
    names = list(dict.fromkeys(each.name for result in results for each in result.benchmarks))
    done = [result.done for result in results]
    scores = np.full((len(results), len(names)), np.nan)
    for (row, column), _ in np.ndenumerate(scores):
        if names[column] in done[row]:
            scores[row, column] = 100 * done[row][names[column]].score
    errors = _Errors(done)
    for fall in collapse.falls(scores, Alike(results), lambda row, column: errors.of(row, names[column])):
        own, others = scores[fall.row, fall.column], np.delete(scores[:, fall.column], fall.row)
        if 0 < done[fall.row][names[fall.column]].asked < FEW and own >= collapse.NOUGHT * fall.expected:
            continue
        line = f"the other cells {np.nanmedian(others):.1f} (median)"
        if np.count_nonzero(~np.isnan(others)) == 1:
            line = f"the other cell {np.nanmedian(others):.1f}"
        by = f"by its other benchmarks, which are in line, this cell would have {fall.expected:.1f}"
        reason = f"scored {own:.1f}; {line}, and {by}"
        yield Flag(results[fall.row].cell.id, names[fall.column], "collapse", reason)


class _Errors:
    """Standard errors of scores' differences to the other cells, in points: paired, where questions are known."""

    def __init__(self, done: Sequence[Mapping[str, BenchmarkResult]]) -> None:
        self._done = done
        self._means: dict[str, FloatArray] = {}

    def of(self, row: int, name: str) -> float:
        """Return that of one score, infinite where nothing says how sure it is."""
        cells = [each[name] for each in self._done if name in each]
        own = sum(name in each for each in self._done[:row])
        if any(each.published for each in cells):
            return _unpaired(cells[own], [each for each in cells if each is not cells[own]])
        if name not in self._means:
            self._means[name] = stacked(cells)[1]
        means = self._means[name]
        difference = means[own] - np.delete(means, own, axis=0).mean(axis=0)
        error = se_mean(difference)
        return math.inf if math.isnan(error) else 100 * max(error, 0.5 / difference.size)  # half a question at least


def _unpaired(own: BenchmarkResult, others: Sequence[BenchmarkResult]) -> float:
    """Return the standard error of a score's difference to the mean of others, of which not all have questions."""
    known = [variance for each in others if not math.isnan(variance := unpaired.of_any(each))]
    error = math.sqrt(unpaired.of_any(own) + math.fsum(known) / len(known) ** 2) if known else math.nan
    return math.inf if math.isnan(error) else 100 * error
