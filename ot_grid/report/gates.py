"""Evaluations that look broken: each benchmark of a cell against the same benchmark in the other cells.

One idea: a broken evaluation must not win, lose or be the measure of others, and a worse student must not be called
broken. So a flag takes three things together: a margin far beyond what recipes do, distance from the siblings' own
spread, and a test that hardly ever fires by chance; what all cells with one choice have is the choice's effect. Of two
cells the margin is larger. What no student does (many empty, unjudged or identical replies) is flagged whatever the
siblings have. A cell alone is never flagged for being cut: a rehearsal or a small limit cuts nearly all of everyone's.

Of simulated healthy sweeps with 8 benchmarks, 100 of each shape, none of 27, 9 or 2 x 2 cells had a flag, of two cells
2, of three cells 4: such sweeps of one factor have no other choice to explain a difference. Of the 87 published rows
one has a flag; of their 3,741 pairs 17 had one, all for one weak row. It must not change a number.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median, median_high

import numpy as np

from ot_grid.report import collapse
from ot_grid.report.matrices import Benchmark
from ot_grid.report.pairs import averaged, paired
from ot_grid.report.results import Flag, Result
from ot_grid.report.statistics import binomial_tail, score, se_mean, wilson

LEVEL = 0.001  # of all tests of a sweep together (Bonferroni)
SPREADS = 5.0  # robust standard deviations of the siblings' log-odds: shares differ by factors, not by points
BLUR = 0.01  # added to a share and to what it leaves: none and one in a hundred are much the same
LEAST_SPREAD = 0.5  # of log-odds; a few siblings can agree by chance
HALF = 0.5  # of the replies: siblings with so much are alike
LONG = 50  # tokens: shorter replies may be the same twice without a fault


@dataclass(frozen=True)
class Gate:
    """A share that an evaluation may have too much of."""

    name: str  # the field of `Benchmark`
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


def flags(results: Sequence[Result]) -> list[Flag]:
    """Return every evaluation that looks broken, with the reason in words, in the order of the cells."""
    found = [*_shares(results), *_collapsed(results)]
    place = {result.cell.id: number for number, result in enumerate(results)}
    return sorted(found, key=lambda flag: place[flag.cell])


def flagged(results: Sequence[Result], accepted: Sequence[tuple[str, str]]) -> list[Result]:
    """Return the results with their flags; those of (cell, benchmark) in `accepted` keep nothing from its rank."""
    found = [replace(flag, accepted=(flag.cell, flag.benchmark) in accepted) for flag in flags(results)]
    return [replace(result, flags=tuple(flag for flag in found if flag.cell == result.cell.id)) for result in results]


def _shares(results: Sequence[Result]) -> Iterator[Flag]:
    done: defaultdict[str, dict[str, Benchmark]] = defaultdict(dict)
    for result in results:
        for each in result.benchmarks:
            if each.done:
                done[each.name][result.cell.id] = each
    level = LEVEL / max(1, sum(map(len, done.values())) * len(GATES))
    for result in results:
        alike = _alike(result, results)
        for name, cells in done.items():
            for gate in GATES if result.cell.id in cells else ():
                reason = _reason(gate, result.cell.id, cells, alike, level)
                if reason:
                    yield Flag(result.cell.id, name, gate.name, reason)


def _reason(gate: Gate, cell: str, cells: Mapping[str, Benchmark], alike: Sequence[set[str]], level: float) -> str:
    """Say why a cell has too much of something, or nothing."""
    each, own = cells[cell], _share(gate, cells[cell])
    if gate.name == "identical" and (each.output_tokens < LONG or each.empty > HALF):
        return ""  # short replies and empty ones may be the same in all repeats
    others = {name: share for name, one in cells.items() if one is not each and (share := _share(gate, one)) >= 0}
    told = f"{100 * own:.1f} % {gate.words}"
    if not others:
        return told if _too_many(gate, each) else ""
    if not (gate.absolute and own >= gate.ceiling) and not (
        _far(gate, own, others, alike) and _chance(own, each, others, cells) < level
    ):
        return ""
    line = f"{100 * median(others.values()):.1f} %"
    return (
        f"{told}; in the {len(others)} other cells {line} (median)"
        if len(others) > 1
        else f"{told}; in the other cell {line}"
    )


def _too_many(gate: Gate, each: Benchmark) -> bool:
    """Whether a share without siblings is past its ceiling.

    A student that is always cut may only have a small limit, as in a rehearsal; one that ends its replies by itself
    and has next to no answer that could be found was read with the wrong eyes.
    """
    ends = gate.name == "unextracted" and each.cut < HALF
    return _share(gate, each) >= gate.ceiling and (gate.absolute or ends)


def _far(gate: Gate, own: float, others: Mapping[str, float], alike: Sequence[set[str]]) -> bool:
    """Whether a share is out of line with the siblings' and no choice explains it."""
    shares = list(others.values())
    margin = gate.margin if len(shares) > 1 else gate.pair
    nearly_all = own >= gate.ceiling and median_high(shares) < HALF
    if not nearly_all and not (own - median(shares) > margin and _odd(own, shares)):
        return False
    return not any(own - median(found) <= margin for group in alike if (found := _of(others, group)))


