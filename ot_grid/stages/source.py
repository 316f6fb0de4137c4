"""The source stage: load one source of questions.

One idea: what cannot be used is dropped here, before anything is paid for. It must not select; mix and filter do.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ot_grid import tables
from ot_grid.errors import BadInput
from ot_grid.rows import Dropped, Question
from ot_grid.stages import sieve, sources
from ot_grid.stages.work import Work

VERSION = 1
STEP = 1000  # questions between two words of progress


def run(work: Work) -> dict[str, Any]:
    """Write `data/questions.parquet` and `dropped.parquet`; raise `BadInput` when the source is empty."""
    choice = work.reads["source"]
    work.log.update(sources.provenance(choice, work.files))
    kept: list[Question] = []
    dropped: list[Dropped[Question]] = []
    for number, question in enumerate(
        sources.load(choice, name=choice["name"], domain=choice["domain"], files=work.files), 1
    ):
        if question.text.strip():
            kept.append(question)
        else:
            dropped.append(Dropped(question, sources.EMPTY))
        if number % STEP == 0:
            work.progress(number, _size(choice) or number, "questions loaded")
    if not kept:
        raise BadInput(
            f"source {choice['name']!r} has no questions ({len(dropped)} empty rows); see its columns and limit"
        )
    lost = ({"row": each.row.place or each.row.row, "reason": each.reason, "score": None} for each in dropped)
    tables.write_dropped(work.out, lost)
    return {
        "questions": tables.write_questions(work.out, kept),
        "with_answer": sum(question.answer is not None for question in kept),
        "with_solution": sum(question.solution is not None for question in kept),
        "duplicates": sum(question.copy > 0 for question in kept),
        "dropped": sieve.by_reason(item.reason for item in dropped),
    }


def _size(choice: Mapping[str, Any]) -> int:
    return int(choice.get("size") or choice.get("limit") or 0)
