"""Finished evaluations with everything behind a score: question, reply, verdict.

One idea: a matrix refers to replies and questions that lie elsewhere, each stored once; here they come together again,
checked against their digests. It must not score, and must not write.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ot_grid import key, store, tables
from ot_grid.errors import BadInput, Corrupt, nearest
from ot_grid.inference.replies import Replies
from ot_grid.planning.frozen import Sweep
from ot_grid.rows import Question, Reply
from ot_grid.stages.eval import Answered
from ot_grid.store import Store

EVAL, BENCHMARK = "eval", "benchmark"


@dataclass(frozen=True)
class Evaluation:
    """One benchmark answered by one student."""

    artifact: Path
    record: Mapping[str, Any]
    benchmark: Mapping[str, Any]  # what the eval stage read: name, prompt, sampling, grade, ...
    rows: Sequence[Mapping[str, Any]]  # its matrix, see `stages.eval.MATRIX`
    asked: Sequence[Answered]  # question, repeat and reply of each row

    @property
    def name(self) -> str:
        """The benchmark's name."""
        return str(self.benchmark["name"])


def of_sweep(place: Store, sweep: Sweep, only: Sequence[str] = ()) -> Iterator[Path]:
    """Yield the finished eval artifacts of a sweep, each once; of the benchmarks named in `only`, or of all."""
    runs = [run for cell in sweep.cells for run in cell.runs if run.stage == EVAL]
    labels = sorted({run.label for run in runs})
    unknown = [name for name in only if name not in labels]
    if unknown:
        raise BadInput(
            *(f"sweep {sweep.name!r} has no benchmark {name!r}; {nearest(name, labels)}" for name in unknown)
        )
    wanted = dict.fromkeys(run.key for run in runs if not only or run.label in only)
    folders = place.artifacts(EVAL)
    yield from (folders[name] for name in wanted if name in folders and store.record_of(folders[name]))


def load(place: Store, artifact: Path, replies: Replies, *, only: Container[str] | None = None) -> Evaluation:
    """Return an evaluation, of the questions in `only` or of all.

    Raise `Corrupt` when a question or a reply is gone, or is not what was scored.
    """
    record, recipe = store.record_of(artifact), store.read_json(artifact / store.RECIPE)
    if record is None:
        raise BadInput(f"{artifact} has no record: it is not finished; run its sweep again")
    rows = tables.read_rows(artifact / "data" / "matrix.parquet")
    rows = [row for row in rows if only is None or row["question"] in only]
    questions = _questions(place, artifact, recipe["inputs"][-1])
    stored = replies.find(row["reply"] for row in rows)
    asked = [
        Answered(_found(questions, row["question"], artifact), row["repeat"], _reply(stored, row, artifact))
        for row in rows
    ]
    return Evaluation(artifact, record, recipe["reads"]["benchmark"], rows, asked)


def _questions(place: Store, artifact: Path, frozen: str) -> dict[str, Question]:
    folder = place.artifacts(BENCHMARK).get(frozen)
    if folder is None or store.record_of(folder) is None:
        raise Corrupt(
            f"{artifact} refers to the questions of {BENCHMARK} {frozen}, which are not in the store any more; run its "
            "sweep again"
        )
    return {question.row: question for question in tables.read_questions(folder)}


def _found(questions: Mapping[str, Question], row: str, artifact: Path) -> Question:
    if row not in questions:
        raise Corrupt(f"{artifact} scored the question {row}, which its benchmark does not hold; run its sweep again")
    return questions[row]


def _reply(stored: Mapping[str, Any], row: Mapping[str, Any], artifact: Path) -> Reply:
    bought = stored.get(row["reply"])
    if bought is None:
        raise Corrupt(
            f"{artifact} refers to the reply {row['reply']}, which is not in the store any more; delete the artifact "
            "and run its sweep again"
        )
    reply: Reply = bought.reply
    if key.digest(reply.text) != row["reply_digest"]:
        raise Corrupt(
            f"the reply {row['reply']} is not the text that {artifact} scored; delete the artifact and run its sweep "
            "again"
        )
    return reply