def _chance(own: float, each: Benchmark, others: Mapping[str, float], cells: Mapping[str, Benchmark]) -> float:
    """Return the chance of a share if nothing is broken; replies to one question are no independent draws."""
    hits, drawn, line = math.floor(own * len(each.questions)), len(each.questions), median(others.values())
    asked = sum(len(cells[name].questions) for name in others)
    if len(others) == 1:
        return _fisher(hits, drawn, math.ceil(line * asked), asked)
    return binomial_tail(hits, drawn, wilson(line * asked, asked)[1])


def _fisher(hits: int, drawn: int, other_hits: int, other_drawn: int) -> float:
    """Return the one-sided p of Fisher's exact test: so many of all hits or more fall to the first of two samples."""
    total = hits + other_hits
    ways = sum(
        math.comb(drawn, first) * math.comb(other_drawn, total - first) for first in range(hits, min(drawn, total) + 1)
    )
    return ways / math.comb(drawn + other_drawn, total)


def _share(gate: Gate, each: Benchmark) -> float:
    return float(getattr(each, gate.name))


def _of(shares: Mapping[str, float], cells: set[str]) -> list[float]:
    return [share for cell, share in shares.items() if cell in cells]


def _odd(own: float, others: Sequence[float]) -> bool:
    """Whether a share lies far outside the siblings' own spread, as log-odds."""
    odds, *theirs = (math.log((share + BLUR) / (1 - share + BLUR)) for share in (own, *others))
    line = median(theirs)
    spread = 1.4826 * median(abs(each - line) for each in theirs)
    return odds - line > SPREADS * max(LEAST_SPREAD, spread)


def _alike(result: Result, results: Sequence[Result]) -> list[set[str]]:
    """Return for each choice of a cell that others have too, these others; a choice of all cells tells nothing."""
    groups = [
        {other.cell.id for other in results if other is not result and other.cell.coordinates.get(factor) == choice}
        for factor, choice in result.cell.coordinates.items()
    ]
    return [group for group in groups if 0 < len(group) < len(results) - 1]


def _collapsed(results: Sequence[Result]) -> Iterator[Flag]:
    names = list(dict.fromkeys(each.name for result in results for each in result.benchmarks))
    scores = np.full((len(results), len(names)), np.nan)
    for row, result in enumerate(results):
        for each in result.benchmarks:
            if each.done:
                scores[row, names.index(each.name)] = 100 * score(each.matrix)
    place = {result.cell.id: number for number, result in enumerate(results)}
    alike = [[[place[cell] for cell in group] for group in _alike(result, results)] for result in results]
    for fall in collapse.falls(scores, alike, lambda row, column: _error(results, row, names[column])):
        own, others = scores[fall.row, fall.column], np.delete(scores[:, fall.column], fall.row)
        line = f"the other cells {np.nanmedian(others):.1f} (median)"
        if np.count_nonzero(~np.isnan(others)) == 1:
            line = f"the other cell {np.nanmedian(others):.1f}"
        by = f"by its other benchmarks, which are in line, this cell would have {fall.expected:.1f}"
        reason = f"scored {own:.1f}; {line}, and {by}"
        yield Flag(results[fall.row].cell.id, names[fall.column], "collapse", reason)


def _error(results: Sequence[Result], row: int, name: str) -> float:
    """Return the standard error of a score's paired difference to the other cells, in points."""
    others = [result.means for number, result in enumerate(results) if number != row and name in result.means]
    (difference,) = paired({name: results[row].means[name]}, averaged([{name: each[name]} for each in others])) or [
        np.empty(0)
    ]
    error = se_mean(difference)
    return math.inf if math.isnan(error) else 100 * max(error, 0.5 / difference.size)  # half a question at least
