"""Sweeps as they were frozen at submission: the one reader of `sweep.json`, and how a cell is named.

One idea: reports, jobs and reproductions know a sweep from its file alone, so editing a YAML later touches nothing that
was submitted. It must not write (see `freezing`), compose a config or look at artifacts.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ot_grid.config import Recipe, Runtime
from ot_grid.errors import BadInput, Corrupt, OtGridError, nearest
from ot_grid.planning.plan import Builder, Plan, Winner
from ot_grid.registry import load_plugins
from ot_grid.store import Store, read_json

SWEEP = "sweep.json"
RUNTIME = "runtime.json"  # where a sweep was last given to a cluster: for whoever resumes it
TRAINED = {"train.seed", "cell"}  # what is repeated where only the training differs; published cells have names alone


@dataclass(frozen=True)
class FrozenRun:
    """A stage run as a cell names it."""

    stage: str
    label: str
    branch: str  # the domain, or "" after the domains met
    key: str

    @property
    def name(self) -> str:
        """What a reader calls it: 'traces qwq (math)'."""
        return f"{self.stage} {self.label}" + (f" ({self.branch})" if self.branch else "")


@dataclass(frozen=True)
class FrozenCell:
    """One point of a sweep.

    >>> run = FrozenRun("train", "none-0.00002", "", "4f12b338")
    >>> cell = FrozenCell("1a2b3c4d", "filter=length", {"filter": "length"}, (run,))
    >>> fitting([cell], "1a2b") == fitting([cell], "filter=length") == [cell]
    True
    """

    id: str
    label: str
    coordinates: Mapping[str, str]
    runs: tuple[FrozenRun, ...]  # in topological order
    recipe: Recipe = field(default_factory=lambda: Recipe({}, {}))  # empty in a sweep of before that was kept
    overrides: tuple[str, ...] = ()  # the same


@dataclass(frozen=True)
class Sweep:
    """What was varied, and the cells that came of it."""

    name: str
    command: tuple[str, ...]
    factors: Mapping[str, tuple[str, ...]]
    banner: tuple[str, ...]  # one line a stand-in; empty when no rehearsal
    created: datetime
    cells: tuple[FrozenCell, ...]
    held_out: tuple[str, ...] = ()  # benchmarks that take no part in the ranking, and are shown only by name
    repeat: tuple[str, ...] = ()  # the factors that draw the same recipe again
    rank_by: tuple[str, ...] = ()  # benchmarks that rank, as the sweep asked; none: all that are not held out
    versus: str | None = None  # the recipe to compare with, by coordinates
    question: str = ""
    design: str = "product"
    plugins: tuple[str, ...] = ()  # modules that register what the recipes name
    asked: datetime | None = None  # when its command was given last; None: once, when it was created
    domains: Mapping[str, str] = field(default_factory=dict)  # of benchmarks, where the recipes say it
    winner: Winner | None = None  # the cell of another sweep that this one goes on from

    @property
    def drawn(self) -> str:
        """What the draws of one recipe differ in, in words."""
        return f"draws of {', '.join(self.repeat)}" if set(self.repeat) - TRAINED else "training seeds"

    @property
    def command_line(self) -> str:
        """The command that asked for it, as a line for a shell."""
        words = self.command if self.command[:1] == ("report",) else ("-m", *self.command)
        return f"python -m ot_grid {shlex.join(words)}"

    def without_draws(self, cell: FrozenCell) -> dict[str, str]:
        """Return a cell's coordinates without what repeats: cells of equal ones are the same recipe."""
        return {name: value for name, value in cell.coordinates.items() if name not in self.repeat}


def sweeps(place: Store) -> list[Sweep]:
    """Return all sweeps of a store, the one asked for last first; raise `Corrupt` for a bad file."""
    known = [_read(path) for path in sorted((place.root / "sweeps").glob(f"*/{SWEEP}"))]
    return sorted(known, key=lambda sweep: sweep.asked or sweep.created, reverse=True)


