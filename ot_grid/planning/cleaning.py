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
    kept = [sweep for sweep in frozen.sweeps(place) if sweep.name not in gone]
    named = {run.key for sweep in kept for cell in sweep.cells for run in cell.runs}
    folders = [path for path in _artifacts(place) if path.name.rpartition("-")[2] not in named]
    own = [path for name in gone for path in (place.sweep(name), place.root / "jobs" / name) if path.exists()]
    return sorted(map(_weighed, [*folders, *own]), key=lambda each: -each.bytes)


def delete(place: Store, found: Sequence[Unneeded]) -> list[Unneeded]:
    """Delete folders, those of sweeps first, so that what is interrupted is found again; return what is gone.

    What a process holds stays.
    """
    sweeps = place.root / "sweeps"
    with store.submitting(place):
        order = sorted(found, key=lambda each: each.folder.parent != sweeps)
        done = []
        for each in order:
            if each.folder.parent != sweeps and store.is_claimed(each.folder):
                continue
            shutil.rmtree(each.folder)
            done.append(each)
    return done


def _artifacts(place: Store) -> Iterator[Path]:
    for stage in STAGES:
        yield from place.artifacts(stage.name).values()


def _weighed(folder: Path) -> Unneeded:
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    return Unneeded(folder, sum(path.stat().st_size for path in files), len(files), store.is_claimed(folder))
