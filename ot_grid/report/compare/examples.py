"""Questions with all that was said to them: prompt, known answer, the replies of both cells.

One idea: what is scattered in the store comes together for the few questions that are looked at, and for no others. It
must not choose them, and must not shorten them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby

from ot_grid.errors import BadInput, Corrupt, nearest
from ot_grid.inference.replies import Replies
from ot_grid.report import evaluations
from ot_grid.report.compare.replies import Pair, share
from ot_grid.report.compare.sides import Row, Side
from ot_grid.stages.eval import Answered, chat
from ot_grid.store import Store


@dataclass(frozen=True)
class Answer:
    """One repeat of a question: how it was judged, and what was said."""

    repeat: int
    verdict: str
    score: float | None
    extracted: str | None
    reason: str
    finish_reason: str
    output_tokens: int
    reply: str


@dataclass(frozen=True)
class Example:
    """One question with both cells' replies."""

    benchmark: str
    question: str
    one_mean: float  # percent
    other_mean: float
    prompt: str
    other_prompt: str | None  # where the other cell was asked in other words
    gold: str | None
    one: Sequence[Answer]
    other: Sequence[Answer]
    telling: tuple[int, int]  # the places of the replies, of each side, that show the difference


def find(pairs: Sequence[Pair], question: str) -> Pair:
    """Return the one question of that id, or with that beginning; raise `BadInput` unless it is one."""
    fitting = [pair for pair in pairs if pair.question == question]
    fitting = fitting or [pair for pair in pairs if question and pair.question.startswith(question)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        shown = ", ".join(f"{pair.question} of {pair.benchmark}" for pair in fitting[:5])
        raise BadInput(f"--question {question!r} fits {len(fitting)}: {shown}; give more of it, or --benchmark too")
    names = [pair.question for pair in pairs]
    guess = nearest(question, names).partition("valid:")[0]
    raise BadInput(
        f"--question {question!r} is no question that both cells answered; {guess}there are {len(names)}, "
        f"e.g. {', '.join(names[:3]) or 'none'}; the examples and --json name them"
    )


def read(place: Store, pairs: Sequence[Pair], sides: tuple[Side, Side]) -> Iterator[Example]:
    """Yield questions with their texts; raise `Corrupt` when a text is gone or is not what was scored."""
    with closing(Replies(place.replies)) as replies:
        for _, group in groupby(sorted(pairs, key=lambda pair: pair.benchmark), lambda pair: pair.benchmark):
            of_one = list(group)
            asked = [_asked(place, side, of_one, replies) for side in sides]
            yield from (_example(pair, asked[0], asked[1]) for pair in of_one)


@dataclass(frozen=True)
class _Memory:
    prompts: dict[str, str]
    items: dict[tuple[str, int], Answered]


def _asked(place: Store, side: Side, pairs: Sequence[Pair], replies: Replies) -> _Memory:
    folder, wanted = side.folders[pairs[0].benchmark], {pair.question for pair in pairs}
    try:
        found = evaluations.load(place, folder, replies, only=wanted)
    except (OSError, KeyError) as error:
        raise Corrupt(f"{folder} does not say what was asked ({error!r}); run its sweep again") from error
    prompts = {item.question.row: _prompt(chat(found.benchmark, item.question)) for item in found.asked}
    return _Memory(prompts, {(item.question.row, item.repeat): item for item in found.asked})


def _prompt(messages: Sequence[dict[str, str]]) -> str:
    if len(messages) == 1:
        return messages[0]["content"]
    return "\n\n".join(f"[{message['role']}]\n{message['content']}" for message in messages)


def _example(pair: Pair, one: _Memory, other: _Memory) -> Example:
    prompts = one.prompts[pair.question], other.prompts[pair.question]
    first = one.items[pair.question, pair.one[0]["repeat"]]
    return Example(
        pair.benchmark,
        pair.question,
        100 * share(pair.one),
        100 * share(pair.other),
        prompts[0],
        None if prompts[0] == prompts[1] else prompts[1],
        first.question.answer,
        [_answer(row, one) for row in pair.one],
        [_answer(row, other) for row in pair.other],
        _telling(pair),
    )


def _answer(row: Row, texts: _Memory) -> Answer:
    reply = texts.items[row["question"], row["repeat"]].reply
    return Answer(
        row["repeat"], row["verdict"], row["score"], row["extracted"], row["reason"] or "", row["finish_reason"],
        row["output_tokens"], reply.text,
    )  # fmt: skip


def _telling(pair: Pair) -> tuple[int, int]:
    """Return the place of the first reply of each side that speaks for the side's gain or loss."""
    one = [row["score"] or 0.0 for row in pair.one]
    other = [row["score"] or 0.0 for row in pair.other]
    if pair.gap >= 0:
        return one.index(max(one)), other.index(min(other))
    return one.index(min(one)), other.index(max(other))