def find_sweep(place: Store, name: str | None) -> Sweep:
    """Return a sweep by name, or the one asked for last."""
    names = sorted(path.parent.name for path in (place.root / "sweeps").glob(f"*/{SWEEP}"))
    if not names:
        raise BadInput(
            f"store={str(place.root)!r} holds no sweep yet; run one: python -m ot_grid -m filter=length,difficulty"
        )
    if name is None:
        return sweeps(place)[0]
    if name not in names:
        raise BadInput(f"no sweep {name!r} in {place.root}; {nearest(name, names)}")
    return _read(place.sweep(name) / SWEEP)


def _read(path: Path) -> Sweep:
    try:
        return _sweep(read_json(path))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Corrupt(
            f"{path} is not a sweep of ot_grid ({error!r}); delete {path.parent} and give the command again"
        ) from error


def _sweep(raw: Mapping[str, Any]) -> Sweep:
    return Sweep(
        str(raw["name"]),
        tuple(map(str, raw["command"])),
        {factor: tuple(map(str, choices)) for factor, choices in raw["factors"].items()},
        tuple(raw["banner"]),
        _time(raw["created"]),
        tuple(map(_cell, raw["cells"])),
        held_out=_texts(raw, "held_out"),
        repeat=_texts(raw, "repeat"),
        rank_by=_texts(raw, "rank_by"),
        versus=raw.get("versus"),
        question=str(raw.get("question", "")),
        design=str(raw.get("design", "product")),
        plugins=_texts(raw, "plugins"),
        asked=_time(raw["asked"]) if "asked" in raw else None,
        domains=_domains(raw["cells"]),
        winner=Winner(**raw["winner"]) if "winner" in raw else None,
    )


def _texts(raw: Mapping[str, Any], name: str) -> tuple[str, ...]:
    # a sweep that was frozen by an older version may lack it
    return tuple(map(str, raw.get(name, ())))


