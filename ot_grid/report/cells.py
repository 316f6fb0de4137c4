"""A sweep as it was frozen at submission: its cells, their coordinates, their stage runs.

One idea: what `sweep.json` says is all a report knows of the plan. It must not compose a config or look at artifacts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ot_grid.errors import BadInput, Corrupt, nearest
from ot_grid.store import Store, read_json

SWEEP = "sweep.json"


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
        tuple(map(str, raw.get("held_out", ()))),
    )


def _cell(raw: Mapping[str, Any]) -> Cell:
    coordinates = {factor: str(choice) for factor, choice in raw["coordinates"].items()}
    runs = tuple(Run(run["stage"], run["label"], run["branch"], run["key"]) for run in raw["runs"])
    return Cell(raw["cell"], raw["label"], coordinates, runs)


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def pick(sweep: Sweep, wanted: str, what: str = "reference") -> Cell:
    """Return the one cell with that id (or its beginning), label or coordinates; raise `BadInput` unless it is one."""
    found = [cell for cell in sweep.cells if wanted in (cell.id, cell.label)] or _matching(sweep, wanted)
    if len(found) == 1:
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
