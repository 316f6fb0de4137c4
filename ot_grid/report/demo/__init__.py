"""What this makes of results that there are: the published students of OpenThoughts, ranked by the rules of any grid.

One idea: whoever has trained nothing yet sees the table, with the numbers that convinced people and what these can
tell. Only scores were published, so nothing is paired, and errors are worked out from questions and repeats. It must
not know a rule that reports of one's own cells do not have.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import as_file, files
from pathlib import Path
from statistics import fmean

import numpy as np

from ot_grid.config import RECIPE_GROUPS
from ot_grid.report import scaling, sections
from ot_grid.report.asking import Asked
from ot_grid.report.build import NO_SWEEP, Report, build
from ot_grid.report.grouping import Row
from ot_grid.report.numbers import Numbers, Options, numbers
from ot_grid.report.render import laid_out, wrapped
from ot_grid.report.results import Result
from ot_grid.report.sections import Section, table_of
from ot_grid.report.stats.adjust import holm
from ot_grid.report.table import LEVEL
from ot_grid.store import Store

SCORES = "openthoughts.csv"
# Points: one recipe, trained twice, scored 38.8 (a1_code_code_golf, printed in the paper) and 39.9 (b1_code_top_1).
NOISE = abs(39.9 - 38.8) / 2**0.5
FIRST = 10  # ranks that are shown
INTRODUCTION = (
    "PUBLISHED SCORES: 87 students of OpenThoughts (arXiv:2506.04178), read from their evaluation pages. Errors are "
    "worked out from questions and repeats, and nothing is paired: a grid of your own tells more apart."
)
DRAWS = 200  # for two rows, whose ranks nobody reads
STEP = ("step", "data", "scale")  # what the choices of a step have in common


@dataclass(frozen=True)
class Choice:
    """The best choice of a step against the next best, at one scale; points of percent."""

    step: str
    data: str  # the domain of the questions
    scale: str  # rows trained on
    best: str
    second: str
    difference: float
    half: tuple[float, float]  # of the 95 % interval: with decoding noise alone, and with that of training
    p: tuple[float, float]  # the same, corrected for all choices (Holm)


def report(store: Store) -> Report:
    """Return the report of all published students; the noise of training is in its errors."""
    with as_file(files(__package__) / SCORES) as path:
        return build(store, NO_SWEEP, Asked(scores=Path(path), training_noise=NOISE))


def choices(made: Report) -> list[Choice]:
    """Return each step that was published with two choices or more at a scale, flagged students left out."""
    assert made.behind
    steps: defaultdict[tuple[str, ...], list[Result]] = defaultdict(list)
    for result in made.behind.results:
        if result.ranked and result.cell.coordinates["step"] != "published":
            steps[tuple(result.cell.coordinates[name] for name in STEP)].append(result)
    pairs = {step: _pair(own) for step, own in steps.items() if len(own) > 1}
    alone, p_alone = _compared(pairs.values(), None)
    trained, p_trained = _compared(pairs.values(), NOISE)
    compared = [
        _choice(step, pair, (alone[place], trained[place]), (p_alone[place], p_trained[place]))
        for place, (step, pair) in enumerate(pairs.items())
    ]
    order = {name: place for place, name in enumerate(RECIPE_GROUPS)}
    return sorted(compared, key=lambda each: (order[each.step], each.data, -(scaling.sized(each.scale) or 0)))


def _pair(results: Sequence[Result]) -> list[Row]:
    """Return the two rows with the highest means, the best first."""
    best = sorted(results, key=lambda result: -fmean(each.score for each in result.benchmarks))
    return [Row({}, (result,)) for result in best[:2]]


def _compared(pairs: Iterable[Sequence[Row]], noise: float | None) -> tuple[list[Numbers], list[float]]:
    """Return the numbers of each pair, and the p of its difference, corrected for how many pairs there are."""
    found = []
    for pair in pairs:
        made = numbers(pair, pair[0], Options(draws=DRAWS, training_noise=noise))
        assert made
        found.append(made)
    return found, holm(np.array([float(made.p[1]) for made in found])).tolist()


def _choice(
    step: tuple[str, ...], pair: Sequence[Row], found: tuple[Numbers, Numbers], adjusted: tuple[float, float]
) -> Choice:
    halves = []
    for each in found:
        assert each.differences
        halves.append(50 * float(each.differences.high[1] - each.differences.low[1]))
    best, second = (row.cell.coordinates["choice"] for row in pair)
    gap = 100 * float(found[0].mean[0] - found[0].mean[1])
    return Choice(step[0], step[1], step[2], best, second, gap, (halves[0], halves[1]), adjusted)


def section(choices: Sequence[Choice]) -> Section:
    """Return the choices as a table of words."""
    return table_of(
        "CHOICES: the best of each step against the next best at the same number of rows, in points",
        {
            "step": (False, [f"{choice.step.replace('_', ' ')}, {choice.data}" for choice in choices]),
            "rows": (True, [choice.scale for choice in choices]),
            "best": (False, [choice.best for choice in choices]),
            "next": (False, [choice.second for choice in choices]),
            "gap": (True, [f"{choice.difference:.1f}" for choice in choices]),
            "±": (False, [f"± {choice.half[0]:.1f}" for choice in choices]),
            "trained": (False, [f"± {choice.half[1]:.1f}" for choice in choices]),
            "resolved": (False, [_resolved(choice) for choice in choices]),
        },
    )


def _resolved(each: Choice) -> str:
    """Return whether a gap is larger than chance explains, among all; or than that of decoding alone."""
    alone, trained = (p < LEVEL for p in each.p)
    return "yes" if trained else "decoding" if alone else "no"


def conclusion(found: Sequence[Choice]) -> Iterator[str]:
    """Yield what the choices come to."""
    alone = sum(choice.p[0] < LEVEL for choice in found)
    trained = sum(choice.p[1] < LEVEL for choice in found)
    yield (
        f"{alone} of {len(found)} are resolved (Holm, 95 %) by decoding noise alone, which is the error that tables "
        f"print; {trained} with the noise of training too, {NOISE:.1f} points: one recipe, trained twice, scored 38.8 "
        "and 39.9."
    )


def text(made: Report) -> str:
    """Return what there is to say, for a terminal of 100 columns: the first ranks, broken students, the choices."""
    compared, broken = choices(made), sections.unranked(made.table)
    lines = wrapped([INTRODUCTION, f"Result: {made.verdict.sentence}"])
    lines += ["", f"RANKED: the first {FIRST} of {len(made.table) - len(broken)}; scores in percent"]
    lines += laid_out(_first(made))
    lines += ["", f"NOT RANKED: {len(broken)} students look broken"]
    lines += wrapped([f"{cell.partition(' is ')[0]}: {_cause(cause)}" for cell, cause in broken])
    lines += ["", section(compared).title, *laid_out(section(compared)), *wrapped(conclusion(compared))]
    return "\n".join(lines)


def _first(made: Report) -> Section:
    table = made.table[made.table["rank"].notna()].head(FIRST)
    between = zip(table["rank_low"], table["rank_high"], strict=True)
    ends = zip(table["low"], table["high"], strict=True)
    return table_of(
        "",
        {
            "rank": (True, sections.ranks(table)),
            "student": (False, list(table["cell"])),
            "of ranks": (True, [f"{low}-{high}" for low, high in between]),
            "tie": (False, list(table["group"])),
            "rows": (True, list(table["scale"])),
            "mean": (True, [sections.percent(each) for each in table["mean"]]),
            "95 %": (False, [f"{low:.1f} to {high:.1f}" for low, high in ends]),
        },
    )


def _cause(cause: str) -> str:
    """Return why a student looks broken, without how to accept it."""
    return cause.partition("; look at it")[0]