def _domains(cells: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the domain of each benchmark, as the frozen recipes say it."""
    domains = {}
    for cell in cells:
        for name, benchmark in ((cell.get("recipe") or {}).get("eval") or {}).items():
            if domain := (benchmark.get("data") or {}).get("domain"):
                domains[name] = str(domain)
    return domains


def _cell(raw: Mapping[str, Any]) -> FrozenCell:
    coordinates = {factor: str(choice) for factor, choice in raw["coordinates"].items()}
    runs = tuple(FrozenRun(run["stage"], run["label"], run["branch"], run["key"]) for run in raw["runs"])
    recipe = Recipe(raw.get("recipe") or {}, raw.get("choices") or {})
    return FrozenCell(raw["cell"], raw["label"], coordinates, runs, recipe, _texts(raw, "overrides"))


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def fitting(cells: Iterable[FrozenCell], words: str) -> list[FrozenCell]:
    """Return the cells that words name: the first meaning that fits any.

    An id, a label or all coordinates in any order; the beginning of an id; some of the coordinates. Coordinates stand
    apart by spaces or commas; a choice may itself hold commas.
    """
    every, pairs = list(cells), re.split(r"[\s,]+(?=[^\s,=]+=)", words.strip())
    asked = dict(pair.split("=", 1) for pair in pairs) if all("=" in pair for pair in pairs) else None
    meanings = (
        [cell for cell in every if words in (cell.id, cell.label) or asked == cell.coordinates],
        [cell for cell in every if words and cell.id.startswith(words)],
        [cell for cell in every if asked and asked.items() <= cell.coordinates.items()],
    )
    return next(filter(None, meanings), [])


def pick(sweep: Sweep, words: str, what: str = "reference", *, recipe: bool = True) -> FrozenCell:
    """Return the one cell of a sweep that words name; raise `BadInput` unless it is one.

    Where a `recipe` is meant, and all that fit are draws of one, it is the first of them.
    """
    named = fitting(sweep.cells, words)
    recipes = [sweep.without_draws(cell) for cell in named]
    if len(named) == 1 or (recipe and named and all(each == recipes[0] for each in recipes)):
        return named[0]
    if named:
        raise BadInput(f"{what} {words!r} fits {len(named)} cells; name one by its id: {_listed(named)}")
    guess = nearest(words, _names(sweep.cells)).partition("valid:")[0]
    raise BadInput(f"{what} {words!r} is no cell of sweep {sweep.name!r}; {guess}valid: {_listed(sweep.cells)}")


def find_cell(place: Store, words: str) -> tuple[Sweep, FrozenCell]:
    """Return the cell of a store that words name ('SWEEP:CELL' for one sweep), and the latest sweep that has it."""
    name, colon, rest = words.partition(":")
    if colon and (place.sweep(name) / SWEEP).is_file():
        sweep = find_sweep(place, name)
        return sweep, pick(sweep, rest, "cell", recipe=False)
    known = sweeps(place)
    named = fitting([cell for sweep in known for cell in sweep.cells], words)
    by_id = {cell.id: cell for cell in named}
    if len(by_id) > 1:
        raise BadInput(f"{words!r} names {len(by_id)} cells: {_listed(list(by_id.values()))}; give the id of one")
    for sweep in known:
        for cell in sweep.cells:
            if cell.id in by_id:
                return sweep, cell
    names = [name for sweep in known for name in _names(sweep.cells)]
    raise BadInput(f"no cell {words!r} in {place.root}; {nearest(words, names)}")


def _names(cells: Iterable[FrozenCell]) -> list[str]:
    return [name for cell in cells for name in (cell.id, cell.label)]


def _listed(cells: Sequence[FrozenCell]) -> str:
    shown = ", ".join(f"{cell.id} ({cell.label})" for cell in cells[:8])
    return shown + (f", and {len(cells) - 8} more" if len(cells) > 8 else "")


def plan_of(sweep: Sweep, runtime: Runtime) -> Plan:
    """Return the plan of a frozen sweep: from its recipes alone, whatever `conf/` says today."""
    load_plugins(sweep.plugins)
    builder = Builder()
    built = tuple(builder.cell(cell.coordinates, cell.recipe, cell.overrides) for cell in sweep.cells)
    for cell, made in zip(sweep.cells, built, strict=True):
        if [run.key for run in cell.runs] != list(made.runs):
            raise OtGridError(
                f"cell {cell.id} of sweep {sweep.name!r} was frozen by another version of ot_grid, whose stages "
                "differ; use that version (its commit is in the records), or run the sweep again with this one"
            )
    return Plan(
        sweep.name, sweep.command, sweep.factors, built, builder.runs, runtime, versus=sweep.versus,
        repeat=sweep.repeat, rank_by=sweep.rank_by, question=sweep.question, design=sweep.design,
        winner=sweep.winner,
    )  # fmt: skip


def plan(place: Store, name: str | None) -> Plan:
    """Return what was asked for last of a sweep (of the one asked for last by default), as it was frozen."""
    sweep = find_sweep(place, name)
    return plan_of(sweep, last_runtime(place, sweep)).asked()


def plan_of_cell(place: Store, words: str) -> Plan:
    """Return a plan of the one cell that words name, to reproduce or explain it."""
    sweep, cell = find_cell(place, words)
    return plan_of(replace(sweep, cells=(cell,), versus=None), last_runtime(place, sweep))


def last_runtime(place: Store, sweep: Sweep) -> Runtime:
    """Return the runtime with which a sweep was asked for last; where none is kept, only store and plugins are set."""
    path = place.sweep(sweep.name) / RUNTIME
    kept = read_json(path) if path.exists() else {"plugins": list(sweep.plugins)}
    return Runtime.of({**kept, "store": str(place.root)})
