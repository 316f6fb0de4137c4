"""What a choice kept, what it dropped, and why.

One idea: every row that went in is accounted for; a row that a function does not return is dropped with that as its
reason. It must not decide which rows to keep.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TypeVar

from ot_grid import tables
from ot_grid.errors import BadInput
from ot_grid.rows import Dropped, Question, Trace

Row = TypeVar("Row", Question, Trace)


def label(row: Question | Trace) -> str:
    """Return what tells a row from all others of its artifact."""
    return f"{row.question.row}#{row.sample}" if isinstance(row, Trace) else row.row


def settle(
    given: Sequence[Row], returned: Iterable[Row | Dropped[Row]], function: str
) -> tuple[list[Row], list[Dropped[Row]]]:
    """Split what a function returned into kept and dropped; raise `BadInput` on a row that is new or comes twice."""
    known, seen = {label(row): row for row in given}, set[str]()
    kept: list[Row] = []
    dropped: list[Dropped[Row]] = []
    for item in returned:
        name = label(item.row if isinstance(item, Dropped) else item)
        if name in seen or name not in known:
            wrong = "twice" if name in seen else "without having been given it"
            raise BadInput(f"{function!r} returned the row {name!r} {wrong}; it must return each row at most once")
        seen.add(name)
        dropped.append(item) if isinstance(item, Dropped) else kept.append(item)
    dropped += [Dropped(row, f"not returned by {function}") for name, row in known.items() if name not in seen]
    return kept, dropped


def write_dropped(out: Path, dropped: Iterable[Dropped[Row]]) -> int:
    """Write `dropped.parquet`."""
    return tables.write_dropped(out, ({"row": label(d.row), "reason": d.reason, "score": None} for d in dropped))


def by_reason(reasons: Iterable[str]) -> dict[str, int]:
    """Count reasons by their part before the colon, the most frequent first."""
    return dict(Counter(reason.partition(":")[0] for reason in reasons).most_common())


def nothing_kept(stage: str, reasons: Sequence[str], way_out: str) -> BadInput:
    """Return the error of a stage that keeps nothing: how many went in, and why they were dropped."""
    why = ", ".join(f"{count} x {reason}" for reason, count in by_reason(reasons).items()) or "none came in"
    return BadInput(f"{stage} keeps none of {len(reasons)} rows ({why}); {way_out}")
