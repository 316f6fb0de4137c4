"""What a store has of a plan from before: stage runs of older versions, and replies that need not be bought again.

One idea: a stage run's descent is its key without versions. By it the work of older versions is found, and with it the
replies that were asked for; no prompt is rendered, so no model is needed. It must not write.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from ot_grid import attempts, key, store, tables
from ot_grid.config import Model
from ot_grid.errors import many
from ot_grid.inference import identity
from ot_grid.inference.replies import Replies
from ot_grid.planning import rehearsal
from ot_grid.planning.pipeline import STAGES
from ot_grid.planning.plan import Plan, StageRun
from ot_grid.stages import traces
from ot_grid.store import Artifacts

Pair = tuple[str, str, int]  # a teacher's settings, a question, a sample: what a prompt of traces is made from


def lines(plan: Plan, missing: Sequence[StageRun], artifacts: Artifacts) -> Iterator[str]:
    """Yield which stage runs are made again and why, and how many of their replies the store has."""
    if missing:
        before = Before(plan, artifacts)
        yield from _purged(missing, artifacts)
        yield from _made_again(missing, before)
        yield from _replies(missing, before)


class Before:
    """The finished stage runs of a store, by their descent."""

    def __init__(self, plan: Plan, artifacts: Artifacts) -> None:
        self.plan, self.artifacts = plan, artifacts
        self.folders = {
            run_key: folder for stage in STAGES for run_key, folder in artifacts.place.artifacts(stage.name).items()
        }
        self._descents: dict[str, str] = {}  # by key, of planned and of stored stage runs
        self._stored: dict[str, dict[str, Path]] = {}  # stage -> descent -> folder

    def twin(self, run: StageRun) -> Path | None:
        """Return the finished artifact of a stage run, of whatever versions of the stages it was made."""
        if run.stage not in self._stored:
            of_stage = self._stored[run.stage] = {}
            for folder, _ in self.done(run.stage):
                of_stage[self._stored_descent(folder)] = folder
        return self._stored[run.stage].get(self._planned_descent(run))

    def has_inputs(self, run: StageRun) -> bool:
        """Whether everything that a stage run reads is done."""
        return all(self.artifacts.done(self.plan.runs[run_key]) for run_key in run.inputs)

    def done(self, stage: str) -> Iterator[tuple[Path, dict[str, Any]]]:
        """Yield the finished artifacts of a stage with their recipes."""
        for folder in self.artifacts.place.artifacts(stage).values():
            if (folder / store.RECORD).exists() and (folder / store.RECIPE).exists():
                yield folder, store.read_json(folder / store.RECIPE)

    def _planned_descent(self, run: StageRun) -> str:
        if run.key not in self._descents:
            inputs = [self._planned_descent(self.plan.runs[run_key]) for run_key in run.inputs]
            self._descents[run.key] = _descent(run.stage, run.branch, run.reads, inputs)
        return self._descents[run.key]

    def _stored_descent(self, folder: Path) -> str:
        """Return the descent of a stored stage run, "" where what it came from is not in the store any more."""
        run_key = folder.name.rpartition("-")[2]
        if run_key not in self._descents:
            self._descents[run_key] = ""
            recipe: dict[str, Any] = {"inputs": [""]}
            if (folder / store.RECIPE).exists():
                recipe = store.read_json(folder / store.RECIPE)
            parents = [self.folders.get(name) for name in recipe["inputs"]]
            inputs = [self._stored_descent(parent) if parent else "" for parent in parents]
            if all(inputs):
                self._descents[run_key] = _descent(recipe["stage"], recipe["branch"], recipe["reads"], inputs)
        return self._descents[run_key]


def _descent(stage: str, branch: str, reads: Any, inputs: Sequence[str]) -> str:
    return key.digest({"stage": stage, "branch": branch, "reads": reads, "inputs": list(inputs)})


def _purged(missing: Sequence[StageRun], artifacts: Artifacts) -> Iterator[str]:
    """Yield how many stage runs were done, by what was noted of them, and have no record any more."""
    lost = [run for run in missing if _was_done(artifacts.folder(run))]
    if lost:
        yield (
            f"  {many(len(lost), 'stage run')} done once and made again, for the record is gone: deleted, or purged "
            f"by the file system (e.g. {artifacts.folder(lost[0])})"
        )


def _was_done(folder: Path) -> bool:
    history = attempts.read(folder)
    return bool(history) and history[-1].outcome == attempts.DONE


def _made_again(missing: Sequence[StageRun], before: Before) -> Iterator[str]:
    """Yield a line for each stage whose version has changed; what follows from it is new without a line."""
    changed: dict[str, list[tuple[list[int], StageRun]]] = {}
    for run in missing:
        twin = before.twin(run)
        if twin:
            version = list(store.read_json(twin / store.RECIPE)["version"])
            if version != list(run.version):
                changed.setdefault(run.stage, []).append((version, run))
    for stage, runs in changed.items():
        older, now = (".".join(map(str, version)) for version in (runs[0][0], runs[0][1].version))
        yield (
            f"  {many(len(runs), f'{stage} run')} made again, and what follows: the store has them of version "
            f"{older}, and this is {now} (see CHANGELOG); replies stay bought"
        )


def _replies(missing: Sequence[StageRun], before: Before) -> Iterator[str]:
    """Yield a line for each stage of which the store has replies that its stage runs will ask for."""
    asking: dict[str, list[StageRun]] = {}
    for run in missing:
        if any(rehearsal.models(run.reads)) and run.needs == "inference":
            asking.setdefault(run.stage, []).append(run)
    for stage, runs in asking.items():
        wanted, there, unknown = _of_traces(runs, before) if stage == "traces" else _of_others(runs, before)
        if there:
            # Inputs that are made again may hold other questions: what was asked before is the most there can be.
            most = "" if all(before.has_inputs(run) for run in runs) else "up to "
            rest = f"; {many(unknown, 'run')} more of which it is not known yet" if unknown else ""
            yield f"  {most}{there:,} of {wanted:,} replies that {stage} asks for are bought already{rest}"


def _of_traces(runs: Sequence[StageRun], before: Before) -> tuple[int, int, int]:
    """Return how many replies traces ask for, how many of them the store has, and of how many runs that is unknown."""
    distinct: set[Pair] = set()
    unknown = 0
    for run in runs:
        pairs = _pairs(run, before)
        distinct.update(pairs or ())
        unknown += pairs is None
    teachers = {teacher for teacher, _, _ in distinct}
    named: dict[Pair, str] = {}
    for folder, recipe in before.done("traces"):
        teacher = key.digest(recipe["reads"]["teacher"])
        if teacher in teachers:
            named.update({(teacher, *asked): reply for asked, reply in tables.references(folder)})
    keys = {named[pair] for pair in distinct if pair in named}
    return len(distinct), len(keys) - len(Replies(before.artifacts.place.replies).missing(keys)), unknown


def _pairs(run: StageRun, before: Before) -> list[Pair] | None:
    """Return what a traces run asks, from its input or from its twin; None where neither is there."""
    teacher, twin = key.digest(run.reads["teacher"]), before.twin(run)
    if before.has_inputs(run):
        parent = before.plan.runs[run.inputs[0]]
        asked = traces.asked_of(tables.read_questions(before.artifacts.folder(parent)), run.reads)
        return [(teacher, question.id, sample) for question, sample in asked]
    return [(teacher, *asked) for asked, _ in tables.references(twin)] if twin else None


def _of_others(runs: Sequence[StageRun], before: Before) -> tuple[int, int, int]:
    """Return the same of stages that keep no references: what their twins asked for, where the model's replies lie."""
    replies = unknown = 0
    for run in runs:
        twin = before.twin(run)
        used = (store.record_of(twin) or {}).get("usage", {}) if twin else {}
        models = [Model(**dict(model)) for model in rehearsal.models(run.reads)]
        there = all((before.artifacts.place.replies / identity.model_key(model)).is_dir() for model in models)
        count = used.get("bought", 0) + used.get("reused", 0) if there else 0
        replies, unknown = replies + count, unknown + (count == 0)
    return replies, replies, unknown
