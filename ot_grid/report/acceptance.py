"""Which flagged evaluations somebody has looked at and accepted, and when.

One idea: that an evaluation is sound after all is a finding about the sweep, not a wish of one reader; so it is kept
beside the sweep, a line each, and holds for every later report until it is withdrawn. It must not judge.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from ot_grid.report.held_out import who

FILE = "accepted.jsonl"
Evaluation = tuple[str, str]  # a cell's id, a benchmark


def note(folder: Path, accepted: Iterable[Evaluation], withdrawn: Iterable[Evaluation]) -> None:
    """Note what was accepted, and what no longer is."""
    said = {**dict.fromkeys(accepted, True), **dict.fromkeys(withdrawn, False)}
    now = {"who": who(), "when": datetime.now(UTC).isoformat(timespec="seconds")}
    with (folder / FILE).open("a", encoding="utf-8") as file:
        for (cell, benchmark), is_accepted in said.items():
            line = {"cell": cell, "benchmark": benchmark, "accepted": is_accepted, **now}
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def read(folder: Path) -> list[Evaluation]:
    """Return what is accepted now; a torn line says nothing."""
    try:
        lines = (folder / FILE).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    last: dict[Evaluation, bool] = {}
    for line in lines:
        try:
            said = json.loads(line)
            last[str(said["cell"]), str(said["benchmark"])] = bool(said["accepted"])
        except (ValueError, TypeError, KeyError):
            continue
    return [evaluation for evaluation, is_accepted in last.items() if is_accepted]
