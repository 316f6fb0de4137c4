"""Whether a reply gives the known answer: the functions of kind `grader`.

One idea: a grader says what it extracted, and says so when it extracted nothing; it never guesses. It must not be
called outside `pool`, because a reply can make it hang or eat all memory.
"""

from __future__ import annotations

from dataclasses import dataclass

NOT_EXTRACTED = "no answer extracted"


@dataclass(frozen=True)
class Graded:
    """What a grader found out about one reply."""

    correct: bool | None  # None: it could not be decided
    extracted: str | None  # the final answer as it stands in the reply; None: there is none
    reason: str = ""  # why not correct, or why not decided


def after_thinking(response: str) -> str:
    """Return what follows `</think>`; nothing when the thinking was never closed."""
    _, tag, after = response.rpartition("</think>")
    if tag:
        return after
    return "" if response.lstrip().startswith("<think>") else response
