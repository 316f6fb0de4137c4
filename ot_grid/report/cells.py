"""A sweep as it was frozen at submission: its cells, their coordinates, their stage runs.

One idea: what `sweep.json` says is all a report knows of the plan. It must not compose a config or look at artifacts.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from ot_grid.errors import BadInput, Corrupt, nearest
from ot_grid.store import Store, read_json

SWEEP = "sweep.json"
TRAINED = {"train.seed", "cell"}  # what is repeated where only the training differs; published cells have names alone


@dataclass(frozen=True)
class Run:
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
class Cell:
    """One point of a sweep."""

    id: str
    label: str
    coordinates: Mapping[str, str]
    runs: tuple[Run, ...]  # in topological order


@dataclass(frozen=True)
class Sweep:
    """What was varied, and the cells that came of it."""

    name: str
    command: tuple[str, ...]
    factors: Mapping[str, tuple[str, ...]]
    banner: tuple[str, ...]  # one line a stand-in; empty when no rehearsal
    created: datetime
    cells: tuple[Cell, ...]
    held_out: tuple[str, ...] = ()  # benchmarks that take no part in the ranking, and are shown only by name
    repeat: tuple[str, ...] = ()  # the factors that draw the same recipe again
    rank_by: tuple[str, ...] = ()  # benchmarks that rank, as the sweep asked; none: all that are not held out
    versus: str | None = None  # the recipe to compare with, by coordinates
    question: str = ""
    design: str = "product"
    domains: Mapping[str, str] = field(default_factory=dict)  # of benchmarks, where the recipes say it

    @property
    def drawn(self) -> str:
        """What the draws of one recipe differ in, in words."""
        return f"draws of {', '.join(self.repeat)}" if set(self.repeat) - TRAINED else "training seeds"

    @property
    def asked(self) -> str:
        """The command that asked for it, as a line for a shell."""
        words = self.command if self.command[:1] == ("report",) else ("-m", *self.command)
        return f"python -m ot_grid {shlex.join(words)}"

    def recipe(self, cell: Cell) -> dict[str, str]:
        """Return a cell's coordinates without what repeats: cells of equal ones are the same recipe."""
        return {name: value for name, value in cell.coordinates.items() if name not in self.repeat}


def find(store: Store, name: str | None) -> Sweep:
    """Return the sweep of that name, or the newest; raise `BadInput` when there is none, `Corrupt` for a bad file."""
    folders = store.sweep("x").parent
    names = sorted(path.parent.name for path in folders.glob(f"*/{SWEEP}"))
    if not names:
        raise BadInput(
            f"store={str(store.root)!r} holds no sweep; make one, e.g. python -m ot_grid -m filter=length,difficulty"
        )
    if name is None:
        return max((_load(store, each) for each in names), key=lambda sweep: sweep.created)
    if name not in names:
        raise BadInput(f"no sweep {name!r} in store={str(store.root)!r}; {nearest(name, names)}")
    return _load(store, name)


def _load(store: Store, name: str) -> Sweep:
    path = store.sweep(name) / SWEEP
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
        domains=_domains(raw["cells"]),
    )


def _texts(raw: Mapping[str, Any], name: str) -> tuple[str, ...]:
    return tuple(map(str, raw.get(name, ())))  # a sweep that was frozen by an older version may lack it


def _domains(cells: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return the domain of each benchmark, as the frozen recipes say it."""
    evals = [(cell.get("recipe") or {}).get("eval") or {} for cell in cells]
    return {
        name: str(benchmark["data"]["domain"])
        for each in evals
        for name, benchmark in each.items()
        if (benchmark.get("data") or {}).get("domain")
    }


def _cell(raw: Mapping[str, Any]) -> Cell:
    coordinates = {factor: str(choice) for factor, choice in raw["coordinates"].items()}
    runs = tuple(Run(run["stage"], run["label"], run["branch"], run["key"]) for run in raw["runs"])
    return Cell(raw["cell"], raw["label"], coordinates, runs)


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def pick(sweep: Sweep, wanted: str, what: str = "reference", *, recipe: bool = True) -> Cell:
    """Return the one cell with that id (or its beginning), label or coordinates; raise `BadInput` unless it is one.

    Where a `recipe` is meant, and all that fit are draws of one, it is the first of them.
    """
    found = [cell for cell in sweep.cells if wanted in (cell.id, cell.label)] or _matching(sweep, wanted)
    if len(found) == 1 or (recipe and found and all(sweep.recipe(cell) == sweep.recipe(found[0]) for cell in found)):
        return found[0]
    if found:
        raise BadInput(f"{what} {wanted!r} fits {len(found)} cells; name one by its id: {_listed(found)}")
    ids = [cell.id for cell in sweep.cells]
    guess = nearest(wanted, [*ids, *(cell.label for cell in sweep.cells)]).partition("valid:")[0]
    raise BadInput(f"{what} {wanted!r} is no cell of sweep {sweep.name!r}; {guess}valid: {_listed(sweep.cells)}")


def _matching(sweep: Sweep, wanted: str) -> list[Cell]:
    pairs = re.split(r"[\s,]+(?=[^\s,=]+=)", wanted.strip())  # a choice may hold commas; a new pair starts with name=
    if all("=" in pair for pair in pairs):
        asked = dict(pair.split("=", 1) for pair in pairs)
        return [cell for cell in sweep.cells if asked.items() <= cell.coordinates.items()]
    return [cell for cell in sweep.cells if wanted and cell.id.startswith(wanted)]


def _listed(cells: list[Cell] | tuple[Cell, ...]) -> str:
    shown = ", ".join(f"{cell.id} ({cell.label})" for cell in cells[:8])
    return shown + (f", and {len(cells) - 8} more" if len(cells) > 8 else "")
