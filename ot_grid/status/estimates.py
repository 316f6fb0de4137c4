"""What a plan will buy and keep, before anything is spent: replies, tokens, gigabytes.

One idea: upper bounds from what is asked for, said as such; what is not known yet (how many questions a file holds) is
said to be so. It must not write.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ot_grid import store
from ot_grid.errors import many
from ot_grid.planning.plan import Plan, StageRun
from ot_grid.sizing import training
from ot_grid.stages import needs
from ot_grid.store import Artifacts

LEAST = 0.05e9  # bytes of students below which nobody cares


def lines(plan: Plan, missing: Sequence[StageRun], artifacts: Artifacts) -> Iterator[str]:
    """Yield what is to be bought at most, and what students will keep on the disk."""
    yield from _replies(plan, missing, artifacts)
    yield from _disk(plan, missing, artifacts)


def _replies(plan: Plan, missing: Sequence[StageRun], artifacts: Artifacts) -> Iterator[str]:
    asked: dict[str, int] = {}
    tokens, unknown = 0, 0
    for run in missing:
        if run.needs != "inference":
            continue
        count = replies(run, plan, artifacts)
        if count is None:
            unknown += 1
            continue
        asked[run.stage] = asked.get(run.stage, 0) + count
        tokens += count * max(needs.most_tokens(run.reads), default=0)
    if asked:
        named = ", ".join(f"{stage} {count:,}" for stage, count in asked.items())
        rest = f"; of {many(unknown, 'stage run')} it is not known yet" if unknown else ""
        yield (
            f"  asks for up to {sum(asked.values()):,} replies ({named}), of at most {tokens:,} tokens; those that "
            f"several ask for are bought once{rest}"
        )


def replies(run: StageRun, plan: Plan, artifacts: Artifacts) -> int | None:
    """Return how many replies a stage run asks for at most; None where nobody knows yet."""
    if run.stage == "eval":
        benchmark = run.reads["benchmark"]
        known = [_questions(plan.runs[name], artifacts) for name in run.inputs if name in plan.runs]
        counts = [count for count in (*known[-1:], benchmark["limit"]) if count is not None]
        return min(counts) * int(benchmark["repeats"]) if counts else None
    if run.stage == "traces":
        count = int(run.reads["count"])
        return min(int(run.reads["questions"]), int(run.reads["rows"]) // count) * count
    if run.stage == "verify":  # a judge
        return next((replies(each, plan, artifacts) for each in _above(run, plan) if each.stage == "traces"), None)
    return next((int(each.reads["pool"]) for each in _above(run, plan) if "pool" in each.reads), None)


def _above(run: StageRun, plan: Plan) -> Iterator[StageRun]:
    """Yield what a stage run comes from, the nearest first."""
    for name in run.inputs:
        if name in plan.runs:
            yield plan.runs[name]
            yield from _above(plan.runs[name], plan)


def _questions(run: StageRun, artifacts: Artifacts) -> int | None:
    """Return how many questions a finished benchmark holds."""
    counts: Mapping[str, Any] = (store.record_of(artifacts.folder(run)) or {}).get("counts", {})
    return int(counts["questions"]) if "questions" in counts else None


def _disk(plan: Plan, missing: Sequence[StageRun], artifacts: Artifacts) -> Iterator[str]:
    kept = checkpoint = 0.0
    students = unknown = 0
    for run in missing:
        if run.needs != "train":
            continue
        asking = next(needs.askings(run, plan), None)
        size = needs.size(asking, plan.runtime.cluster) if asking else None
        if size is None:
            unknown += 1
            continue
        students += 1
        kept += training.SAVED * size.parameters
        checkpoint = max(checkpoint, training.CHECKPOINT * size.parameters)
    if students and kept > LEAST:
        free = shutil.disk_usage(_there(artifacts.place.root)).free
        rest = f"; of {unknown} the size is not known" if unknown else ""
        short = "" if kept + checkpoint < free else ": TOO LITTLE ROOM; choose another with store=FOLDER, or gc"
        keeping = f"{many(students, 'student')} {'keeps' if students == 1 else 'keep'} up to {kept / 1e9:,.1f} GB"
        yield (
            f"  {keeping}, a checkpoint {checkpoint / 1e9:,.1f} GB while it trains; {free / 1e9:,.0f} GB are free"
            f"{short}{rest}"
        )


def _there(path: Path) -> Path:
    """Return a folder, or the nearest above it that is there."""
    return next(folder for folder in (path, *path.parents) if folder.exists())
