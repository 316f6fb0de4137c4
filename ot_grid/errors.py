"""What can go wrong, in words a tired person understands.

One idea: all problems that can be known together are told together. An error here carries plain strings only, so it
survives pickling between processes. It must not know about stages, configs or stores.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class OtGridError(Exception):
    """Any error whose text is meant for the user; shown without a traceback."""

    exit_code = 1


class BadInput(OtGridError):
    """One or more problems in what the user asked for; raised before anything is spent."""

    exit_code = 2

    def __init__(self, *problems: str) -> None:
        super().__init__(*problems)
        self.problems = problems

    def __str__(self) -> str:
        if len(self.problems) == 1:
            return self.problems[0]
        lines = "\n".join(f"  {number}. {text}" for number, text in enumerate(self.problems, 1))
        return f"{len(self.problems)} problems:\n{lines}"


class UpstreamMissing(OtGridError):
    """A stage run was started before its inputs had records."""


class Corrupt(OtGridError):
    """A file of the store is not what was written there."""


class Problems:
    """Collects problems and raises them together."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def add(self, problem: str | Exception) -> None:
        """Note one problem; a `BadInput` adds all of its own, and the same text is kept once."""
        texts = problem.problems if isinstance(problem, BadInput) else (str(problem),)
        self.found += [text for text in texts if text not in self.found]

    def raise_if_any(self) -> None:
        """Raise `BadInput` with everything found so far."""
        if self.found:
            raise BadInput(*self.found)


def many(count: int, what: str) -> str:
    """Return a count with its word, e.g. '1 cell', '2 cells'."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def nearest(name: str, valid: Iterable[str]) -> str:
    """Say which valid names there are, the likeliest first: ' (did you mean 'length'? there are: ...)'."""
    names = sorted(valid)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    guess = f"did you mean {close[0]!r}? " if close else ""
    return f"{guess}valid: {', '.join(names) or 'none'}"
