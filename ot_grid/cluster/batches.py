"""What was given to Slurm: one folder for each `sbatch`, written before it and completed after it.

One idea: the intent is on disk before `sbatch`, and the job carries the batch's name in its comment, so a submitter
that is killed in between leaves nothing that cannot be found. A job reads its orders here and nowhere else. It must not
call Slurm.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ot_grid import store
from ot_grid.config import Resources, Runtime, from_plain
from ot_grid.errors import Corrupt
from ot_grid.store import Store

BATCH, JOB = "batch.json", "job.json"
# They stand for a stage where a job is to resume its sweep: when a wave has ended, or at a time of the clock.
HEAL, HEARTBEAT = "heal", "heartbeat"


@dataclass(frozen=True)
class Batch:
    """One array of jobs: what each of its tasks is to do. Its `batch.json`, of two tasks with a stage run each:

    {"sweep": "filter-04d4e2", "stage": "train",
     "tasks": [[{"key": "4f12b33876d3b17f", "stage": "train", "folder": "train/length-4f12b33876d3b17f",
                 "inputs": ["dataset/length-0a1b..."], "recipe": {"stage": "train", "reads": {...}, ...}}],
               [{"key": "9c0d...", ...}]],
     "resources": {"partition": "gpu", "gpus": 1, "time": 1440, ...}, "runtime": {"store": ..., "cluster": {...}, ...}}
    """

    folder: Path
    sweep: str
    stage: str  # a stage; cpu for a pack of several; HEAL, HEARTBEAT
    tasks: Sequence[Sequence[Mapping[str, Any]]]  # the orders of each task (see `execute.Order`)
    resources: Resources
    runtime: Runtime

    @property
    def name(self) -> str:
        """Its folder's name, which its jobs carry in their comment."""
        return self.folder.name

    @property
    def heals(self) -> bool:
        """Whether it is to resume its sweep."""
        return self.stage in (HEAL, HEARTBEAT)

    @property
    def job(self) -> str | None:
        """The id that Slurm gave it; None when the submitter was killed before noting it, or never submitted it."""
        path = self.folder / JOB
        return str(store.read_json(path)["job"]) if path.exists() else None

    def log(self, job: str | None, task: int) -> str:
        """Return where a task writes."""
        return str(self.folder / f"{job or self.job}_{task}_0_log.out")


def intend(
    place: Store,
    sweep: str,
    stage: str,
    tasks: Sequence[Sequence[Mapping[str, Any]]],
    *,
    resources: Resources,
    runtime: Runtime,
) -> Batch:
    """Write what is about to be submitted; it counts as queued only once Slurm knows it."""
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S%f}-{stage}-{uuid.uuid4().hex[:8]}"
    batch = Batch(_folder(place, sweep) / name, sweep, stage, tasks, resources, runtime)
    content = {**vars(batch), "resources": asdict(resources), "runtime": asdict(runtime)}
    content.pop("folder")
    store.write_json(batch.folder / BATCH, content)
    (place.root / "queue").mkdir(parents=True, exist_ok=True)
    store.write_text(_marker(place, batch), str(batch.folder.relative_to(place.root)), durable=False)
    return batch


def submitted(batch: Batch, job: str) -> None:
    """Note the id that Slurm gave a batch."""
    said = {"job": job, "submitted": datetime.now(UTC).isoformat(timespec="seconds")}
    store.write_json(batch.folder / JOB, said, durable=False)  # if it is lost, the job's comment still tells


def over(place: Store, batch: Batch) -> None:
    """Note that nothing of a batch is queued any more."""
    _marker(place, batch).unlink(missing_ok=True)


def read(folder: Path) -> Batch:
    """Return a batch; raise `Corrupt` when its folder holds none."""
    try:
        told = store.read_json(folder / BATCH)
        resources, runtime = from_plain(Resources, told["resources"]), Runtime.of(told["runtime"])
        return Batch(folder, told["sweep"], told["stage"], told["tasks"], resources, runtime)
    except (TypeError, KeyError, FileNotFoundError) as error:
        raise Corrupt(f"{folder} is not a batch of jobs ({error}); run the sweep again") from error


def of_sweep(place: Store, sweep: str) -> list[Batch]:
    """Return all batches of a sweep, the oldest first."""
    return [read(path.parent) for path in sorted(_folder(place, sweep).glob(f"*/{BATCH}"))]


def live(place: Store) -> Iterator[Batch]:
    """Yield the batches of all sweeps that are not known to be over, and of which nobody has deleted the folder.

    The jobs of a deleted one find no orders and end; another sweep has nothing to do with it.
    """
    for marker in sorted((place.root / "queue").glob("*")):
        if marker.name.startswith("."):
            continue
        with suppress(FileNotFoundError):  # over, since the folder was listed
            folder = place.root / marker.read_text()
            if folder.exists():
                yield read(folder)


def _folder(place: Store, sweep: str) -> Path:
    return place.root / "jobs" / sweep


def _marker(place: Store, batch: Batch) -> Path:
    return place.root / "queue" / batch.name
