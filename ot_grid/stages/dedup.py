"""The dedup stage: one of each question.

One idea: questions come in rank order, and of equal ones the first stays. It must not compare with benchmarks;
decontamination does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from ot_grid import tables
from ot_grid.registry import register
from ot_grid.rows import Dropped, Question, normalise
from ot_grid.stages import bind, sieve
from ot_grid.stages.work import Work

VERSION = 1


@register("dedup")
def exact(questions: Iterable[Question]) -> Iterator[Question | Dropped[Question]]:
    """Keep the first of questions whose text is equal but for case, width and white space."""
    first: dict[str, str] = {}
    for question in questions:
        text = normalise(question.text)
        if text in first:
            yield Dropped(question, f"same text: {first[text]}")
        else:
            first[text] = question.row
            yield question


def run(work: Work) -> dict[str, Any]:
    """Write the questions that stay to `data/questions.parquet`, in the order in which they came."""
    choice = work.reads["dedup"]
    questions = tables.read_questions(work.inputs[0])
    kept, dropped = sieve.settle(questions, bind.call("dedup", choice, questions), choice["function"])
    reasons = [item.reason for item in dropped]
    if not kept:
        raise sieve.nothing_kept("dedup", reasons, "see what the stage before it wrote")
    sieve.write_dropped(work.out, dropped)
    return {
        "questions_in": len(questions),
        "questions": tables.write_questions(work.out, kept),
        "dropped": sieve.by_reason(reasons),
    }
