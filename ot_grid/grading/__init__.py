"""Whether a reply gives the known answer: the functions of kind `grader`.

One idea: a grader says what it extracted, and says so when it extracted nothing; it never guesses. It must not be
called outside `pool`, because a reply can make it hang or eat all memory.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from ot_grid.rows import ERROR, PARTIAL, RIGHT, UNVERIFIABLE, WRONG, thinking

NOT_EXTRACTED = "no answer extracted"


G = TypeVar("G", bound=Callable[..., Any])


@dataclass(frozen=True)
class ItemLimits:
    """What one item may use in the worker that grades it."""

    seconds: float = 10.0  # of CPU time, so that a busy machine changes no verdict
    memory_mb: int = 2048  # beyond what the worker has after its imports
    wall: float | None = None  # seconds of wall clock; None: `pool.SLACK` for each CPU second


_SANDBOXED: dict[Any, ItemLimits] = {}


def sandboxed(limits: ItemLimits) -> Callable[[G], G]:
    """Say of a grader that it runs untrusted programs in a sandbox, and what its worker may use meanwhile."""

    def add(function: G) -> G:
        _SANDBOXED[function] = limits
        return function

    return add


def needs_sandbox(grader: Any) -> ItemLimits | None:
    """Return what the worker of a grader that runs programs may use; None: it runs none."""
    while hasattr(grader, "func"):  # a partial: its settings are bound
        grader = grader.func
    try:
        return _SANDBOXED.get(grader)
    except TypeError:  # not hashable
        return None


@dataclass(frozen=True)
class Graded:
    """What a grader found out about one reply."""

    score: float | None  # 1 right, 0 wrong, between them part of the credit; None: it could not be decided
    extracted: str | None  # the final answer as it stands in the reply; None: there is none
    reason: str = ""  # why not right, or why not decided
    error: bool = False  # the grader itself failed: it raised, crashed, hung or ran out of memory
    seconds: float = field(default=0.0, compare=False)  # of wall clock that grading took

    @property
    def verdict(self) -> str:
        """The outcome in a word: right, partial, wrong, unverifiable or error."""
        if self.score is None:
            return ERROR if self.error else UNVERIFIABLE
        return RIGHT if self.score >= 1 else PARTIAL if self.score > 0 else WRONG


def failed(why: str) -> Graded:
    """Return what is said of an item on which the grader itself failed."""
    return Graded(None, None, f"grader failed: {why}"[:500], error=True)


def after_thinking(response: str) -> str:
    """Return what follows the thinking of a reply; nothing when thinking was begun and never closed."""
    return thinking(response)[1]
