"""Room: what a store holds that no sweep needs.

One idea: what is found is a value, and deleting it another call. It must not touch replies.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ot_grid.cluster import control
from ot_grid.errors import BadInput, many
from ot_grid.planning import cleaning
from ot_grid.planning.cleaning import Unneeded
from ot_grid.store import Store


def unneeded(forget: Sequence[str] = (), *, place: str | Path | None = None) -> list[Unneeded]:
    """Return what no sweep of a store needs, the sweeps to `forget` left out; raise where one of these still works."""
    here = Store.of(place)
    for name in forget:
        jobs = control.jobs(here, name)
        if jobs:
            raise BadInput(f"sweep {name!r} has {many(jobs, 'job')} queued or running; first: cancel {name}")
    return cleaning.unneeded(here, forget)


def remove(found: Sequence[Unneeded], *, place: str | Path | None = None) -> list[Unneeded]:
    """Delete what was found; return what is gone. What a process writes stays."""
    return cleaning.delete(Store.of(place), found)
