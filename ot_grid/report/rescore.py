"""Scores again, without a model: by another grader, or by the same one as it is today.

One idea: an evaluation's own scores are never changed; other scores lie beside them under a label of their own, with
what made them and what they changed. It must not ask a model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ot_grid import key, store, tables
from ot_grid.errors import BadInput
from ot_grid.grading import pool
from ot_grid.inference.replies import Replies
from ot_grid.planning import signatures
from ot_grid.planning.frozen import Sweep
from ot_grid.report import evaluations
from ot_grid.report.evaluations import Evaluation
from ot_grid.running import execute
from ot_grid.stages import eval as eval_stage
from ot_grid.store import Store

AGAIN = "again"  # the label of the evaluation's own grader
SHOWN = 10  # changed verdicts that score.json names


@dataclass(frozen=True)
class Rescored:
    """What became of one evaluation."""

    name: str
    folder: Path  # where the new scores lie
    before: float | None  # mean score, undecided ones counting as wrong; None: held out, and not asked for by name
    after: float | None
    changed: int | None  # verdicts
    of: int
    made: bool  # False: the same scores were there already


@dataclass(frozen=True)
class Skipped:
    """An evaluation whose known answers another grader cannot be asked about."""

    name: str
    why: str


# Graders that read the same known answers; any other pair is graded only where a benchmark is named.
ALIKE = ({"math", "hendrycks", "number", "science"}, {"choice", "science"})


def rescore(
    place: Store,
    sweep: Sweep,
    *,
    grade: Mapping[str, Any] | None,
    label: str,
    only: Sequence[str] = (),
    sandbox: str = "auto",
) -> Iterator[Rescored | Skipped]:
    """Score the finished evaluations of a sweep by `grade`, or each by its own grader; raise `BadInput` for none.

    Benchmarks whose own grader reads other known answers than that of `grade` are skipped unless `only` names them.
    """
    finished = list(evaluations.of_sweep(place, sweep, only))
    if not finished:
        raise BadInput(f"sweep {sweep.name!r} has no finished evaluation yet; see: python -m ot_grid status")
    problems = list(signatures.choice_problems("grader", grade, "grade")) if grade is not None else []
    if problems:
        raise BadInput(*problems)
    held_out = set(sweep.held_out) - set(only)
    with closing(Replies(place.replies)) as replies, pool.kept():
        for artifact in finished:
            evaluation = evaluations.load(place, artifact, replies)
            why = "" if grade is None or evaluation.name in only else _unlike(evaluation.benchmark["grade"], grade)
            if why:
                yield Skipped(evaluation.name, why)
                continue
            done = _one(evaluation, grade, label, sandbox)
            yield replace(done, before=None, after=None, changed=None) if done.name in held_out else done


def _unlike(own: Mapping[str, Any], other: Mapping[str, Any]) -> str:
    """Return why one grader cannot stand in for another; empty: it can."""
    one, two = own["function"], other["function"]
    if one == two or any({one, two} <= group for group in ALIKE):
        return ""
    return f"its known answers are for the grader {one!r}; to have {two!r} read them, name it with --only"


def _one(evaluation: Evaluation, grade: Mapping[str, Any] | None, label: str, sandbox: str) -> Rescored:
    used = dict(grade if grade is not None else evaluation.benchmark["grade"])
    scoring = eval_stage.Scoring.of(used, sandbox)
    graded_by = scoring.described["grader"]
    folder = evaluation.artifact / eval_stage.SCORES / store.slug(label)
    number = 1
    while (folder / eval_stage.SCORE).exists():  # never overwritten: another version of the same grader gets a number
        known = store.read_json(folder / eval_stage.SCORE)
        if key.canonical([known["grade"], known["graded_by"]]) == key.canonical([used, graded_by]):
            return _told(evaluation, folder, known, made=False)
        number += 1
        folder = folder.with_name(f"{store.slug(label)}.{number}")
    rows = eval_stage.score(evaluation.asked, scoring, lambda done, of: None)
    tables.write_rows(folder / eval_stage.MATRIX_FILE, rows, eval_stage.MATRIX)
    said = _said(evaluation, rows)
    scores = {
        "label": folder.name, "grade": used, "graded_by": graded_by, "sandbox": scoring.described.get("sandbox"),
        "of": evaluation.record["key"],
        "made": datetime.now(UTC).isoformat(timespec="seconds"), "made_with": execute.versions(), **said,
    }  # fmt: skip
    store.write_json(folder / eval_stage.SCORE, scores)
    return _told(evaluation, folder, scores, made=True)


def _said(evaluation: Evaluation, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    pairs = list(zip(evaluation.rows, rows, strict=True))
    changes = [
        {"question": now["question"], "repeat": now["repeat"], "was": was["verdict"], "is": now["verdict"],
         "extracted": now["extracted"], "reason": now["reason"]}
        for was, now in pairs
        if (was["verdict"], was["score"]) != (now["verdict"], now["score"])
    ]  # fmt: skip
    return {
        "counts": eval_stage.counts(rows), "before": _mean(evaluation.rows), "after": _mean(rows),
        "changed": len(changes), "replies": len(pairs), "changes": changes[:SHOWN],
    }  # fmt: skip


def _mean(rows: Sequence[Mapping[str, Any]]) -> float:
    return sum(row["score"] or 0.0 for row in rows) / len(rows)


def _told(evaluation: Evaluation, folder: Path, said: Mapping[str, Any], *, made: bool) -> Rescored:
    shown = (said["before"], said["after"], said["changed"], said["replies"])
    return Rescored(evaluation.name, folder, *shown, made)
