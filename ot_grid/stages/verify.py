"""The verify stage: label every trace as right, wrong or unverifiable.

One idea: all labels are written, kept or not, so what another rule would keep can be told without grading again. It
must not mistake a grader's failure for a wrong answer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from ot_grid import tables
from ot_grid.config import Model, Sampling, Verdict
from ot_grid.grading import Graded, pool
from ot_grid.registry import register
from ot_grid.rows import RIGHT, UNVERIFIABLE, WRONG, Dropped, Reply, Trace, split_thinking
from ot_grid.stages import bind, sieve
from ot_grid.stages.work import Work

VERSION = 1
NO_ANSWER = Graded(None, None, "no known answer")
Keep = list[Verdict]


@dataclass(frozen=True)
class Labelled:
    """A trace with its verdict, whether it stays, and what led to it."""

    trace: Trace
    kept: bool
    extracted: str | None
    reason: str


@register("verify")
def grade(traces: Iterable[Trace], work: Work, *, grader: dict[str, Any], keep: Keep) -> Iterator[Labelled]:
    """Label by a grader against the known answer; a question without one is unverifiable."""
    for trace, graded in _graded(traces, work, grader):
        yield _labelled(trace, graded, keep)


@register("verify")
def judge(
    traces: Iterable[Trace],
    work: Work,
    *,
    grader: dict[str, Any],
    keep: Keep,
    model: Model,
    prompt: str,
    sampling: Sampling,
    pattern: str,
) -> Iterator[Labelled]:
    """Label by a grader, and where it cannot tell by a model.

    The prompt's `{question}`, `{answer}` (the known one, or "unknown") and `{reply}` (what follows the thinking) are
    filled in; the last match of `pattern` in what the model says must be "right" or "wrong".
    """
    open_: list[Trace] = []
    for trace, graded in _graded(traces, work, grader):
        if graded.score is None:
            open_.append(trace)
        else:
            yield _labelled(trace, graded, keep)
    chats = [[{"role": "user", "content": _question_to_judge(prompt, trace)}] for trace in open_]
    said = work.asker.ask(chats, [0] * len(chats), model=model, sampling=sampling)
    for trace, reply in zip(open_, said, strict=True):
        yield _labelled(trace, _judged(reply, pattern), keep)


def _graded(traces: Iterable[Trace], work: Work, grader: dict[str, Any]) -> Iterator[tuple[Trace, Graded]]:
    given = list(traces)
    known = [trace for trace in given if trace.question.answer is not None]
    yield from ((trace, NO_ANSWER) for trace in given if trace.question.answer is None)
    pairs = [(trace.reply.whole, str(trace.question.answer)) for trace in known]
    for index, graded in pool.ready(bind.bound("grader", grader), work.cluster.sandbox, work.log)(pairs):
        yield known[index], graded


def _question_to_judge(prompt: str, trace: Trace) -> str:
    known = "unknown" if trace.question.answer is None else trace.question.answer
    filled = {"{question}": trace.question.text, "{answer}": known, "{reply}": trace.parts[1]}
    # In one pass: a reply that holds '{answer}' must not be shown the answer.
    return re.sub(r"\{(?:question|answer|reply)\}", lambda found: filled[found[0]], prompt)


def _judged(reply: Reply, pattern: str) -> Graded:
    if not reply.asked:
        return Graded(None, None, f"too long for the judge: {reply.prompt_tokens} tokens")
    said = split_thinking(reply)[1]
    found = re.findall(pattern, said)
    word = str(found[-1]).lower() if found else ""
    if word not in (RIGHT, WRONG):
        return Graded(None, None, f"the judge gave no verdict: {said[-80:]!r}")
    return Graded(float(word == RIGHT), None, f"the judge says {word}")


def _labelled(trace: Trace, graded: Graded, keep: Sequence[str]) -> Labelled:
    verdict = UNVERIFIABLE if graded.score is None else RIGHT if graded.score == 1 else WRONG
    return Labelled(trace.labelled(verdict), verdict in keep, graded.extracted, graded.reason)


def buy(work: Work) -> None:
    """Have the replies of the judge stored, together with others that do the same; write no artifact."""
    for _ in _verified(work, tables.read_traces(work.inputs[0], work.asker.find)):
        pass


def _verified(work: Work, traces: Sequence[Trace]) -> Iterator[Labelled]:
    choice = work.reads["verify"]
    handed: list[Any] = [traces, work][: bind.positional("verify", choice)]
    yield from bind.call("verify", choice, *handed)


def run(work: Work) -> dict[str, Any]:
    """Write kept traces to `data/traces.parquet` and every label to `data/labels.parquet`."""
    choice = work.reads["verify"]
    traces = tables.read_traces(work.inputs[0], work.asker.find)
    labels: dict[str, Labelled] = {}
    for number, item in enumerate(_verified(work, traces), 1):
        labels[sieve.label(item.trace)] = item
        work.progress(number, len(traces), "traces verified")
    returned = (_outcome(labels[name]) for name in map(sieve.label, traces) if name in labels)
    kept, dropped = sieve.settle(traces, returned, choice["function"])
    if not kept:
        raise sieve.nothing_kept("verify", [d.reason for d in dropped], "look at data/labels, or keep other verdicts")
    _write_labels(work, [labels[name] for name in map(sieve.label, traces) if name in labels])
    sieve.write_dropped(work.out, dropped)
    verdicts = Counter(item.trace.verdict for item in labels.values())
    return {
        "traces_in": len(traces),
        "traces": tables.write_traces(work.out, kept),
        **{verdict: verdicts[verdict] for verdict in get_args(Verdict)},
        "unextracted": sum(item.extracted is None for item in labels.values()),
        "dropped": sieve.by_reason(item.reason for item in dropped),
    }


def _outcome(item: Labelled) -> Trace | Dropped[Trace]:
    return item.trace if item.kept else Dropped(item.trace, f"{item.trace.verdict}: {item.reason}")


def _write_labels(work: Work, labels: Sequence[Labelled]) -> None:
    columns = {"row": "string", "sample": "int64", "verdict": "string", "extracted": "string", "reason": "string"}
    rows = (
        {"row": item.trace.question.row, "sample": item.trace.sample, "verdict": item.trace.verdict,
         "extracted": item.extracted, "reason": item.reason}
        for item in labels
    )  # fmt: skip
    tables.write_rows(work.out / "data" / "labels.parquet", rows, columns)
