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

    @property
    def cut(self) -> bool:
        """Whether the model was stopped by the token limit."""
        return self.finish_reason == "length"


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
    """Split a reply at `</think>` into reasoning and answer, both stripped.

    The opening tag may be missing, as chat templates often write it themselves. A reply without the closing tag has no
    reasoning, unless it was cut: then it is all reasoning and has no answer yet.
    """
    before, tag, after = reply.text.rpartition("</think>")
    if tag:
        return before.strip().removeprefix("<think>").strip(), after.strip()
    opened = reply.text.lstrip().startswith("<think>")
    if reply.cut and opened:
        return reply.text.strip().removeprefix("<think>").strip(), ""
    return "", reply.text.strip()


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
