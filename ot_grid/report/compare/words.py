"""A comparison as tables of words, and what must be said beside them.

One idea: text and Markdown show the same tables, which the report's own forms lay out. It must not compute a number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from ot_grid.report.compare import visible
from ot_grid.report.compare.numbers import Compared, Estimate
from ot_grid.report.compare.recipes import Recipes, StagePair
from ot_grid.report.compare.replies import Facts
from ot_grid.report.compare.sides import Side
from ot_grid.report.render import Page
from ot_grid.report.sections import Section, duration, percent, whole

SETTINGS = 12  # fields of the recipe that text shows; JSON has all
NAME, VALUE = 44, 24  # columns of text
BENCHMARK = 30


def page(compared: Compared) -> Page:
    """Return what text and Markdown show before the examples."""
    one, other = compared.sides
    banner = list(dict.fromkeys(f"REHEARSAL: {line}" for side in compared.sides for line in side.sweep.banner))
    heading = {
        "A": _named(one),
        "B": _named(other),
        "A - B": _overall(compared),
    }
    sections = [*_recipes(compared.recipes), _cost(one, other), *_scores(compared)]
    return Page(heading, banner, sections, [], list(_notes(compared)))


def _named(side: Side) -> str:
    return f"{side.cell.id} ({side.cell.label or 'no coordinates'}) of sweep {side.sweep.name}"


def _overall(compared: Compared) -> str:
    overall = compared.overall
    if overall is None:
        return "no benchmark that both have done, so no scores to compare"
    of = f"{len(compared.benchmarks)} benchmark{'s' * (len(compared.benchmarks) > 1)}"
    return (
        f"{between(overall.difference)} points, mean of {of}; p = {p_value(overall.p)}: {overall.verdict}"
        f"{' (A is better)' if overall.winner == 'A' else ' (B is better)' if overall.winner == 'B' else ''}"
    )


def between(found: Estimate) -> str:
    """Return a difference with its interval."""
    if math.isnan(found.low):
        return f"{found.mean:+.1f} [?]"
    return f"{found.mean:+.1f} [{found.low:+.1f}, {found.high:+.1f}]"


def _score(found: Estimate) -> str:
    return f"{found.mean:.1f} [{found.low:.1f}, {found.high:.1f}]"


def p_value(p: float) -> str:
    """Return a p-value to three digits after the point."""
    return "?" if math.isnan(p) else "<0.001" if p < 0.001 else f"{p:.3f}"


def _recipes(recipes: Recipes) -> Iterator[Section]:
    rows = [[each.name, _value(each.one), _value(each.other)] for each in recipes.coordinates]
    rows += [[_field(each.name), _value(each.one), _value(each.other)] for each in recipes.settings[:SETTINGS]]
    left = len(recipes.settings) - SETTINGS
    rows += [[f"and {left} more fields, see --json", "", ""]] if left > 0 else []
    yield Section("RECIPES: in what they differ", ["setting", "A", "B"], rows or [["nothing", "-", "-"]], [False] * 3)
    title = f"STAGE RUNS: {len(recipes.shared)} shared; {_parting(recipes.own)}"
    own = [[_stage(each), _value(each.one or "-"), _value(each.other or "-")] for each in _folded(recipes.own)]
    yield Section(title, ["stage", "A", "B"], own or [["none of its own", "-", "-"]], [False] * 3)


def _parting(own: Sequence[StagePair]) -> str:
    return f"they part at {_stage(own[0])}" if own else "all of them"


def _stage(found: StagePair) -> str:
    return found.stage + (f" ({found.branch})" if found.branch else "")


def _folded(own: Sequence[StagePair]) -> Iterator[StagePair]:
    """Yield stage runs, those of one stage and the same labels on both sides as one."""
    counts: dict[tuple[str, str], int] = {}
    for pair in own:
        if pair.one == pair.other:
            counts[pair.stage, pair.branch] = counts.get((pair.stage, pair.branch), 0) + 1
    for pair in own:
        alike = counts.get((pair.stage, pair.branch), 0)
        if pair.one != pair.other or alike == 1:
            yield pair
        elif alike:
            counts[pair.stage, pair.branch] = 0
            yield StagePair(pair.stage, pair.branch, f"{alike} runs", f"{alike} runs")


def _field(name: str) -> str:
    return name if len(name) <= NAME - 4 else "…" + name[-(NAME - 5) :]


def _value(text: str) -> str:
    return visible.line(text, VALUE)


def _cost(one: Side, other: Side) -> Section:
    rows = [
        ["stage runs", *_numbers(len(one.cell.runs), len(other.cell.runs))],
        ["rows trained on", *_numbers(one.result.rows, other.result.rows)],
        ["tokens bought", *_numbers(one.result.tokens, other.result.tokens)],
        ["... by its own stage runs", *_numbers(one.own.tokens, other.own.tokens)],
        ["time", *_times(one.result.seconds, other.result.seconds)],
        ["... of its own stage runs", *_times(one.own.seconds, other.own.seconds)],
    ]
    return Section(
        "COST: what the cells share counts in both", ["", "A", "B", "A - B"], rows, [False, True, True, True]
    )


def _numbers(one: int | None, other: int | None) -> list[str]:
    if one is None or other is None:
        return ["-" if each is None else whole(each) for each in (one, other)] + ["-"]
    return [whole(one), whole(other), f"{one - other:+,}"]


def _times(one: float, other: float) -> list[str]:
    gap = one - other
    return [duration(one), duration(other), ("-" if gap < 0 else "+") + duration(abs(gap))]


def _scores(compared: Compared) -> Iterator[Section]:
    if compared.overall is None:
        return
    every = [*compared.benchmarks, compared.overall]
    yield Section(
        "SCORES: percent with 95 % intervals, and the paired difference",
        ["benchmark", "A", "B", "A - B"],
        [[_benchmark(e.benchmark), _score(e.one), _score(e.other), between(e.difference)] for e in every],
        [False, True, True, True],
    )
    yield Section(
        "QUESTIONS: won by A, lost, tied; p, and by Holm over the benchmarks",
        ["benchmark", "questions", "repeats", "won", "lost", "tied", "p", "Holm", "test", "verdict"],
        [
            [_benchmark(e.benchmark), whole(e.questions), e.repeats, *map(whole, (e.won, e.lost, e.tied)),
             p_value(e.p), p_value(e.p_adjusted) if e.benchmark else "-", e.test, e.verdict]
            for e in every
        ],
        [False, *[True] * 7, False, False],
    )  # fmt: skip
    yield _replies(compared)


def _benchmark(name: str) -> str:
    return visible.line(name, BENCHMARK) if name else "all"


def _replies(compared: Compared) -> Section:
    rows = [
        [_benchmark(each.benchmark), letter, *_facts(found)]
        for each in compared.benchmarks
        for letter, found in (("A", each.one_replies), ("B", each.other_replies))
    ]
    headers = ["benchmark", "cell", "replies", "tokens", "characters", "cut", "no answer", "ungraded", "empty"]
    title = "REPLIES: means; cut, no answer, ungraded, empty in percent of replies"
    return Section(title, headers, rows, [False, False, *[True] * 7])


def _facts(found: Facts) -> list[str]:
    shares = map(percent, (found.cut, found.unextracted, found.ungraded, found.empty))
    return [whole(found.replies), whole(found.output_tokens), whole(found.characters), *shares]


def _notes(compared: Compared) -> Iterator[str]:
    yield from compared.lacking
    yield from compared.flags
    yield from compared.said
    if compared.overall is not None:
        yield (
            "Differences are A - B, paired by question, in points of percent; the scores beside them are over the same "
            "questions. The overall difference is of the plain mean of the benchmarks, each weighing the same."
        )
        yield (
            "Noise covered: which questions were asked, and decoding. Not covered: training seeds, so a resolved "
            "difference says that these two students differ, not that the recipes would again."
        )
    if any(side.sweep.banner for side in compared.sides):
        yield "Rehearsal: the numbers show that the grid works; they say nothing about the models stood in for."
