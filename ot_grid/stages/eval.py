"""The eval stage: ask a student the questions of one benchmark, and score what it says.

One idea: the matrix question x repeat is the result, and scoring is apart from asking, so it can be repeated without a
model. It must not average; reports do.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ot_grid import key, machine, registry, store, tables
from ot_grid.config import Model, Sampling
from ot_grid.errors import BadInput, UpstreamMissing
from ot_grid.grading import Graded, pool
from ot_grid.rows import ERROR, PARTIAL, RIGHT, UNVERIFIABLE, WRONG, Question, Reply
from ot_grid.stages import bind
from ot_grid.stages.work import Message, Work

VERSION = 2
SCORES, SCORE, MATRIX_FILE = "scores", "score.json", "matrix.parquet"  # of later scorings, a folder for each label
TIMING = "timing.parquet"  # beside the data: seconds differ from time to time
PACKAGES = ("math-verify", "latex2sympy2_extended", "sympy")  # what graders compute with
VERDICTS = (RIGHT, PARTIAL, WRONG, UNVERIFIABLE, ERROR)
# A row: {"question": "0c9d...", "repeat": 0, "verdict": "right", "score": 1.0, "extracted": "42", "reason": "",
# "finish_reason": "stop", "prompt_tokens": 61, "output_tokens": 212, "characters": 840, "reply": "77aa...", ...}
MATRIX = {"question": "string", "repeat": "int64", "verdict": "string", "score": "double", "extracted": "string",
          "reason": "string", "finish_reason": "string", "prompt_tokens": "int64", "output_tokens": "int64",
          "characters": "int64", "reply": "string", "reply_digest": "string", "prompt_digest": "string"}  # fmt: skip


@dataclass(frozen=True)
class Answered:
    """One question of a benchmark, one repeat, and the student's reply."""

    question: Question
    repeat: int
    reply: Reply


@dataclass(frozen=True)
class Scoring:
    """A grader with its settings, where it runs programs, and what decides its verdicts."""

    grader: pool.Grader
    sandbox: str  # a tier, or "auto" for a grader that runs none
    described: Mapping[str, Any]  # for the record: the function, its version, its packages; the tier

    @classmethod
    def of(cls, grade: Mapping[str, Any], sandbox: str) -> Scoring:
        """Return what a choice of grader comes to here; raise `BadInput` where the sandbox cannot be had."""
        grader, function = bind.bound("grader", grade), registry.find("grader", grade["function"])
        tier = pool.tier(grader, sandbox)
        said = {"function": function.name, "version": function.version, **machine.versions(PACKAGES)}
        return cls(grader, tier or "auto", {"grader": said, **({"sandbox": tier} if tier else {})})


def run(work: Work) -> dict[str, Any]:
    """Write `data/matrix.parquet`: one row for each question and repeat, in a seeded order of the questions."""
    benchmark = work.reads["benchmark"]
    asked = _ask(work)
    scoring = Scoring.of(benchmark["grade"], work.cluster.sandbox)
    rows = score(asked, scoring, lambda done, of: work.progress(done, of, "replies scored"))
    tables.write_rows(work.out / "data" / "matrix.parquet", rows, MATRIX)
    tables.write_rows(work.out / TIMING, rows, {"question": "string", "repeat": "int64", "seconds": "double"})
    work.log.update(scoring.described)
    tables.write_dropped(work.out, [])
    return {**counts(rows), "repeats": benchmark["repeats"]}


def buy(work: Work) -> None:
    """Have the replies stored, together with any number of others that do the same; write no artifact."""
    _ask(work)


def drawn(questions: Sequence[Question], limit: int | None) -> list[Question]:
    """Return at most `limit` questions: a nested choice, the same however they are ordered."""
    return sorted(questions, key=lambda question: key.fraction("eval", question.row))[:limit]


