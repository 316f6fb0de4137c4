"""What a store holds that no sweep needs, found and deleted.

One idea: an artifact is needed while a sweep names its key. Forgetting a sweep is deleting its folder; what only it
needed is then needed by nobody. Replies stay: they are what was paid for. It must not delete what a process writes.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from ot_grid import store
from ot_grid.planning import frozen
from ot_grid.planning.pipeline import STAGES
from ot_grid.store import Store


@dataclass(frozen=True)
class Unneeded:
    """A folder that may go."""

    folder: Path
    bytes: int
    files: int
    held: bool  # a process writes it now


def unneeded(place: Store, forget: Sequence[str] = ()) -> list[Unneeded]:
    """Return the artifacts that no sweep needs but those to forget, and the folders of these; the largest first."""
    gone = [frozen.find_sweep(place, name).name for name in forget]
    named = _named(place, gone)
    folders = [path for path in _artifacts(place) if _key(path) not in named]
    own = [path for name in gone for path in (place.sweep(name), place.root / "jobs" / name) if path.exists()]
    return sorted(map(_weighed, [*folders, *own]), key=lambda each: -each.bytes)


def delete(place: Store, unneeded: Sequence[Unneeded]) -> list[Unneeded]:
    """Delete folders, those of sweeps first, so that what is interrupted is found again; return what is gone.

    What a process holds stays, and so does what a sweep needs that was asked for meanwhile.
    """
    sweeps = place.root / "sweeps"
    of_sweeps = [item for item in unneeded if item.folder.parent == sweeps]
    done = []
    with store.submitting(place):  # nobody freezes a sweep meanwhile
        for item in of_sweeps:
            shutil.rmtree(item.folder)
            done.append(item)
        named = _named(place, ())
        for item in unneeded:
            if item in of_sweeps or _key(item.folder) in named or store.is_claimed(item.folder):
                continue
            shutil.rmtree(item.folder)
            done.append(item)
    return done


def _named(place: Store, but: Sequence[str]) -> set[str]:
    """Return the keys that the sweeps of a store name, some of them left out."""
    kept = [sweep for sweep in frozen.sweeps(place) if sweep.name not in but]
    return {run.key for sweep in kept for cell in sweep.cells for run in cell.runs}


def _key(folder: Path) -> str:
    return folder.name.rpartition("-")[2]


def _artifacts(place: Store) -> Iterator[Path]:
    for stage in STAGES:
        yield from place.artifacts(stage.name).values()


def _weighed(folder: Path) -> Unneeded:
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return Unneeded(folder, sum(path.stat().st_size for path in files), len(files), store.is_claimed(folder))
