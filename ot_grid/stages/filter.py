"""The filter stage: rate the questions of the pool and keep the best.

One idea: a filter function only rates; the stage ranks and keeps, and writes every score, so a threshold can be moved
without rating again. It must not know how a rating is made.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from ot_grid import key, tables
from ot_grid.config import Model, Sampling, Unparseable
from ot_grid.registry import register
from ot_grid.rows import Dropped, Question, Reply, Scored, split_thinking
from ot_grid.stages import bind, sieve
from ot_grid.stages.work import Work

VERSION = 1
UNPARSEABLE = "unparseable"


class Ask(Protocol):
    """What a filter with a second positional parameter is handed: a way to ask a model."""

    def __call__(self, prompts: Sequence[str], *, model: Model, sampling: Sampling) -> list[Reply]:
        """Return one reply for each prompt, in order."""


@register("filter")
def random(questions: Iterable[Question], *, seed: int) -> Iterator[Scored]:
    """Rate by chance."""
    for question in questions:
        yield Scored(question, key.fraction("random", seed, question.row))


@register("filter")
def length(
    questions: Iterable[Question], ask: Ask, *, model: Model, sampling: Sampling, prompt: str
) -> Iterator[Scored | Dropped[Question]]:
    """Rate by the number of characters that a model needs to answer."""
    given = list(questions)
    replies = ask([prompt.replace("{question}", question.text) for question in given], model=model, sampling=sampling)
    for question, reply in zip(given, replies, strict=True):
        cut = "cut at max_tokens" if reply.cut else ""
        yield Scored(question, float(len(reply.text)), cut) if reply.asked else _too_long(question, reply)


@register("filter")
def difficulty(
    questions: Iterable[Question],
    ask: Ask,
    *,
    model: Model,
    sampling: Sampling,
    prompt: str,
    pattern: str,
    lowest: float,
    highest: float,
    unparseable: Unparseable,
) -> Iterator[Scored | Dropped[Question]]:
    """Rate by the label that a model gives: the last match of `pattern`, between `lowest` and `highest`."""
    given = list(questions)
    replies = ask([prompt.replace("{question}", question.text) for question in given], model=model, sampling=sampling)
    for question, reply in zip(given, replies, strict=True):
        if not reply.asked:
            yield _too_long(question, reply)
            continue
        label = _label(pattern, split_thinking(reply)[1])
        if label is not None and lowest <= label <= highest:
            yield Scored(question, label, f"label {label:g}")
            continue
        reason = f"{UNPARSEABLE}: {reply.text[-80:]!r}"
        yield Dropped(question, reason) if unparseable == "drop" else Scored(question, lowest - 1, reason)


def _too_long(question: Question, reply: Reply) -> Dropped[Question]:
    return Dropped(question, f"too long for the scorer: {reply.prompt_tokens} tokens, {question.text[:60]!r}")


def _label(pattern: str, text: str) -> float | None:
    found = re.findall(pattern, text)
    try:
        return float(found[-1]) if found else None
    except ValueError:
        return None


def buy(work: Work) -> None:
    """Have the replies that ratings need stored, together with others that do the same; write no artifact."""
    _rated(work, work.reads["filter"], tables.read_questions(work.inputs[0]))


def run(work: Work) -> dict[str, Any]:
    """Write the best `questions` in rank order, and the score of every question."""
    choice, count = work.reads["filter"], work.reads["questions"]
    questions = tables.read_questions(work.inputs[0])
    scored, dropped = _rated(work, choice, questions)
    ranked = sorted(scored, key=lambda s: (-s.score, key.fraction("filter", s.question.row)))
    kept = ranked[:count]
    lost = [(s, f"rank {rank} of {len(ranked)}") for rank, s in enumerate(ranked[count:], count + 1)]
    reasons = [item.reason for item in dropped]
    if not kept:
        raise sieve.nothing_kept(f"filter {choice['function']!r}", reasons, "see what it rated by, and its settings")
    if len(kept) < count:
        work.log["warnings"] = [f"the filter keeps {len(kept)} of {count} questions: it was given {len(questions)}"]
    _write_scores(work, ranked, count, dropped)
    _write_dropped(work, lost, dropped)
    notes = [s.note for s in scored if s.note.startswith(UNPARSEABLE)]
    return {
        "questions_in": len(questions),
        "questions": tables.write_questions(work.out, (s.question for s in kept)),
        "unparseable": len(notes) + sum(reason.startswith(UNPARSEABLE) for reason in reasons),
        "dropped": sieve.by_reason([*reasons, *["rank" for _ in lost]]),
    }


def _rated(
    work: Work, choice: Mapping[str, Any], questions: Sequence[Question]
) -> tuple[list[Scored], list[Dropped[Question]]]:
    handed: list[Any] = [questions, _asker(work)][: bind.positional("filter", choice)]
    scores: dict[str, Scored] = {}

    def ratings() -> Iterator[Question | Dropped[Question]]:
        for item in bind.call("filter", choice, *handed):
            if isinstance(item, Scored) and math.isfinite(item.score):
                scores[item.question.row] = item
                yield item.question
            else:
                yield Dropped(item.question, f"no score: {item.score}") if isinstance(item, Scored) else item

    kept, dropped = sieve.settle(questions, ratings(), choice["function"])
    return [scores[question.row] for question in kept], dropped


def _asker(work: Work) -> Ask:
    def ask(prompts: Sequence[str], *, model: Model, sampling: Sampling) -> list[Reply]:
        work.progress(0, len(prompts), "questions rated")
        chats = [[{"role": "user", "content": prompt}] for prompt in prompts]
        replies = work.asker.ask(chats, [0] * len(chats), model=model, sampling=sampling)
        work.progress(len(prompts), len(prompts), "questions rated")
        return replies

    return ask


def _write_scores(work: Work, ranked: Sequence[Scored], wanted: int, dropped: Sequence[Dropped[Question]]) -> None:
    rated = [(s.question.row, s.score, s.note, rank < wanted) for rank, s in enumerate(ranked)]
    unrated = [(item.row.row, None, item.reason, False) for item in dropped]
    columns = {"row": "string", "score": "double", "note": "string", "kept": "bool"}
    rows = (dict(zip(columns, row, strict=True)) for row in [*rated, *unrated])
    tables.write_rows(work.out / "data" / "scores.parquet", rows, columns)


def _write_dropped(work: Work, lost: Sequence[tuple[Scored, str]], dropped: Sequence[Dropped[Question]]) -> None:
    ranked = [{"row": s.question.row, "reason": reason, "score": s.score} for s, reason in lost]
    unrated = [{"row": item.row.row, "reason": item.reason, "score": None} for item in dropped]
    tables.write_dropped(work.out, [*ranked, *unrated])
