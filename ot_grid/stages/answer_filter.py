"""The answer filter stage: which traces of a question stay.

One idea: a function is handed all traces with those of a question next to each other, and returns the ones that stay.
It must not look at known answers; verify does.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ot_grid import key, tables
from ot_grid.grading import pool
from ot_grid.registry import register
from ot_grid.rows import Dropped, Trace
from ot_grid.stages import bind, sieve
from ot_grid.stages.work import Work

VERSION = 1


@register("answer_filter")
def longest(traces: Iterable[Trace], *, keep: int) -> Iterator[Trace | Dropped[Trace]]:
    """Keep the traces with the most output tokens of each question."""
    return _by_tokens(traces, keep, sign=-1)


@register("answer_filter")
def shortest(traces: Iterable[Trace], *, keep: int) -> Iterator[Trace | Dropped[Trace]]:
    """Keep the traces with the fewest output tokens of each question."""
    return _by_tokens(traces, keep, sign=1)


def _by_tokens(traces: Iterable[Trace], keep: int, *, sign: int) -> Iterator[Trace | Dropped[Trace]]:
    for group in by_question(traces):
        ranked = sorted(group, key=lambda trace: (sign * trace.reply.output_tokens, trace.sample))
        yield from ranked[:keep]
        for rank, trace in enumerate(ranked[keep:], keep + 1):
            yield Dropped(trace, f"rank by length: {rank} of {len(ranked)}")


@register("answer_filter")
def majority(
    traces: Iterable[Trace], work: Work, *, min_votes: int, grader: dict[str, Any]
) -> Iterator[Trace | Dropped[Trace]]:
    """Keep the traces whose final answer most traces of the question give, if at least `min_votes` do; ties keep none.

    The grader extracts the answers and says which are equal; known answers are not used.
    """
    groups = list(by_question(traces))
    grade = pool.ready(bind.bound("grader", grader), work.cluster.sandbox, work.log)
    answers = _extracted(grade, groups)
    equal = _equal(grade, {pair for group in groups for pair in _pairs(_distinct(group, answers))})
    for group in groups:
        votes: defaultdict[str, list[Trace]] = defaultdict(list)
        for trace in group:
            answer = answers[sieve.label(trace)]
            if answer is None:
                yield Dropped(trace, "no answer extracted")
            else:
                votes[next((known for known in votes if (known, answer) in equal), answer)].append(trace)
        yield from _elected(votes, min_votes)


def _elected(votes: dict[str, list[Trace]], min_votes: int) -> Iterator[Trace | Dropped[Trace]]:
    most = max(map(len, votes.values()), default=0)
    tied = sum(len(voters) == most for voters in votes.values()) > 1
    for voters in votes.values():
        for trace in voters:
            if len(voters) == most >= min_votes and not tied:
                yield trace
            elif len(voters) < most:
                yield Dropped(trace, f"outvoted: {len(voters)} votes, {most} for another answer")
            else:
                yield Dropped(trace, f"no majority: {len(voters)} votes{', a tie' if tied else ''}")


def _extracted(grade: pool.Grading, groups: Sequence[Sequence[Trace]]) -> dict[str, str | None]:
    traces = [trace for group in groups for trace in group]
    done = grade([(trace.reply.whole, "0") for trace in traces])
    return {sieve.label(traces[index]): graded.extracted for index, graded in done}


def _distinct(group: Sequence[Trace], answers: dict[str, str | None]) -> list[str]:
    found = (answers[sieve.label(trace)] for trace in group)
    return list(dict.fromkeys(answer for answer in found if answer is not None))


def _pairs(answers: Sequence[str]) -> Iterator[tuple[str, str]]:
    return itertools.combinations(answers, 2)


def _equal(grade: pool.Grading, wanted: set[tuple[str, str]]) -> set[tuple[str, str]]:
    pairs = sorted(wanted)
    done = grade([(f"\\boxed{{{second}}}", first) for first, second in pairs])
    same = {pairs[index] for index, graded in done if graded.score == 1}
    return same | {(first, first) for first, _ in pairs}


def by_question(traces: Iterable[Trace]) -> Iterator[list[Trace]]:
    """Yield the traces of one question after the other; they must stand next to each other."""
    for _, group in itertools.groupby(traces, key=lambda trace: trace.question.row):
        yield list(group)


def run(work: Work) -> dict[str, Any]:
    """Write at most `rows` of the traces that stay to `data/traces.parquet`."""
    choice, limit = work.reads["answer_filter"], work.reads["rows"]
    traces = _grouped(tables.read_traces(work.inputs[0], work.asker.find))
    work.progress(0, len(traces), "traces filtered")
    handed: list[Any] = [traces, work][: bind.positional("answer_filter", choice)]
    kept, dropped = sieve.settle(traces, bind.call("answer_filter", choice, *handed), choice["function"])
    drawn = sorted(kept, key=lambda trace: key.fraction("answer_filter", trace.question.row, trace.sample))
    dropped += [Dropped(trace, "not drawn: the dataset is full") for trace in drawn[limit:]]
    if not drawn[:limit]:
        reasons = [item.reason for item in dropped]
        raise sieve.nothing_kept(f"answer_filter {choice['function']!r}", reasons, "lower what it asks for")
    stays = {sieve.label(trace) for trace in drawn[:limit]}
    sieve.write_dropped(work.out, dropped)
    return {
        "traces_in": len(traces),
        "traces": tables.write_traces(work.out, (trace for trace in traces if sieve.label(trace) in stays)),
        "questions": len({trace.question.row for trace in drawn[:limit]}),
        "dropped": sieve.by_reason(item.reason for item in dropped),
    }


def _grouped(traces: Sequence[Trace]) -> list[Trace]:
    groups: defaultdict[str, list[Trace]] = defaultdict(list)
    for trace in traces:
        groups[trace.question.row].append(trace)
    return [trace for group in groups.values() for trace in sorted(group, key=lambda trace: trace.sample)]
