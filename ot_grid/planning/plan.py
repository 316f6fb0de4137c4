"""The graph of unique stage runs behind all cells of a sweep.

One idea: a stage run is its key, so cells that share a prefix of the method share its stage runs, and the unit of
launch is a stage run. Everything here is pure: frozen values, no files, no cluster, no GPU library.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ot_grid import key
from ot_grid.config import Recipe, Runtime
from ot_grid.errors import BadInput, nearest
from ot_grid.planning import pipeline, rehearsal
from ot_grid.planning.pipeline import STAGES, Reads, Stage


@dataclass(frozen=True)
class StageRun:
    """A stage with its inputs and settings fixed."""

    key: str
    stage: str
    label: str
    branch: str
    needs: str  # cpu, inference, train
    version: tuple[int, ...]
    reads: Mapping[str, Any]
    inputs: tuple[str, ...]  # keys, in order

    @property
    def identity(self) -> dict[str, Any]:
        """What the key is the hash of; also what is frozen beside the artifact."""
        return identity(self.stage, self.version, self.branch, self.reads, self.inputs)

    def __str__(self) -> str:
        return f"{self.stage} {self.label} [{self.key[:8]}]"


def identity(
    stage: str, version: Sequence[int], branch: str, reads: Mapping[str, Any], inputs: Sequence[str]
) -> dict[str, Any]:
    """Return the plain data whose hash is a stage run's key."""
    return {"stage": stage, "version": list(version), "branch": branch, "reads": reads, "inputs": list(inputs)}


@dataclass(frozen=True)
class Cell:
    """One point of a sweep: a recipe and its coordinates."""

    id: str
    coordinates: Mapping[str, str]
    recipe: Recipe
    runs: tuple[str, ...]  # keys of its stage runs, inputs first
    overrides: tuple[str, ...] = ()  # by which it was asked for, where it runs left out

    @property
    def label(self) -> str:
        """Its coordinates in words."""
        return " ".join(f"{name}={value}" for name, value in self.coordinates.items()) or "base"


@dataclass(frozen=True)
class Winner:
    """The cell of another sweep that a sweep goes on from, and what speaks for it."""

    sweep: str
    cell: str
    label: str  # its coordinates in words, without what repeats
    named: bool  # by whoever asked, whatever its rank; else it is the one that won
    evidence: str  # what the report of its sweep said

    def __str__(self) -> str:
        how = "named, and no winner" if self.named else "the winner"
        return f"cell {self.cell} ({self.label}) of sweep {self.sweep}, {how}: {self.evidence}"


@dataclass(frozen=True)
class Plan:
    """All cells of a sweep and the unique stage runs behind them.

    >>> mix = StageRun("1f", "mix", "equal", "math", "cpu", (1,), {"seed": 1}, ())
    >>> cells = tuple(Cell(name[:2], {"filter": name}, Recipe({}, {}), ("1f",)) for name in ("length", "random"))
    >>> plan = Plan("two", ("filter=length,random",), {"filter": ("length", "random")}, cells, {"1f": mix}, Runtime())
    >>> plan.naive, len(plan.runs), plan.cells[0].label, str(plan.runs["1f"])
    (2, 1, 'filter=length', 'mix equal [1f]')
    """

    name: str
    command: tuple[str, ...]
    factors: Mapping[str, tuple[str, ...]]
    cells: tuple[Cell, ...]
    runs: Mapping[str, StageRun]  # by key, inputs first
    runtime: Runtime
    versus: str | None = None  # the recipe to compare with, by coordinates without what repeats
    repeat: tuple[str, ...] = ()  # the factors that draw the same recipe again: averaged over, never ranked
    rank_by: tuple[str, ...] = ()  # benchmarks; none: all that are not held out
    question: str = ""  # what is asked, in one line
    design: str = "product"
    winner: Winner | None = None  # what its base is, where that is a cell of another sweep

    @property
    def naive(self) -> int:
        """Stage runs if no two cells shared any."""
        return sum(len(cell.runs) for cell in self.cells)

    def asked(self) -> Plan:
        """Return what is asked for now: all, or the stages up to `runtime.until`, one stage after the other.

        Breadth first, so that what is wrong with the data of any cell shows before the next stage is paid for any.
        """
        last = self.runtime.until
        if last is None:
            return self
        order = [stage.name for stage in STAGES]
        if last not in order:
            raise BadInput(f"--until {last!r} is no stage; {nearest(last, order)}")
        wanted = order[: order.index(last) + 1]
        runs = {run.key: run for stage in wanted for run in self.runs.values() if run.stage == stage}
        cells = []
        for cell in self.cells:
            cells.append(replace(cell, runs=tuple(key for key in cell.runs if key in runs)))
        return replace(self, cells=tuple(cells), runs=runs)

    @property
    def banner(self) -> list[str]:
        """What stands in for what, over all cells."""
        return sorted({line for cell in self.cells for line in rehearsal.banner(cell.recipe.settings)})


