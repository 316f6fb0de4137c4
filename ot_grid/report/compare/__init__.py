"""Two cells in depth: what was done differently, what came of it, and what each of them said.

One idea: all is read off the store, of unfinished cells what both have. It must not write: whoever shows held-out
scores, `held_out`, notes it first (`looks.write`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ot_grid.errors import BadInput, Corrupt
from ot_grid.report import render
from ot_grid.report.compare import examples, numbers, recipes, sides, texts, visible, words
from ot_grid.report.compare.examples import Example
from ot_grid.report.compare.numbers import Compared, ScoredBenchmark
from ot_grid.report.compare.replies import Pair, chosen
from ot_grid.report.compare.sides import Side
from ot_grid.report.compare.texts import Shelf
from ot_grid.store import Store

__all__ = ["Comparison", "build"]

EXAMPLES = 2  # of questions won, and of questions lost


@dataclass(frozen=True)
class Comparison:
    """Two cells, A and B, as numbers, as words and as examples."""

    compared: Compared
    shelves: Sequence[Shelf]
    held_out: Sequence[str]  # the held-out benchmarks whose scores this gives away

    @property
    def complete(self) -> bool:
        """Whether both cells have all the benchmarks that were to be compared."""
        return not self.compared.lacking

    def to_text(self) -> str:
        """Return text of at most 100 columns, in which nothing acts on a terminal."""
        shown = visible.visible(render.text(words.page(self.compared)))
        return "\n".join([shown.rstrip("\n"), *texts.text(self.shelves)]).rstrip("\n") + "\n"

    def to_markdown(self) -> str:
        """Return Markdown."""
        shown = visible.visible(render.markdown(words.page(self.compared)))
        return "\n\n".join([shown.rstrip("\n"), *texts.markdown(self.shelves)]) + "\n"

    def to_json(self) -> str:
        """Return strict JSON with everything in full precision, texts whole, null where there is no number."""
        compared = self.compared
        facts = {
            "banner": list(dict.fromkeys(line for side in compared.sides for line in side.sweep.banner)),
            "one": _side(compared.sides[0]),
            "other": _side(compared.sides[1]),
            "recipes": asdict(compared.recipes),
            "overall": _scored(compared.overall) if compared.overall else None,
            "benchmarks": [_scored(each) for each in compared.benchmarks],
            "questions": [_question(pair) for pair in compared.pairs],
            "examples": [asdict(example) for shelf in self.shelves for example in shelf.examples],
            "lacking": list(compared.lacking),
            "notes": [*compared.flags, *compared.said],
            "complete": self.complete,
            "held_out": list(self.held_out),
        }
        return json.dumps(_plain(facts), indent=1, allow_nan=False).replace("\x7f", "\\u007f") + "\n"


def _side(side: Side) -> dict[str, Any]:
    cost = {"tokens": side.result.tokens, "seconds": side.result.seconds, "rows": side.result.rows}
    return {
        "cell": side.cell.id, "label": side.cell.label, "coordinates": dict(side.cell.coordinates),
        "sweep": side.sweep.name, **cost, "own_tokens": side.own.tokens, "own_seconds": side.own.seconds,
    }  # fmt: skip


def _scored(found: ScoredBenchmark) -> dict[str, Any]:
    return {**asdict(found), "verdict": found.verdict, "winner": found.winner}


def _question(pair: Pair) -> dict[str, Any]:
    return {"benchmark": pair.benchmark, "question": pair.question, "difference": 100 * pair.gap}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def build(
    place: Store,
    named: tuple[str, str],
    *,
    sweep: str | None = None,
    benchmark: str | None = None,
    question: str | None = None,
    most: int = EXAMPLES,
    held_out: Sequence[str] = (),
    grade: str | None = None,
) -> Comparison:
    """Return two cells side by side.

    `named` are ids, beginnings of ids, labels or coordinates, each of `sweep` (default: the one asked for last) or of
    its own as 'SWEEP:CELL'. `benchmark` alone is compared, if given; `question` is shown whole instead of `most`
    examples of questions won and as many of those lost. Raise `BadInput` for names that there are not.
    """
    if most < 0:
        raise BadInput(f"--examples {most!r} is not 0 or more")
    both = sides.read(place, named, sweep, grade)
    view = sides.shown(both, benchmark, held_out)
    one, other = sides.judged(both, view)
    comparison = numbers.compared((one, other), recipes.compared(one, other), view)
    if question is not None:
        whole = list(examples.read(place, [examples.find(comparison.pairs, question)], (one, other)))
        return Comparison(comparison, [Shelf(f"QUESTION {whole[0].question}", whole, whole=True)], view.looked)
    try:
        shelves = list(_shelves(place, comparison, most))
    except Corrupt as error:  # the numbers stand without the texts
        shelves = [Shelf(f"NO EXAMPLES: {error}", [])]
    return Comparison(comparison, shelves, view.looked)


def _shelves(place: Store, found: Compared, most: int) -> Iterator[Shelf]:
    for word, pairs in zip(("won", "lost"), chosen(found.pairs, most), strict=True):
        if pairs:
            yield Shelf(f"EXAMPLES: questions that A {word} by the most", _examples(place, pairs, found.sides))


def _examples(place: Store, pairs: Sequence[Pair], both: tuple[Side, Side]) -> list[Example]:
    read = {(each.benchmark, each.question): each for each in examples.read(place, pairs, both)}
    return [read[pair.benchmark, pair.question] for pair in pairs]
