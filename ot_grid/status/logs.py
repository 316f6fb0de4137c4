"""The logs of stage runs: which of them are meant, where they write, the end of it, and what is added.

One idea: a job writes one log for all its stage runs, so logs are grouped by file; a training has one of its own beside
it. It must not write.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ot_grid import attempts, store
from ot_grid.attempts import Attempt
from ot_grid.cluster import standing
from ot_grid.cluster.standing import QUEUED, RUNNING, Standing
from ot_grid.errors import BadInput, nearest
from ot_grid.planning import frozen
from ot_grid.planning.frozen import FrozenCell, FrozenRun
from ot_grid.planning.pipeline import STAGES
from ot_grid.planning.plan import Plan, StageRun
from ot_grid.store import Artifacts, Store

SHORTEST = 4  # characters of a key or of a cell's id that name it
MOST_NAMED = 30  # labels that an error lists
END_BYTES = 1 << 18  # the end of a log is looked for in this much of it
POLL_SECONDS, ASK_SECONDS = 0.5, 15.0  # between two looks at a file, and at Slurm


def find(place: Store, name: str, sweep: str | None = None) -> tuple[Plan, list[StageRun]]:
    """Return the stage runs that a word names, and the plan they are of; the sweep asked for last is searched first."""
    known = frozen.sweeps(place)
    searched = [frozen.find_sweep(place, sweep)] if sweep or not known else known
    for each in searched:
        if keys := matching(each.cells, name):
            plan = frozen.plan(place, each.name)
            return plan, [run for run in plan.runs.values() if run.key in keys]
    labels = {f"{run.stage}/{run.label}" for each in searched for cell in each.cells for run in cell.runs}
    stages = {stage.name for stage in STAGES}
    raise BadInput(
        f"{name!r} names no stage run of {sweep or place.root}: give a cell, a stage, stage/label, or the beginning "
        f"of a key or of a cell's id ({SHORTEST} characters or more), as `status --all` and `report` show them; "
        f"{nearest(name, stages | labels if len(labels) < MOST_NAMED else stages)}"
    )


def matching(cells: Sequence[FrozenCell], name: str) -> set[str]:
    """Return the keys of the stage runs that a word names in frozen cells: the first meaning that fits."""
    runs = [run for cell in cells for run in cell.runs]
    stage, _, label = name.partition("/")
    shown = re.search(r"\[([0-9a-f]+)\]", name)  # as `status` prints it: train none-... [4f12b338]
    start = shown[1] if shown else name
    named = [run for cell in frozen.fitting(cells, name) for run in cell.runs]
    beginning = [run for run in runs if len(start) >= SHORTEST and run.key.startswith(start)]
    meanings = (
        named if "=" in name or any(name == cell.id for cell in cells) else [],
        [run for run in runs if run.stage == name],
        [run for run in runs if label and _is(run, stage, label)],
        beginning,
        named if len(name) >= SHORTEST else [],
    )
    return {run.key for run in next(filter(None, meanings), [])}


def _is(run: FrozenRun, stage: str, label: str) -> bool:
    """Whether a stage run is called so: by the beginning of its label, or by its folder."""
    folder = f"{store.slug(run.label)}-{run.key}"
    return run.stage == stage and (run.label.startswith(label) or folder == label.rstrip("/"))


@dataclass(frozen=True)
class Log:
    """A file that the newest attempts at some stage runs have written."""

    path: Path
    runs: list[StageRun] = field(default_factory=list)

    def __str__(self) -> str:
        return f"==> {self.path}  ({', '.join(map(str, self.runs))})"


def logs(runs: Iterable[StageRun], artifacts: Artifacts) -> list[Log]:
    """Return the logs of stage runs, each once."""
    found: dict[Path, Log] = {}
    for run in runs:
        for path in paths(run, artifacts):
            found.setdefault(path, Log(path)).runs.append(run)
    return list(found.values())


def paths(run: StageRun, artifacts: Artifacts) -> list[Path]:
    """Return the logs of the newest attempt at a stage run that are there."""
    folder = artifacts.folder(run)
    told = [Path(attempt.log) for attempt in attempts.read(folder)[::-1] if attempt.log][:1]
    own = [folder / store.TRAINING] if run.stage == "train" else []
    return [path for path in [*told, *own] if path.is_file()]


def end(path: Path, lines: int) -> list[str]:
    """Return the last lines of a log."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - END_BYTES))
        return readable(file.read()).splitlines()[-lines:] if lines else []


def readable(written: bytes) -> str:
    """Return what a terminal would show of a log: of a line that was written over and over, how it ended."""
    text = written.decode("utf-8", errors="replace").replace("\r\n", "\n")
    return re.sub(r"[^\n]*\r(?=[^\n])", "", text)


def chosen(runs: Sequence[StageRun], found: Mapping[str, Standing], artifacts: Artifacts) -> StageRun:
    """Return the stage run to follow: one that runs, else the one that was begun last."""

    def rank(run: StageRun) -> tuple[bool, str]:
        history: list[Attempt] = attempts.read(artifacts.folder(run))
        return found[run.key].state == RUNNING, max((attempt.started for attempt in history), default="")

    return max(runs, key=rank)


def follow(run: StageRun, plan: Plan, artifacts: Artifacts, lines: int) -> Iterator[str]:
    """Yield the end of the logs of a stage run, then what is added, until it is over."""
    read: dict[Path, int] = {}
    shown: Path | None = None
    told = ""
    watch = _Tail(run, plan, artifacts)
    while True:
        now = watch.look()
        for path in paths(run, artifacts):
            fresh = _added(path, read, lines)
            if fresh and path != shown:
                shown = path
                yield f"==> {path}"
            yield from fresh
        if now.state not in (RUNNING, QUEUED):
            yield f"{run}: {now}"
            return
        if now.state == QUEUED and str(now) != told:
            told = str(now)
            yield f"{run}: {now}"
        time.sleep(POLL_SECONDS)


def _added(path: Path, read: dict[Path, int], lines: int) -> list[str]:
    """Return the whole lines that were added to a log since the last time; at first its end."""
    if path not in read:
        read[path] = path.stat().st_size
        return end(path, lines)
    with path.open("rb") as file:
        file.seek(read[path])
        added = file.read()
    whole = added[: added.rfind(b"\n") + 1]
    read[path] += len(whole)
    return readable(whole).splitlines()


@dataclass
class _Tail:
    """Looks where one stage run stands: at Slurm now and then, and whenever its attempts or its record change."""

    run: StageRun
    plan: Plan
    artifacts: Artifacts
    seen: tuple[int, bool] = (-1, False)
    asked: float = 0.0
    now: Standing = field(default_factory=lambda: Standing(standing.WAITING))

    def look(self) -> Standing:
        """Return where it stands."""
        folder = self.artifacts.folder(self.run)
        told = folder / attempts.FILE
        seen = (told.stat().st_size if told.exists() else 0, (folder / store.RECORD).exists())
        if seen != self.seen or time.monotonic() - self.asked > ASK_SECONDS:
            self.artifacts.refresh()
            self.now = standing.look(self.plan, self.artifacts)[self.run.key]
            self.seen, self.asked = seen, time.monotonic()
        return self.now
