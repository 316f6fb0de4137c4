"""The numbers of a comparison: scores, paired differences, p-values, question counts.

One idea: only what both cells have is compared, question by question; what one lacks is said in words. Numbers are in
percent. It must not read texts or format words.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ot_grid.report.compare.recipes import Recipes
from ot_grid.report.compare.replies import Facts, Pair, facts, outcome, pairs, share
from ot_grid.report.compare.sides import Row, Shown, Side
from ot_grid.report.stats import adjust, intervals, paired, permutation
from ot_grid.report.stats.suite import Suite

LEVEL = 0.05
RESOLVED, NOT_RESOLVED, EQUAL = "resolved", "not resolved", "equal"
MCNEMAR, PERMUTATION = "McNemar", "permutation"  # exact, of single runs; paired sign flips
REFERENCE = 1  # the second row of a suite: differences are A - B


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval; nan where the data cannot give one."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True)
class ScoredBenchmark:
    """What one benchmark, or all of them, say of both cells."""

    benchmark: str  # "" of all
    one: Estimate
    other: Estimate
    difference: Estimate
    p: float
    p_adjusted: float  # by Holm over the benchmarks; of all together it is p
    test: str
    questions: int
    repeats: str
    won: int
    lost: int
    tied: int

    @property
    def verdict(self) -> str:
        """Whether the data can tell the two apart."""
        if not self.won and not self.lost:
            return EQUAL
        return RESOLVED if self.p_adjusted < LEVEL else NOT_RESOLVED

    @property
    def winner(self) -> str:
        """The letter of the better cell, where that is resolved."""
        return "" if self.verdict != RESOLVED else "A" if self.difference.mean > 0 else "B"


@dataclass(frozen=True)
class Benchmarked(ScoredBenchmark):
    """One benchmark of both cells."""

    one_replies: Facts
    other_replies: Facts


@dataclass(frozen=True)
class Compared:
    """Everything but texts."""

    sides: tuple[Side, Side]
    recipes: Recipes
    benchmarks: Sequence[Benchmarked]  # those that both have done
    overall: ScoredBenchmark | None
    pairs: Sequence[Pair]
    lacking: Sequence[str]  # what keeps a benchmark from being compared
    flags: Sequence[str]  # what looks broken
    said: Sequence[str]  # what else a reader must know


def compared(sides: tuple[Side, Side], recipes: Recipes, view: Shown) -> Compared:
    """Return the numbers of the benchmarks to be shown."""
    both = [name for name in view.names if _done(sides[0], name) and _done(sides[1], name)]
    rows = {name: (sides[0].rows(name), sides[1].rows(name)) for name in both}
    paired = {name: pairs(name, *each) for name, each in rows.items()}
    common = {name: each for name, each in paired.items() if each}
    suite = _suite(common) if common else None
    return Compared(
        sides,
        recipes,
        _benchmarks(suite, common, rows) if suite else [],
        _overall(suite, common) if suite else None,
        [pair for each in common.values() for pair in each],
        [*_lacking(sides, view), *(f"{name}: the cells share no question." for name in both if name not in common)],
        list(_flags(sides, view)),
        list(_said(sides, view, {name: (each, paired[name]) for name, each in rows.items()})),
    )


def _done(side: Side, name: str) -> bool:
    found = side.benchmark(name)
    return found is not None and found.done


def _suite(common: dict[str, list[Pair]]) -> Suite:
    means = []
    for each in common.values():
        sides = [share(pair.one) for pair in each], [share(pair.other) for pair in each]
        means.append(np.array(sides))
    return Suite(tuple(common), tuple(means), binary=tuple(map(_single, common.values())))


def _single(found: Sequence[Pair]) -> bool:
    """Whether both answered every question once, and each answer is right or wrong."""
    rows = [row for pair in found for row in (*pair.one, *pair.other)]
    return len(rows) == 2 * len(found) and {row["score"] or 0.0 for row in rows} <= {0.0, 1.0}


def _benchmarks(
    suite: Suite, common: dict[str, list[Pair]], rows: dict[str, tuple[list[Row], list[Row]]]
) -> list[Benchmarked]:
    made = [_scored(suite.subset([name]), each) for name, each in common.items()]
    adjusted = adjust.holm(np.array([each.p for each in made]))
    found = []
    for name, each, p in zip(common, made, adjusted, strict=True):
        one, other = map(facts, rows[name])
        found.append(Benchmarked(**{**vars(each), "p_adjusted": float(p)}, one_replies=one, other_replies=other))
    return found


def _overall(suite: Suite, common: dict[str, list[Pair]]) -> ScoredBenchmark:
    every = [pair for each in common.values() for pair in each]
    return replace(_scored(suite, every), benchmark="")


def _scored(suite: Suite, answered: Sequence[Pair]) -> ScoredBenchmark:
    alone = len(suite.names) == 1
    low, high = (
        intervals.score_interval(suite.means[0], binary=suite.binary[0]) if alone else intervals.overall_interval(suite)
    )
    apart = paired.differences(suite, REFERENCE, None, np.ones(2))
    won, lost, tied = outcome(answered)
    mcnemar = alone and suite.binary[0]
    p = permutation.mcnemar(won, lost) if mcnemar else permutation.sign_flip(paired.contributions(suite, REFERENCE))[:1]
    one, other = (_estimate(suite.overall[i], low[i], high[i]) for i in (0, 1))
    return ScoredBenchmark(
        suite.names[0], one, other, _estimate(apart.mean[0], apart.low[0], apart.high[0]), float(np.squeeze(p)),
        float(np.squeeze(p)), MCNEMAR if mcnemar else PERMUTATION, len(answered), _repeats(answered), won, lost, tied,
    )  # fmt: skip


def _estimate(mean: float, low: float, high: float) -> Estimate:
    return Estimate(100 * float(mean), 100 * float(low), 100 * float(high))


def _repeats(found: Sequence[Pair]) -> str:
    seen = sorted({len(rows) for pair in found for rows in (pair.one, pair.other)})
    return str(seen[0]) if len(seen) == 1 else f"{seen[0]}-{seen[-1]}"


def _lacking(sides: tuple[Side, Side], view: Shown) -> Iterator[str]:
    for name in view.names:
        for side in sides:
            found = side.benchmark(name)
            if found is None:
                yield f"{name} is no benchmark of {side.letter} ({side.cell.id}), so it is not compared."
            elif not found.done:
                lacks = f"{name} of {side.letter} ({side.cell.id}) is {found.status}, so it is not compared"
                yield f"{lacks}: {found.cause}."


def _flags(sides: tuple[Side, Side], view: Shown) -> Iterator[str]:
    for side in sides:
        for flag in side.result.flags:
            if flag.benchmark in view.names:
                yield f"{flag.benchmark} of {side.letter} ({side.cell.id}) looks broken: {flag.reason}."


def _said(
    sides: tuple[Side, Side], view: Shown, rows: dict[str, tuple[tuple[list[Row], list[Row]], list[Pair]]]
) -> Iterator[str]:
    for name, ((mine, theirs), found) in rows.items():
        one, other = len({row["question"] for row in mine}), len({row["question"] for row in theirs})
        if not one == other == len(found):
            yield f"{name}: A was asked {one} questions, B {other}; the {len(found)} that both answered count."
        if sides[0].folders[name] == sides[1].folders[name]:
            yield f"{name}: both cells share this evaluation."
    for name in rows:
        grades = [side.benchmark(name).grade for side in sides]  # type: ignore[union-attr]
        if grades[0] != grades[1] or (sides[0].grade and not grades[0]):
            words = [f"as scored {grade!r}" if grade else "as first scored" for grade in grades]
            yield f"{name}: A {words[0]}, B {words[1]}."
    if view.hidden:
        way_in = f"ask for them by name: compare --held-out {view.hidden[0]}"
        yield f"Held out, not shown: {', '.join(view.hidden)}; {way_in}."
    if view.looked:
        yield f"Held out, shown because named: {', '.join(view.looked)}. This look counts."
