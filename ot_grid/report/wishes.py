"""What the reader's own wishes did to a report, in words.

One idea: whoever reads a report later must see what it was asked for: other benchmarks, other scores, cells accepted.
It must not change a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from ot_grid.report import scorings
from ot_grid.report.held_out import Look, said
from ot_grid.report.results import Result
from ot_grid.report.selection import View


def banner(view: View) -> Iterator[str]:
    """Yield what must be said before any number."""
    if view.ranking_held_out:
        yield (
            f"HELD OUT: this ranking uses {', '.join(view.ranking_held_out)}, which the recipe holds out, because "
            "--rank-by names it."
        )


def benchmarks(view: View, results: Sequence[Result], looks: Sequence[Look]) -> Iterator[str]:
    """Yield which benchmarks rank, which are held out, and how often those were looked at."""
    if view.named:
        others = f"; not by {', '.join(view.others)}" if view.others else ""
        yield f"Ranked by {', '.join(view.ranking)} alone, as --rank-by or the sweep says{others}."
    elif view.held_out and not view.ranking:
        yield (
            f"No ranking: all benchmarks are held out ({', '.join(view.held_out)}). Rank by some of them with report "
            f"--rank-by {view.held_out[0]}, or have one in the ranking for good: give the command of the sweep again "
            f"with eval.{view.held_out[0]}.held_out=false; nothing runs anew."
        )
    if view.hidden:
        yield (
            f"Held out, not shown: {', '.join(view.hidden)}; ask for them by name: report --held-out {view.hidden[0]} "
            f"({said(looks, view.hidden)})."
        )
    if view.looked:
        yield f"Held out, shown because named: {', '.join(view.looked)}; {said(looks, view.looked)}. This look counts."
    yield from _lacking(view, results)


def _lacking(view: View, results: Sequence[Result]) -> Iterator[str]:
    for name in view.held_out:
        lacking = [(result, each) for result in results for each in result.lacking if each.name == name]
        if lacking and name not in view.ranking:
            result, first = lacking[0]
            yield (
                f"Held out and not done: {name} in {len(lacking)} of {len(results)} cells; of {result.cell.id} it is "
                f"{first.status}: {first.cause}."
            )


def accepted(asked: Sequence[tuple[str, str]], results: Sequence[Result]) -> Iterator[str]:
    """Yield what is ranked although it was flagged, and what was accepted for nothing."""
    flags = [flag for result in results for flag in result.flags]
    for cell, benchmark in dict.fromkeys(asked):
        reasons = [flag.reason for flag in flags if (flag.cell, flag.benchmark) == (cell, benchmark)]
        if reasons:
            yield f"Ranked although flagged, as --accept {cell}:{benchmark} says: {'; '.join(reasons)}."
        else:
            yield f"--accept {cell}:{benchmark} changes nothing: it is not flagged."


def scored(grade: str | None, results: Sequence[Result]) -> Iterator[str]:
    """Yield which benchmarks were read from a later scoring."""
    if grade is not None:
        yield scorings.said(grade, [result.benchmarks for result in results])


def weighed(weights: Mapping[str, float]) -> Iterator[str]:
    """Yield what benchmarks weigh, where not all weigh the same."""
    if weights:
        told = ", ".join(f"{name} {weight:g}" for name, weight in weights.items())
        yield f"Benchmarks weigh 1 in the mean but for {told}, as --weigh says; published tables use the plain mean."