def models_of(runs: Iterable[StageRun]) -> dict[str, tuple[dict[str, Any], str]]:
    """Return the models that stage runs ask or train, by id, each with the first stage run that needs it."""
    models: dict[str, tuple[dict[str, Any], str]] = {}
    for run in runs:
        for model in rehearsal.models(run.reads):
            models.setdefault(str(model["id"]), (dict(model), f"{run.stage}={run.label}"))
    return models


@dataclass
class Builder:
    """Builds stage runs, each once: equal settings objects over equal inputs need no second hash."""

    runs: dict[str, StageRun] = field(default_factory=dict)
    _known: dict[tuple[Any, ...], tuple[StageRun, ...]] = field(default_factory=dict)
    _alive: list[Any] = field(default_factory=list)  # keeps objects whose id() is a memo key

    def cell(self, coordinates: Mapping[str, str], recipe: Recipe, overrides: tuple[str, ...] = ()) -> Cell:
        """Return a cell, adding the stage runs it is the first to need."""
        found: dict[str, None] = {}
        self._evaluated(recipe, self._trained(recipe, found) if pipeline.trains(recipe) else (), found)
        return Cell(key.short({"cell": list(found)})[:8], coordinates, recipe, tuple(found), overrides)

    def _trained(self, recipe: Recipe, found: dict[str, None]) -> Sequence[str]:
        """Add the runs of every branch and of what comes after them; return the key of the training."""
        ends: list[str] = []
        for branch in recipe["domain.branches"]:
            ends += self._chain([s for s in STAGES if s.each in ("source", "branch")], recipe, branch, [], found)
        return self._chain([s for s in STAGES if s.each == "cell"], recipe, "", ends, found)

    def _chain(
        self, stages: Sequence[Stage], recipe: Recipe, branch: str, inputs: list[str], found: dict[str, None]
    ) -> list[str]:
        """Add the runs of successive stages; return the keys of the last that does something."""
        for stage in stages:
            runs = self._stage(stage, recipe, branch, tuple(inputs))
            found.update(dict.fromkeys(run.key for run in runs))
            inputs = [run.key for run in runs] or inputs
        return inputs

    def _evaluated(self, recipe: Recipe, trained: Sequence[str], found: dict[str, None]) -> None:
        """Add the runs of every benchmark: its questions, which need no student, and what the student says to them."""
        asking, answering = (stage for stage in STAGES if stage.each == "benchmark")
        asked = tuple(run.key for run in self._stage(asking, recipe, "", ()))
        answered = self._stage(answering, recipe, "", tuple(trained), own=asked)
        found.update(dict.fromkeys([*asked, *(run.key for run in answered)]))

    def _stage(
        self, stage: Stage, recipe: Recipe, branch: str, inputs: tuple[str, ...], *, own: tuple[str, ...] = ()
    ) -> tuple[StageRun, ...]:
        """Return the runs of a stage; `own` holds a further input for each of them, where there is any."""
        groups = sorted({path.split(".")[0] for path in stage.reads} | ({"mix"} if stage.each == "source" else set()))
        values = [recipe.settings[group] for group in groups]
        memo = (stage.name, branch, inputs, own, *map(id, values), *(recipe.choices[group] for group in groups))
        if memo not in self._known:
            self._alive += values
            read = list(pipeline.reads(stage, recipe, branch))
            extra = [[mine] for mine in own] if own else [[] for _ in read]
            runs = (self._run(stage, each, (*inputs, *more)) for each, more in zip(read, extra, strict=True))
            self._known[memo] = tuple(self.runs.setdefault(run.key, run) for run in runs)
        return self._known[memo]

    def _run(self, stage: Stage, read: Reads, inputs: tuple[str, ...]) -> StageRun:
        version = tuple(pipeline.versions(stage, read.fields))
        run_key = key.short(identity(stage.name, version, read.branch, read.fields, inputs))
        needs = pipeline.needs(stage, read.fields)
        return StageRun(run_key, stage.name, read.label, read.branch, needs, version, read.fields, inputs)
