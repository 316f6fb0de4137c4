"""The data of a cell as text of 100 columns.

One idea: what a model or a data set wrote stands behind a bar, with nothing in it that acts on a terminal. It must not
choose what is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ot_grid.planning.frozen import FrozenCell
from ot_grid.report.compare import visible
from ot_grid.report.compare.texts import BAR
from ot_grid.report.render import WIDTH
from ot_grid.report.show import StageData
from ot_grid.report.show.rows import ShownRow

TEXT = 1200  # characters of a text that is not shown whole
REASONS = 8


def text(cell: FrozenCell, shown: Sequence[StageData], *, whole: bool = False) -> Iterator[str]:
    """Yield lines: one stage run after the other, its counts, its losses, its examples."""
    yield f"cell {cell.id}  {cell.label}"
    for shelf in shown:
        first, *more = visible.wrapped(_head(shelf), WIDTH - 2)
        yield from ("", first, *(f"  {line}" for line in more))
        for name, count in shelf.reasons[:REASONS]:
            yield from visible.wrapped(f"  dropped {count:,}: {name}", WIDTH)
        if len(shelf.reasons) > REASONS:
            yield f"  and {len(shelf.reasons) - REASONS} more reasons"
        yield from _examples("KEPT", shelf.kept, whole)
        yield from _examples("DROPPED", shelf.dropped, whole)
    if any(shelf.done and not (shelf.kept or shelf.dropped or shelf.hidden) for shelf in shown) and len(shown) > 1:
        yield ""
        yield from visible.wrapped(f"rows of one of them: python -m ot_grid show {cell.id} STAGE [-n 5]", WIDTH)


def _head(each: StageData) -> str:
    name = f"{each.stage} {each.label} [{each.key[:8]}]"
    if not each.done:
        return f"{name}: not done yet"
    if each.hidden:
        return f"{name}: held out; shown only by name, and noted: --held-out {each.label}"
    return f"{name}: {_counts(each.counts) or 'done'}"


def _counts(counts: Mapping[str, Any]) -> str:
    told = [
        f"{name.replace('_', ' ')} {value:,}" if isinstance(value, int) else f"{name.replace('_', ' ')} {value:.3g}"
        for name, value in counts.items()
        if isinstance(value, int | float) and not isinstance(value, bool) and value
    ]
    return ", ".join(told)


def _examples(title: str, pieces: Sequence[ShownRow], whole: bool) -> Iterator[str]:
    if pieces:
        yield f"  {title}"
    for number, piece in enumerate(pieces, 1):
        yield from (f"  {line}" for line in visible.wrapped(f"{number}. {piece.title}", WIDTH - 2))
        for name, said in piece.texts:
            short = visible.shortened(said, None if whole else TEXT)
            if "\n" not in short and len(short) + len(name) < WIDTH - 8:
                yield from (f"     {line}" for line in visible.wrapped(f"{name}: {short}", WIDTH - 5))
                continue
            yield f"     {name}:"
            yield from (f"   {BAR}{line}" for line in visible.wrapped(short, WIDTH - 3 - len(BAR)))
