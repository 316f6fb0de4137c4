"""Where words go: what was asked for to stdout, how it goes to stderr."""

from __future__ import annotations

import sys
from collections.abc import Iterable


def say(text: str) -> None:
    """Write to stdout: what was asked for."""
    print(text, flush=True)  # noqa: T201


def say_all(lines: Iterable[str]) -> None:
    """Write lines to stdout at once."""
    say("\n".join(lines))


def complain(text: str) -> None:
    """Write to stderr: what is wrong, and how it goes."""
    print(f"ot_grid: {text}", file=sys.stderr, flush=True)  # noqa: T201
