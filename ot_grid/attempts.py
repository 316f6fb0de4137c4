"""What became of each attempt at a stage run: a line when it begins, a line when it ends, kept over restarts.

One idea: an attempt that began and never ended was killed, so even a death without a word is counted, and every kind of
retry has a bound. It must not decide what is launched.
"""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

FILE = "attempts.jsonl"
DONE, HELPED = "done", "helped"  # helped: generated for a stage run that another worker finished
GPU_OUT_OF_MEMORY = "GPU out of memory"  # unlike the memory of a node, which grows with the next try
FORGIVEN = "forgiven"  # nothing before it counts: somebody asked for a retry
FOR_GOOD = ("bad input", "bug")  # the same again would fail the same
NOT_COUNTED = ("upstream", "cancelled", "stopped", DONE, HELPED)


@dataclass(frozen=True)
class Attempt:
    """One attempt at a stage run."""

    id: str
    job: str | None  # Slurm's id, e.g. 123_4; on this machine that of a process
    started: str  # ISO 8601, UTC
    log: str | None  # its path; noted relative to the store, which may be moved or copied
    outcome: str | None = None  # done, or a class of failure; None: running, or killed without a word
    message: str = ""
    ended: str | None = None


def begin(artifact: Path, job: str | None, log: str | None) -> str:
    """Note that an attempt begins; return its id."""
    name = uuid.uuid4().hex[:8]
    _append(artifact, {"id": name, "began": now(), "job": job, "log": relative(log, artifact)})
    return name


def relative(log: str | None, artifact: Path) -> str | None:
    """Return the path of a log relative to the store of an artifact, as records keep it.

    >>> relative("/scratch/ada/store/jobs/two/7.log", Path("/scratch/ada/store/mix/equal-1f"))
    'jobs/two/7.log'
    """
    place = artifact.parents[1]
    return str(Path(log).relative_to(place)) if log and Path(log).is_relative_to(place) else log


def end(artifact: Path, outcome: str, message: str = "", *, name: str | None = None, job: str | None = None) -> None:
    """Note how an attempt has ended; without the name of one, an attempt that a job never began."""
    name = name or uuid.uuid4().hex[:8]
    _append(artifact, {"id": name, "ended": now(), "outcome": outcome, "message": message, "job": job})


def read(artifact: Path) -> list[Attempt]:
    """Return all attempts, the one that changed last at the end; a torn line is passed over."""
    attempts: dict[str, Attempt] = {}
    for line in _lines(artifact / FILE):
        before = attempts.pop(line["id"], None)
        if "began" in line:
            attempts[line["id"]] = Attempt(line["id"], line["job"], line["began"], _here(line["log"], artifact))
        else:
            begun = before or Attempt(line["id"], line["job"], line["ended"], None)
            ended = {"outcome": line["outcome"], "message": line["message"], "ended": line["ended"]}
            attempts[line["id"]] = replace(begun, **ended)
    return list(attempts.values())


def _here(log: str | None, artifact: Path) -> str | None:
    """Return where a log lies now; older lines hold the whole path that it had."""
    if not log:
        return None
    moved = artifact.parents[1] / "jobs" / log.rpartition("/jobs/")[2]
    return str(moved if moved.exists() else artifact.parents[1] / log)


def recent(history: Sequence[Attempt]) -> list[Attempt]:
    """Return the attempts after the last `retry`."""
    forgiven = [index for index, attempt in enumerate(history) if attempt.outcome == FORGIVEN]
    return list(history[forgiven[-1] + 1 :] if forgiven else history)


def failures(history: Sequence[Attempt], outcome: str) -> int:
    """Return how often a stage run has failed in one way since the last `retry`."""
    return sum(attempt.outcome == outcome for attempt in recent(history))


def lost(history: Sequence[Attempt]) -> int:
    """Return how many attempts since the last `retry` were lost with their node: they never said how they ended."""
    return sum(attempt.outcome in (None, "node lost") for attempt in recent(history))


def exhausted(history: Sequence[Attempt], retries: Mapping[str, int]) -> str | None:
    """Return why a stage run is not to be started again, None when it is."""
    last = recent(history)[-1:]
    outcome = last[0].outcome or "node lost" if last else "stopped"
    if outcome in NOT_COUNTED:
        return None
    if outcome in FOR_GOOD:
        return f"{outcome}: the same again would fail the same"
    times = lost(history) if outcome == "node lost" else failures(history, outcome)
    allowed = retries.get(outcome.lower().replace(" ", "_"), 0)
    return f"{outcome}: {times} times, and cluster.slurm.retries allows {allowed}" if times > allowed else None


def seconds(history: Sequence[Attempt]) -> float:
    """Return how long all attempts took, the last one until now; of one that was killed nobody knows."""
    ends = [attempt.ended for attempt in history[:-1]] + [now()]
    spans = [(attempt.started, end) for attempt, end in zip(history, ends, strict=False) if end]
    return sum((datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds() for start, end in spans)


def now() -> str:
    """Return the time as it stands in records."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _append(artifact: Path, line: Mapping[str, Any]) -> None:
    artifact.mkdir(parents=True, exist_ok=True)
    # One write of one line, appended: whole lines of two processes never mix.
    text = json.dumps(line, ensure_ascii=False) + "\n"
    descriptor = os.open(artifact / FILE, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
    try:
        os.write(descriptor, text.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _lines(path: Path) -> list[dict[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return []
    return [line for line in map(_parsed, text.splitlines()) if line]


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) else None
