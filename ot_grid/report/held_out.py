"""Who has looked at held-out scores, and when.

One idea: every look is a line of `looks.jsonl` beside the sweep, because a benchmark that is looked at often is held
out no longer. It must not judge a look.
"""

from __future__ import annotations

import getpass
import json
import os
import shlex
import socket
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from ot_grid.errors import BadInput

FILE = "looks.jsonl"


@dataclass(frozen=True)
class Look:
    """One report that gave held-out scores away."""

    who: str  # user@host
    when: str
    benchmarks: Sequence[str]
    command: str


def write(folder: Path, benchmarks: Sequence[str]) -> None:
    """Note that this process gives the scores of held-out benchmarks away; raise `BadInput` when it cannot."""
    look = Look(who(), datetime.now(UTC).isoformat(timespec="seconds"), list(benchmarks), shlex.join(sys.argv))
    try:
        with (folder / FILE).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(look), ensure_ascii=False) + "\n")
    except OSError as error:
        raise BadInput(
            f"{folder / FILE} cannot be written ({error.strerror}), and a look at held-out scores is given only when "
            "it is noted; ask whoever owns the store, or leave held-out benchmarks out"
        ) from error


def who() -> str:
    """Return the user of this process and its machine."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name, as in some containers
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"


def read(folder: Path) -> list[Look]:
    """Return the looks so far, the first one first; a torn line is no look."""
    try:
        lines = (folder / FILE).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    return [look for line in lines if (look := _parsed(line))]


def _parsed(line: str) -> Look | None:
    try:
        raw = json.loads(line)
        return Look(str(raw["who"]), str(raw["when"]), [*map(str, raw["benchmarks"])], str(raw["command"]))
    except (ValueError, TypeError, KeyError):
        return None


def said(looks: Sequence[Look], benchmarks: Sequence[str]) -> str:
    """Return how often held-out benchmarks were looked at before, and when."""
    seen = [look for look in looks if set(look.benchmarks) & set(benchmarks)]
    if not seen:
        return "not looked at before"
    if len(seen) == 1:
        return f"looked at once before, {seen[0].when} by {seen[0].who}"
    return (
        f"looked at {len(seen)} times before, first {seen[0].when} by {seen[0].who}, "
        f"last {seen[-1].when} by {seen[-1].who} ({FILE})"
    )
