"""What is new since W&B was last told, and the notebook of what it was told.

One idea: a note is made when something has arrived, with its digest, apart for each place that is told; so what did
not arrive is new the next time. It must not start anything.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ot_grid import key, store
from ot_grid.config import Tracking
from ot_grid.report.tracking.facts import Overall, Tracked, run_id

FILE = "tracked.json"
TABLE = "table"  # the run with the ranked table, among the cells


class Notes:
    """What a place was told of a sweep."""

    def __init__(self, tracking: Tracking, folder: Path) -> None:
        self._path = folder / FILE
        self._where = _where(tracking)
        self._all = store.read_json(self._path) if self._path.exists() else {}
        found = self._all.get(self._where, {})
        self.runs: dict[str, Any] = found.get("runs", {})  # cell -> run, digest, curve
        self.report: dict[str, Any] = found.get("report", {})  # id, url, digest

    def arrived(self, run: Mapping[str, Any]) -> None:
        """Note that a run has arrived."""
        self.runs[run["cell"]] = {name: run[name] for name in ("run", "digest", "curve")}
        self._write()

    def written(self, report: Mapping[str, Any]) -> None:
        """Note that the report was written."""
        self.report = dict(report)
        self._write()

    def _write(self) -> None:
        self._all[self._where] = {"runs": self.runs, "report": self.report}
        store.write_json(self._path, self._all, durable=False)


def _where(tracking: Tracking) -> str:
    server = os.environ.get("WANDB_BASE_URL") or "the usual server"
    return f"{tracking.mode} {server} {tracking.entity or 'the entity of the key'}/{tracking.project}"


def job(
    tracking: Tracking, folder: Path, cells: Sequence[Tracked], overall: Overall, notes: Notes
) -> dict[str, Any] | None:
    """Return what is to be told: runs that are new or changed, the whole and its report; None when nothing is."""
    facts = asdict(overall)
    whole = _whole(tracking, folder.name, facts)
    runs = [_run(tracking, folder.name, cell, notes.runs.get(cell.id, {})) for cell in cells]
    asked = {
        "runs": [run for run in runs if notes.runs.get(run["cell"], {}).get("digest") != run["digest"]],
        "overall": None if notes.runs.get(TABLE, {}).get("digest") == whole["digest"] else whole,
        "report": _report(tracking, whole["digest"], notes.report),
    }
    if not any(asked.values()):
        return None
    place = str(folder.parent.parent)
    return {"tracking": asdict(tracking), "sweep": folder.name, "place": place, "facts": facts, **asked}


def _run(tracking: Tracking, sweep: str, cell: Tracked, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is to be told of a cell. A student that was trained again has a run of its own: history stays."""
    facts, curve = asdict(cell), _digest(cell.loss)
    again = known.get("curve", curve) != curve
    name = run_id(tracking, sweep, f"{cell.id} {curve}") if again else known.get("run")
    return {
        "cell": cell.id,
        "run": name or run_id(tracking, sweep, cell.id),
        "replaces": known["run"] if again else None,
        "digest": _digest([tracking.artifacts, facts]),
        "curve": curve,
        "facts": facts,
    }


def _whole(tracking: Tracking, sweep: str, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {"cell": TABLE, "run": run_id(tracking, sweep, TABLE), "digest": _digest(facts), "curve": ""}


def _report(tracking: Tracking, digest: str, known: Mapping[str, Any]) -> dict[str, Any] | None:
    if tracking.mode != "online" or not tracking.report or known.get("digest") == digest:
        return None
    return {"id": known.get("id"), "digest": digest}


def _digest(facts: Any) -> str:
    return key.digest(json.dumps(facts, sort_keys=True, default=str))
