"""Evaluations that look broken: each benchmark of a cell against the same benchmark in the other cells.

One idea: a broken evaluation must not win, lose or be the measure of others, and a worse student must not be called
broken. So a flag takes three things together: a margin far beyond what recipes do, distance from the siblings' own
spread, and a test that hardly ever fires by chance; what all cells with one choice have is the choice's effect. Of 500
simulated healthy sweeps of 27 cells x 8 benchmarks one had a flag, of small ones up to 2 % (see the tests);
of the 87 published rows one has. It must not change a number.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

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
CEILING = 0.5  # of the replies, where there are no siblings to compare with
FEWEST_SIBLINGS = 2
LONG = 50  # tokens: shorter replies may be the same twice without a fault


@dataclass(frozen=True)
class Gate:
    """A share that an evaluation may have too much of."""

    name: str  # the field of `Benchmark`
    margin: float  # above the siblings' median, at least
    words: str
    absolute: bool  # whether most of the replies are too many, whatever the siblings


GATES = (
    Gate("cut", 0.30, "of the replies were stopped by the token limit", False),
    Gate("unextracted", 0.30, "of the replies have no answer that could be found", False),
    Gate("empty", 0.05, "of the replies are empty", True),
    Gate("ungraded", 0.05, "of the replies could not be judged", True),
    Gate("identical", 0.20, "of the questions have the same reply in all repeats, to the byte", True),
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
    """Say why a cell's share is out of line with that of the other cells, or nothing."""
    each, own = cells[cell], _share(gate, cells[cell])
    if gate.name == "identical" and (each.output_tokens < LONG or each.empty > CEILING):
        return ""  # short replies and empty ones may be the same in all repeats
    others = {name: share for name, one in cells.items() if one is not each and (share := _share(gate, one)) >= 0}
    if len(others) < FEWEST_SIBLINGS:
        return f"{100 * own:.1f} % {gate.words}" if gate.absolute and own > CEILING else ""
    line = median(others.values())
    if not own - line > gate.margin or not _odd(own, list(others.values())):
        return ""
    if any(own - median(found) <= gate.margin for group in alike if (found := _of(others, group))):
        return ""  # the cells that share a choice have as much of it
    asked = sum(len(cells[name].questions) for name in others)  # replies to one question are no independent draws
    chance = binomial_tail(math.floor(own * len(each.questions)), len(each.questions), wilson(line * asked, asked)[1])
    told = f"{100 * own:.1f} % {gate.words}; in the {len(others)} other cells {100 * line:.1f} % (median)"
    return told if chance < level else ""


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
        reason = (
            f"scored {own:.1f}; the other cells {np.nanmedian(others):.1f} (median), and by its other benchmarks, "
            f"which are in line, this cell would have {fall.expected:.1f}"
        )
        yield Flag(results[fall.row].cell.id, names[fall.column], "collapse", reason)


def _error(results: Sequence[Result], row: int, name: str) -> float:
    """Return the standard error of a score's paired difference to the other cells, in points."""
    others = [result.means for number, result in enumerate(results) if number != row and name in result.means]
    (difference,) = paired({name: results[row].means[name]}, averaged([{name: each[name]} for each in others])) or [
        np.empty(0)
    ]
    error = se_mean(difference)
    return math.inf if math.isnan(error) else 100 * max(error, 0.5 / difference.size)  # half a question at least
