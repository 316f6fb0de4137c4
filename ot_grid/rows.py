"""The rows that flow between stages: questions and traces.

One idea: a row is a frozen value with an identity made from its content, so shards, order and file names cannot change
what it is. It must not read or write files.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from ot_grid import key

RIGHT, WRONG, UNVERIFIABLE = "right", "wrong", "unverifiable"
OPEN, CLOSE = "<think>", "</think>"
TOO_LONG = "too long"  # the finish reason of a reply that could not be asked for: its prompt leaves no room
PARTIAL, ERROR = "partial", "error"  # of a benchmark: part of the credit; the grader failed


def normalise(text: str) -> str:
    """Return text as exact dedup compares it: NFKC, lower case, white space collapsed."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


@dataclass(frozen=True, slots=True)
class Question:
    """A prompt, with its known answer and worked solution where the source has them."""

    id: str  # digest of the text, 16 hex digits
    text: str
    source: str  # the name of the choice it came from
    domain: str
    answer: str | None = None  # the known final answer
    solution: str | None = None  # the source's own worked solution
    copy: int = 0  # 0 for the first question with this text in its source, 1 for the second, ...
    place: str = field(default="", compare=False)  # where it was read, e.g. "line 7"; not kept in artifacts

    @property
    def row(self) -> str:
        """What tells this row from its duplicates: text, source and copy."""
        return f"{self.id}/{self.source}/{self.copy}"


def question(
    text: str, *, source: str, domain: str, answer: str | None = None, solution: str | None = None
) -> Question:
    """Make a question whose id is the digest of its text."""
    return Question(key.short(text), text, source, domain, answer, solution)


@dataclass(frozen=True, slots=True)
class Reply:
    """One output of a model, as it was bought."""

    key: str  # identity of the request: model, sampling, rendered prompt, sample index
    text: str
    finish_reason: str  # stop, or length when it was cut at max_tokens
    prompt_tokens: int
    output_tokens: int
    prompt_digest: str = ""  # of the rendered prompt; "" where no model was asked
    opened: bool = False  # whether the rendered prompt ended within `<think>`, as the templates of QwQ and R1 do

    @property
    def cut(self) -> bool:
        """Whether the model was stopped by the token limit."""
        return self.finish_reason == "length"

    @property
    def asked(self) -> bool:
        """Whether a model was asked at all: not where the prompt alone is longer than it reads."""
        return self.finish_reason != TOO_LONG

    @property
    def whole(self) -> str:
        """The text with the `<think>` that its prompt had opened: what graders, filters and judges are handed."""
        return f"{OPEN}\n{self.text}" if self.opened and OPEN not in self.text else self.text


@dataclass(frozen=True, slots=True)
class Trace:
    """One teacher output to a question: reasoning and answer."""

    question: Question
    sample: int
    reply: Reply
    verdict: str | None = None  # right, wrong, unverifiable; None when not verified

    @property
    def parts(self) -> tuple[str, str]:
        """Reasoning and answer (see `split_thinking`)."""
        return split_thinking(self.reply)

    def labelled(self, verdict: str) -> Trace:
        """Return the trace with its verdict."""
        return replace(self, verdict=verdict)


def split_thinking(reply: Reply) -> tuple[str, str]:
    """Split a reply at `</think>` into reasoning and answer, both stripped (see `thinking`).

    >>> split_thinking(Reply("k", "2+2 is 4</think> 4", "stop", 5, 9, opened=True))
    ('2+2 is 4', '4')
    >>> split_thinking(Reply("k", "2+2 is", "length", 5, 3, opened=True))
    ('2+2 is', '')
    """
    thought, answer = thinking(reply.whole)
    return thought.strip(), answer.strip()


def thinking(text: str) -> tuple[str, str]:
    """Return what stands within the thinking of a reply and what follows it, without the tags.

    The opening tag may be missing. A thought that was begun and not ended has no answer behind it, and a text without
    tags is all answer.
    """
    before, tag, after = text.rpartition(CLOSE)
    if OPEN in after:  # begun again, or never ended
        return f"{before}\n{after}".replace(OPEN, "").replace(CLOSE, ""), ""
    return (before.replace(OPEN, "", 1), after) if tag else ("", after)


Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Dropped(Generic[Row]):
    """A row that a choice does not keep, and why."""

    row: Row
    reason: str


@dataclass(frozen=True, slots=True)
class Scored:
    """A question rated by a filter: the highest scores are kept first."""

    question: Question
    score: float
    note: str = ""  # what led to the score, e.g. the label a model gave
