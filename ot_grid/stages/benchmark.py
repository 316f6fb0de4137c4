"""The benchmark stage: the questions of one benchmark, loaded and checked once for all students.

One idea: what is asked is frozen before any student is there, so a broken file is known before anything is paid for,
and no evaluation depends on the hub. It must not ask a model.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ot_grid import tables
from ot_grid.errors import BadInput
from ot_grid.rows import Dropped, Question
from ot_grid.stages import sources
from ot_grid.stages.work import Work

VERSION = 1
SHOWN = 3  # of the questions that are wrong


def run(work: Work) -> dict[str, Any]:
    """Write `data/questions.parquet`, in the order of the data, and which rows were dropped."""
    benchmark = work.reads["benchmark"]
    work.log.update(sources.provenance(benchmark["data"], work.files))
    data = benchmark["data"]
    named = {"name": benchmark["name"], "domain": data.get("domain") or ""}
    loaded = list(sources.load(data, **named, files=work.files))
    once = [question for question in loaded if question.copy == 0 and question.text.strip()]
    problems = list(_problems(benchmark["name"], loaded, once))
    if problems:
        raise BadInput(*problems)
    dropped = list(_dropped(loaded))
    tables.write_dropped(
        work.out, ({"row": each.row.place or each.row.row, "reason": each.reason, "score": None} for each in dropped)
    )
    return {"questions": tables.write_questions(work.out, once), "dropped": len(dropped)}


def _problems(name: str, loaded: Sequence[Question], once: Sequence[Question]) -> Iterator[str]:
    """Yield why these questions cannot be asked."""
    if not once:
        yield f"benchmark {name!r} has no questions among its {len(loaded)} rows; see its data and columns"
    unanswered = [question.text for question in once if not (question.answer or "").strip()]
    if unanswered:
        yield (
            f"benchmark {name!r}: {len(unanswered)} of {len(once)} questions have no known answer, e.g. "
            f"{_shown(unanswered)}; see its columns and answer_pattern"
        )
    answers: dict[str, str | None] = {question.id: question.answer for question in once}
    torn = [each.text for each in loaded if each.id in answers and each.answer != answers[each.id]]
    if torn:
        yield (
            f"benchmark {name!r}: {len(torn)} questions come again with another answer, e.g. {_shown(torn)}; "
            "correct the data"
        )


def _shown(texts: Sequence[str]) -> str:
    return ", ".join(repr(text[:60]) for text in texts[:SHOWN])


def _dropped(loaded: Sequence[Question]) -> Iterator[Dropped[Question]]:
    for question in loaded:
        if not question.text.strip():
            yield Dropped(question, "no text")
        elif question.copy:
            yield Dropped(question, "there already")
