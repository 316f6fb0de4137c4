"""What never reached the student or the grader whole: traces and rows cut or dropped, replies without an end.

One idea: a score over rows that were lost is a score of another recipe, so losses above a few percent are said in
words. It must not change a number.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ot_grid.report.results import Result

WORTH_SAYING = 0.02  # of traces or rows
FAULTY = 0.5  # of the replies of every cell: beyond it a score measures length as much as skill


@dataclass(frozen=True)
class Share:
    """How many of a cell's were lost."""

    cell: str
    lost: int
    of: int


def banner(results: Sequence[Result]) -> Iterator[str]:
    """Yield what must be said before any number: that no cell's replies end."""
    shares = [share for result in results if (share := _never_ended(result)) is not None]
    if shares and min(shares) > FAULTY:
        yield (
            f"CUT: in every cell more than half of all replies were stopped by the token limit ({min(shares):.0%} to "
            f"{max(shares):.0%}): the students do not end their turns, or eval.*.sampling.max_tokens is too small."
        )


def _never_ended(result: Result) -> float | None:
    done = [each for each in result.benchmarks if each.done and each.cut == each.cut]
    return sum(each.cut for each in done) / len(done) if done else None


def said(results: Sequence[Result]) -> Iterator[str]:
    """Yield what was lost on the way to the students, where it was more than a few percent in some cell."""
    traces = [Share(r.cell.id, _count(r.losses, "traces_cut"), _count(r.losses, "traces")) for r in results]
    yield from _shares(traces, "of the traces were cut at max_tokens: what format.cut says became of them")
    rows = [Share(r.cell.id, _count(r.losses, "rows_cut"), _all_rows(r.losses)) for r in results]
    yield from _shares(rows, "of the training rows are longer than train.max_length: their ends were not trained")
    dropped = [Share(r.cell.id, _count(r.losses, "rows_dropped"), _all_rows(r.losses)) for r in results]
    yield from _shares(dropped, "of the training rows were dropped: their prompts alone fill train.max_length")


def _shares(shares: Sequence[Share], what: str) -> Iterator[str]:
    worst = max((share for share in shares if share.of), key=lambda share: share.lost / share.of, default=None)
    if worst and worst.lost / worst.of > WORTH_SAYING:
        many = sum(bool(share.of) and share.lost / share.of > WORTH_SAYING for share in shares)
        where = f"{worst.lost / worst.of:.0%}, cell {worst.cell}; {many} cell{'s' if many > 1 else ''}"
        yield f"Lost: up to {worst.lost} of {worst.of} ({where}) {what}."


def _count(losses: Mapping[str, Any], name: str) -> int:
    return int(losses.get(name) or 0)


def _all_rows(losses: Mapping[str, Any]) -> int:
    return _count(losses, "rows") + _count(losses, "rows_dropped")