def _ask(work: Work) -> list[Answered]:
    benchmark = work.reads["benchmark"]
    sampling, repeats = bind.made(Sampling, benchmark["sampling"]), benchmark["repeats"]
    if repeats < 1 or (repeats > 1 and sampling.temperature == 0):
        raise BadInput(
            f"benchmark {benchmark['name']!r}: repeats={repeats!r} at temperature={sampling.temperature!r}: greedy "
            f"repeats are equal, and one is the least; use repeats=1 or a temperature above 0"
        )
    model, path = _asked(work)
    questions = drawn(tables.read_questions(work.inputs[-1]), benchmark["limit"])
    turns = [(question, repeat) for question in questions for repeat in range(repeats)]
    chats = [chat(benchmark, question) for question, _ in turns]
    work.progress(0, len(turns), "replies")
    samples = [repeat for _, repeat in turns]
    replies = work.asker.ask(chats, samples, model=model, sampling=sampling, path=path)
    return [Answered(question, repeat, reply) for (question, repeat), reply in zip(turns, replies, strict=True)]


def _asked(work: Work) -> tuple[Model, Path | None]:
    """Return whom to ask, and where it lies: a student that was trained, or a model as it is, which lies anywhere."""
    if "student" in work.reads:
        return bind.made(Model, work.reads["student"]), None
    trained = work.inputs[0]
    return student(trained), trained / "model"


def chat(benchmark: Mapping[str, Any], question: Question) -> list[Message]:
    """Return the messages that put a question of a benchmark to a student."""
    user = {"role": "user", "content": benchmark["prompt"].replace("{question}", question.text)}
    return [{"role": "system", "content": benchmark["system"]}, user] if benchmark["system"] else [user]


def student(trained: Path) -> Model:
    """Return the identity of a trained model: its train run, and the digest of its weights."""
    record = store.record_of(trained)
    if record is None:
        raise UpstreamMissing(f"{trained} has no record: its training is not done; run it first")
    weights = {name: digest for name, digest in record["outputs"].items() if name.endswith(".safetensors")}
    recipe = store.read_json(trained / store.RECIPE) if (trained / store.RECIPE).exists() else {}
    said = (recipe.get("reads", {}).get("train", {}).get("student") or {}).get("chat_template_kwargs")
    return Model(id=f"student-{record['key']}", revision=key.digest(weights), chat_template_kwargs=said)


def score(asked: Sequence[Answered], scoring: Scoring, progress: Callable[[int, int], None]) -> list[dict[str, Any]]:
    """Return the rows of the matrix, in the order asked, each with the `seconds` that grading it took.

    `score` is null where nothing could be decided.
    """
    verdicts: dict[int, Graded] = {}
    pairs = [(item.reply.whole, str(item.question.answer)) for item in asked]
    for index, graded in pool.grade(scoring.grader, pairs, sandbox=scoring.sandbox):
        verdicts[index] = graded
        progress(len(verdicts), len(asked))
    return list(_rows(asked, verdicts))


def _rows(asked: Sequence[Answered], verdicts: Mapping[int, Graded]) -> Iterator[dict[str, Any]]:
    for index, item in enumerate(asked):
        graded, reply = verdicts[index], item.reply
        values = (item.question.row, item.repeat, graded.verdict, graded.score, graded.extracted, graded.reason,
                  reply.finish_reason, reply.prompt_tokens, reply.output_tokens, len(reply.text), reply.key,
                  key.digest(reply.text), reply.prompt_digest)  # fmt: skip
        yield {**dict(zip(MATRIX, values, strict=True)), "seconds": graded.seconds}


def counts(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a matrix holds: questions, verdicts, and what is odd about its replies."""
    texts: defaultdict[str, list[str]] = defaultdict(list)
    for row in rows:
        texts[row["question"]].append(row["reply_digest"])
    verdicts = Counter(row["verdict"] for row in rows)
    return {
        "questions": len(texts),
        **{verdict: verdicts[verdict] for verdict in VERDICTS},
        "unextracted": sum(row["extracted"] is None and row["score"] is not None for row in rows),
        "empty": sum(row["characters"] == 0 for row in rows),
        "cut": sum(row["finish_reason"] == "length" for row in rows),
        "output_tokens": sum(row["output_tokens"] for row in rows),
        "identical_repeats": sum(len(each) > 1 and len(set(each)) == 1 for each in texts.values()),
    }
