"""The cell that another sweep goes on from: the one that its report names the winner, or one that somebody names.

One idea: what won is what a stored report says, with its reason, and not what looks best now: a step of the method is
decided once, in writing, and frozen into the sweep that builds on it. It must not rank by itself.

    base: {winner: filters}                    # refused where that sweep is not complete, or names no winner
    base: [{winner: filters}, scale=ot_31k]    # with overrides on top of what won
    base: {winner: filters, cell: 3afc22e0}    # another cell, also where nothing is resolved; that it was named is kept
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ot_grid.errors import BadInput, nearest
from ot_grid.planning import frozen
from ot_grid.planning.baselines import BASELINE
from ot_grid.planning.frozen import FrozenCell, Sweep
from ot_grid.planning.plan import Winner
from ot_grid.planning.sweep_keys import Base
from ot_grid.store import Store, read_json

REPORT = "report.json"  # as `report` leaves it beside a sweep


def find(place: Store, base: Base) -> tuple[Winner, tuple[str, ...]]:
    """Return the cell that a base names, and the overrides by which it was asked for, without what repeats in it."""
    sweep = _sweep(place, base.winner)
    report = _report(place, sweep)
    cell = frozen.pick(sweep, base.cell, "cell") if base.cell else _won(sweep, report)
    if BASELINE in cell.coordinates:
        raise BadInput(f"cell {cell.id} is {cell.coordinates[BASELINE]} as it is, no recipe; name one that trains")
    if not cell.overrides:
        raise BadInput(
            f"sweep {sweep.name!r} was frozen by a version that did not keep how its cells were asked for; give its "
            f"command again, which runs nothing twice: {sweep.command_line}"
        )
    sentence = (report or {}).get("verdict", {}).get("sentence") or "it has no report yet"
    label = " ".join(f"{name}={value}" for name, value in sweep.without_draws(cell).items()) or "base"
    named = cell.id != (report or {}).get("verdict", {}).get("winner")
    plugins = [f"plugins=[{','.join(sweep.plugins)}]"] if sweep.plugins else []
    drawn = tuple(f"{name}=" for name in sweep.repeat)
    lines = [line for line in cell.overrides if not line.lstrip("+").startswith(drawn)]
    return Winner(sweep.name, cell.id, label, named, sentence), (*plugins, *lines)


def _sweep(place: Store, name: str) -> Sweep:
    """Return a sweep by its name, or the one asked for last of the sweep file of that name."""
    known = frozen.sweeps(place)
    fitting = [sweep for sweep in known if sweep.name == name] or [
        sweep for sweep in known if sweep.name.rpartition("-")[0] == name
    ]
    if not fitting:
        names = [sweep.name for sweep in known]
        raise BadInput(f"base goes on from the winner of {name!r}, and {place.root} has none; {nearest(name, names)}")
    return fitting[0]


def _report(place: Store, sweep: Sweep) -> Mapping[str, Any] | None:
    path = place.sweep(sweep.name) / REPORT
    return read_json(path) if path.is_file() else None


def _won(sweep: Sweep, report: Mapping[str, Any] | None) -> FrozenCell:
    """Return the cell that a report names the winner; raise where it does not, or may still change its mind."""
    if report is None:
        raise BadInput(f"sweep {sweep.name!r} has no report yet, so no winner: python -m ot_grid report {sweep.name}")
    way = f"or name the cell to go on with all the same: base: {{winner: {sweep.name}, cell: CELL}}"
    if not report["complete"]:
        raise BadInput(
            f"sweep {sweep.name!r} was not complete when it was reported last, so its winner may change; complete it, "
            f"and report it again (python -m ot_grid resume {sweep.name}), {way}"
        )
    won = report["verdict"]["winner"]
    if won is None:
        raise BadInput(f"sweep {sweep.name!r} names no winner: {report['verdict']['sentence']} Give it more, {way}")
    return frozen.pick(sweep, won, "winner")
