"""The traces stage: a teacher answers the questions, several times each.

One idea: which questions are answered depends on their digests alone, so fewer samples, fewer questions or another
order of arrival ask for a subset of the same replies. It must not judge or drop an answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from ot_grid import key
from ot_grid.config import Model, Sampling
from ot_grid.errors import BadInput
from ot_grid.registry import register
from ot_grid.rows import CLOSE, OPEN, Dropped, Question, Reply, Trace
from ot_grid.stages import bind
from ot_grid.stages.work import Asker, Message, Work
from ot_grid.tables import read_questions, write_dropped, write_traces

VERSION = 2

Asked = tuple[Question, int]  # a question and a sample index


@register("teacher")
def model(
    asked: Sequence[Asked], asker: Asker, *, model: Model, system: str | None, prompt: str, sampling: Sampling
) -> Iterator[Trace | Dropped[Question]]:
    """Ask a model: one reply for each question and sample index; drop what is longer than it reads."""
    chats = [chat(question, system, prompt) for question, _ in asked]
    replies = asker.ask(chats, [sample for _, sample in asked], model=model, sampling=sampling)
    for (question, sample), reply in zip(asked, replies, strict=True):
        if reply.asked:
            yield Trace(question, sample, reply)
        else:
            told = f"too long for the teacher: {reply.prompt_tokens} tokens, {question.text[:60]!r}"
            yield Dropped(question, told)


@register("teacher")
def reference(asked: Sequence[Asked], asker: Asker) -> Iterator[Trace | Dropped[Question]]:
    """Take the source's own worked solution; drop questions that have none."""
    for question, sample in asked:
        if question.solution is None:
            yield Dropped(question, "its source gives no worked solution")
        else:
            yield Trace(question, sample, Reply("", _worked(question), "stop", 0, 0))


def _worked(question: Question) -> str:
    final = f"The answer is \\boxed{{{question.answer}}}." if question.answer is not None else ""
    if question.solution and CLOSE in question.solution:
        return question.solution  # a given trace has its own thinking, and its own answer
    return f"{OPEN}\n{question.solution}\n{CLOSE}\n\n{final}".strip()


def chat(question: Question, system: str | None, prompt: str) -> list[Message]:
    """Return the messages that put a question to a model."""
    told = [{"role": "system", "content": system}] if system else []
    return [*told, {"role": "user", "content": prompt.replace("{question}", question.text)}]


def chosen(questions: Iterable[Question], most: int) -> list[Question]:
    """Return at most `most` questions: a nested choice, the same however they are ordered."""
    return sorted(questions, key=lambda question: key.fraction("traces", question.row))[:most]


def asked_of(questions: Iterable[Question], reads: Mapping[str, Any]) -> list[Asked]:
    """Return what is asked of the teacher: the chosen questions, each with every sample index."""
    count = reads["count"]
    some = chosen(questions, min(reads["questions"], reads["rows"] // count))
    return [(question, sample) for question in some for sample in range(count)]


def run(work: Work) -> dict[str, Any]:
    """Write the traces of one branch, and which questions could not be answered."""
    questions, results = _answered(work)
    traces = [result for result in results if isinstance(result, Trace)]
    dropped = [result for result in results if isinstance(result, Dropped)]
    if not traces:
        why = dropped[0].reason if dropped else "there are none"
        raise BadInput(f"the teacher answered none of {len(questions)} questions: {why}")
    write_traces(work.out, traces)
    write_dropped(work.out, ({"row": d.row.row, "reason": d.reason, "score": None} for d in dropped))
    return _counts(questions, traces, len(dropped))


def buy(work: Work) -> None:
    """Have the replies of one branch stored, together with any number of others that do the same; write no artifact."""
    _answered(work)


def _answered(work: Work) -> tuple[list[Question], list[Trace | Dropped[Question]]]:
    asked = asked_of(read_questions(work.inputs[0]), work.reads)
    questions = [question for question, sample in asked if sample == 0]
    return questions, list(bind.call("teacher", work.reads["teacher"], asked, work.asker))


def _counts(questions: Sequence[Question], traces: Sequence[Trace], dropped: int) -> dict[str, Any]:
    return {
        "questions": len(questions),
        "traces": len(traces),
        "dropped": dropped,
        "cut": sum(trace.reply.cut for trace in traces),
        "output_tokens": sum(trace.reply.output_tokens for trace in traces),
    }
