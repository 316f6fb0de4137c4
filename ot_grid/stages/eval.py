"""The eval stage: ask a student the questions of one benchmark, and score what it says.

One idea: the matrix question x repeat is the result, and scoring is apart from asking, so it can be repeated without a
model. It must not average; reports do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ot_grid import key, store, tables
from ot_grid.config import Model, Sampling
from ot_grid.errors import BadInput, UpstreamMissing
from ot_grid.rows import Question, Reply
from ot_grid.stages import bind, sources
from ot_grid.stages.graders import Graded, pool
from ot_grid.stages.work import Message, Work

VERSION = 1
MATRIX = {"question": "string", "repeat": "int64", "correct": "bool", "extracted": "string", "reason": "string",
          "output_tokens": "int64", "finish_reason": "string", "reply": "string"}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """One question of a benchmark, one repeat, and the student's reply."""

    question: Question
    repeat: int
    reply: Reply


def run(work: Work) -> dict[str, Any]:
    """Write `data/matrix.parquet` and `data/questions.parquet`."""
    benchmark = work.reads["benchmark"]
    questions, duplicates = _questions(benchmark)
    work.log.update(sources.provenance(benchmark["data"]))
    asked = _ask(work, benchmark, questions)
    rows = score(asked, benchmark["grade"], lambda done, of: work.progress(done, of, "replies scored"))
    tables.write_questions(work.out, questions)
    tables.write_rows(work.out / "data" / "matrix.parquet", rows, MATRIX)
    tables.write_dropped(work.out, [])
    return {**_counts(asked, rows), "duplicates": duplicates, "repeats": benchmark["repeats"]}


def _questions(benchmark: Mapping[str, Any]) -> tuple[list[Question], int]:
    name, limit = benchmark["name"], benchmark["limit"]
    loaded = list(sources.load(benchmark["data"], name=name, domain=benchmark["data"].get("domain") or ""))
    once = [question for question in loaded if question.text.strip() and question.copy == 0]
    unanswered = [question.text for question in once if not question.answer]
    if unanswered:
        raise BadInput(
            f"benchmark {name!r}: {len(unanswered)} of {len(once)} questions have no known answer, e.g. "
            f"{unanswered[0][:60]!r}; see its columns and answer_pattern"
        )
    if not once[:limit]:
        raise BadInput(f"benchmark {name!r} has no questions (limit={limit!r}); see its data")
    drawn = sorted(once, key=lambda question: key.fraction("eval", question.row))[:limit]
    return drawn, sum(question.copy > 0 for question in loaded)


def _ask(work: Work, benchmark: Mapping[str, Any], questions: Sequence[Question]) -> list[Asked]:
    sampling, repeats = bind.made(Sampling, benchmark["sampling"]), benchmark["repeats"]
    if repeats < 1 or (repeats > 1 and sampling.temperature == 0):
        raise BadInput(
            f"benchmark {benchmark['name']!r}: repeats={repeats!r} at temperature={sampling.temperature!r}: greedy "
            f"repeats are equal, and one is the least; use repeats=1 or a temperature above 0"
        )
    turns = [(question, repeat) for question in questions for repeat in range(repeats)]
    chats = [_chat(benchmark, question) for question, _ in turns]
    work.progress(0, len(turns), "replies")
    samples = [repeat for _, repeat in turns]
    path = work.inputs[0] / "model"
    replies = work.asker.ask(chats, samples, model=student(work), sampling=sampling, path=path)
    return [Asked(question, repeat, reply) for (question, repeat), reply in zip(turns, replies, strict=True)]


def _chat(benchmark: Mapping[str, Any], question: Question) -> list[Message]:
    user = {"role": "user", "content": benchmark["prompt"].replace("{question}", question.text)}
    return [{"role": "system", "content": benchmark["system"]}, user] if benchmark["system"] else [user]


def student(work: Work) -> Model:
    """Return the identity of the trained model: its train run, and the digest of its weights."""
    record = store.record_of(work.inputs[0])
    if record is None:
        raise UpstreamMissing(f"{work.inputs[0]} has no record: its training is not done; run it first")
    weights = {name: digest for name, digest in record["outputs"].items() if name.endswith(".safetensors")}
    return Model(id=f"student-{record['key']}", revision=key.digest(weights))


def score(
    asked: Sequence[Asked], grade: Mapping[str, Any], progress: Callable[[int, int], None]
) -> list[dict[str, Any]]:
    """Return the rows of the matrix, in the order asked; `correct` is null where the grader failed."""
    grader = bind.bound("grader", grade)
    verdicts: dict[int, Graded] = {}
    for index, graded in pool.grade(grader, [(item.reply.text, str(item.question.answer)) for item in asked]):
        verdicts[index] = graded
        progress(len(verdicts), len(asked))
    return list(_rows(asked, verdicts))


def _rows(asked: Sequence[Asked], verdicts: Mapping[int, Graded]) -> Iterator[dict[str, Any]]:
    for index, item in enumerate(asked):
        graded, reply = verdicts[index], item.reply
        values = (item.question.row, item.repeat, graded.correct, graded.extracted, graded.reason, reply.output_tokens,
                  reply.finish_reason, reply.key)  # fmt: skip
        yield dict(zip(MATRIX, values, strict=True))


def _counts(asked: Sequence[Asked], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    replies: defaultdict[str, list[str]] = defaultdict(list)
    for item in asked:
        replies[item.question.row].append(item.reply.text)
    return {
        "questions": len(replies),
        "correct": sum(row["correct"] is True for row in rows),
        "ungraded": sum(row["correct"] is None for row in rows),
        "unextracted": sum(row["extracted"] is None and row["correct"] is not None for row in rows),
        "cut": sum(item.reply.cut for item in asked),
        "output_tokens": sum(item.reply.output_tokens for item in asked),
        "identical_repeats": sum(len(texts) > 1 and len(set(texts)) == 1 for texts in replies.values()),
    }
