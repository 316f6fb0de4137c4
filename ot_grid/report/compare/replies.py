"""How the replies of two cells differ, question by question and as a whole.

One idea: a matrix tells of every reply how it ended, how long it is and what was found in it; that is counted here, and
no text is read. It must not test anything.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ot_grid.report.compare.sides import Row

SAME = 1e-12  # question means closer than this are equal: sums of binary fractions


@dataclass(frozen=True)
class Facts:
    """How the replies to one benchmark came, in means and in percent of replies."""

    replies: int
    output_tokens: float
    characters: float
    cut: float  # stopped by the token limit
    unextracted: float  # judged, but no answer was found
    ungraded: float  # the grader could not judge; they count as wrong
    empty: float


def facts(rows: Sequence[Row]) -> Facts:
    """Return how replies came."""
    return Facts(
        len(rows),
        float(np.mean([row["output_tokens"] or 0 for row in rows])),
        float(np.mean([row["characters"] for row in rows])),
        _percent(row["finish_reason"] == "length" for row in rows),
        _percent(row["extracted"] is None and row["score"] is not None for row in rows),
        _percent(row["score"] is None for row in rows),
        _percent(row["characters"] == 0 for row in rows),
    )


def _percent(which: object) -> float:
    return 100 * float(np.mean(list(which)))  # type: ignore[call-overload]


@dataclass(frozen=True)
class Pair:
    """One question as both answered it, the repeats in order."""

    benchmark: str
    question: str
    one: Sequence[Row]
    other: Sequence[Row]

    @property
    def gap(self) -> float:
        """The mean score of the first less that of the other; 0 where they are equal."""
        gap = share(self.one) - share(self.other)
        return gap if abs(gap) > SAME else 0.0


def share(rows: Sequence[Row]) -> float:
    """Return the mean score of the repeats of a question; what could not be judged counts as wrong."""
    return float(np.mean([row["score"] or 0.0 for row in rows]))


def pairs(benchmark: str, one: Sequence[Row], other: Sequence[Row]) -> list[Pair]:
    """Return the questions that both answered."""
    mine, theirs = _by_question(one), _by_question(other)
    return [Pair(benchmark, name, mine[name], theirs[name]) for name in sorted(mine.keys() & theirs.keys())]


def _by_question(rows: Sequence[Row]) -> Mapping[str, list[Row]]:
    found: defaultdict[str, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row["repeat"]):
        found[row["question"]].append(row)
    return found


def outcome(found: Sequence[Pair]) -> tuple[int, int, int]:
    """Return how many questions the first won, lost and tied."""
    signs = Counter(int(np.sign(pair.gap)) for pair in found)
    return signs[1], signs[-1], signs[0]


def chosen(found: Sequence[Pair], most: int) -> tuple[list[Pair], list[Pair]]:
    """Return the questions that the first won by the most, and those it lost by the most; ties by name."""
    won = sorted((pair for pair in found if pair.gap > 0), key=lambda pair: -pair.gap)
    lost = sorted((pair for pair in found if pair.gap < 0), key=lambda pair: pair.gap)
    return won[:most], lost[:most]
