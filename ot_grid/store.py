"""Artifacts and records on disk: the only truth about what has been done.

One idea: `record.json` is written last, so a directory without one is not done, whatever else it holds. Files are
written under a temporary name, synced and renamed. It must not know what a stage does.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import shutil
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ot_grid import attempts, key
from ot_grid.errors import BadInput, Corrupt, OtGridError

if TYPE_CHECKING:
    from ot_grid.planning.plan import Plan, StageRun

RECORD, RECIPE, JOB, PROGRESS, CLAIM = "record.json", "recipe.json", "job.json", "progress.json", "claim"
NO_LOCKS = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL)
TRAINING = "train.log"  # what a trainer says
KEPT_ON_RESTART = {RECIPE, CLAIM, attempts.FILE, "checkpoints", TRAINING}


def write_text(path: Path, text: str, *, durable: bool = True) -> None:
    """Write a file so that a reader sees all of it or none of it; if durable, also after the machine has crashed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    with temporary.open("w", encoding="utf-8") as file:
        file.write(text)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    temporary.replace(path)
    if durable:
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make a rename in `folder` survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_json(path: Path, value: Any, *, durable: bool = True) -> None:
    """Write plain data as indented JSON, in its own order: the order of sources is their rank."""
    write_text(path, json.dumps(key.plain(value), indent=1, ensure_ascii=False) + "\n", durable=durable)


def read_json(path: Path) -> Any:
    """Read JSON; raise `Corrupt`, naming the file and the way out, when it is not."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, UnicodeDecodeError) as error:
        whole = path.parent.parent.name != "sweeps"  # a sweep's folder also has reports, and who looked at what
        spoiled = f"its folder {path.parent}" if whole else "this file"
        raise Corrupt(f"{path} is not valid JSON ({error}); delete {spoiled} and run again") from error


def slug(text: str) -> str:
    """Return text fit for a file name."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", text).strip("-.")[:60] or "x"


class Store:
    """A folder of artifacts, replies and sweeps."""

    @classmethod
    def of(cls, place: str | Path | None) -> Store:
        """Return the store in a folder; without one that of OT_GRID_STORE, else ./store, as the commands take it."""
        return cls(place if place is not None else os.environ.get("OT_GRID_STORE", "store"))

    def __init__(self, root: str | Path) -> None:
        self.root = Path(root).expanduser().absolute()

    @property
    def replies(self) -> Path:
        """Where bought replies lie."""
        return self.root / "replies"

    def sweep(self, name: str) -> Path:
        """Where a sweep's cells lie."""
        return self.root / "sweeps" / name

    def check_writable(self) -> None:
        """Raise `BadInput` when nothing can be written here."""
        probe = self.root / f".probe-{uuid.uuid4().hex[:8]}"
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            probe.write_text("x")
            probe.unlink()
        except OSError as error:
            raise BadInput(
                f"store={str(self.root)!r} is not writable ({error.strerror}); "
                "choose another with store=FOLDER or OT_GRID_STORE"
            ) from error

    def artifacts(self, stage: str) -> dict[str, Path]:
        """Return the artifact folders of a stage by key, done or not."""
        folder = self.root / stage
        if not folder.is_dir():
            return {}
        return {path.name.rpartition("-")[2]: path for path in sorted(folder.iterdir()) if path.is_dir()}

    def folder(self, stage: str, label: str, run_key: str) -> Path:
        """Return where an artifact lies, under whatever label it was made, or where it would be made."""
        return self.artifacts(stage).get(run_key) or self.new_folder(stage, label, run_key)

    def new_folder(self, stage: str, label: str, run_key: str) -> Path:
        """Return where an artifact would be made that is not there under any label."""
        return self.root / stage / f"{slug(label)}-{run_key}"


def record_of(artifact: Path) -> dict[str, Any] | None:
    """Return the record of an artifact, None when it is not done; raise `Corrupt` on a broken one."""
    path = artifact / RECORD
    if not path.exists():
        return None
    record = read_json(path)
    if not isinstance(record, dict) or "key" not in record:
        raise Corrupt(f"{path} is not a record of ot_grid; delete its folder {artifact} and run again")
    return record


def gone(artifact: Path) -> str:
    """Say which outputs of a finished artifact are no longer there, "" where all are: scratch is purged by age."""
    record = record_of(artifact) or {}
    lost = [name for name in record.get("outputs", {}) if not (artifact / name).exists()]
    if not lost:
        return ""
    return (
        f"{artifact} was made on {record.get('finished', 'an unknown day')}, and {', '.join(lost)} is no longer there: "
        "deleted, or purged by the file system; delete that folder, and `python -m ot_grid retry` has it made anew "
        "(replies that are there are not bought again)"
    )


def freeze(artifact: Path, recipe: Mapping[str, Any]) -> None:
    """Write the full recipe beside an artifact; raise `OtGridError` when the same key holds another one."""
    path = artifact / RECIPE
    if path.exists():
        known = read_json(path)
        if key.canonical(known) != key.canonical(recipe):
            raise OtGridError(
                f"{path} holds another recipe under the same key: the store was edited, or a stage's VERSION was "
                f"not raised; compare it with the new one and delete {artifact} if the new one is right"
            )
        return
    write_json(path, recipe)


def restart(artifact: Path) -> None:
    """Remove what an interrupted run left, but for its recipe and its checkpoints."""
    artifact.mkdir(parents=True, exist_ok=True)
    for path in artifact.iterdir():
        if path.name in KEPT_ON_RESTART:
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def lock(file: IO[Any], how: int, *where: int) -> bool:
    """Lock a file, or bytes of it, as `fcntl.lockf` does; return whether it is ours now.

    A lock of the kernel, not a file's existence: it ends with its process, however that ends, so none goes stale. Raise
    `BadInput` where the file system has none.
    """
    try:
        fcntl.lockf(file, how, *where)
    except (BlockingIOError, PermissionError):
        return False
    except OSError as error:
        if error.errno not in NO_LOCKS:
            raise
        raise BadInput(
            f"{file.name} cannot be locked ({error.strerror}), and without locks two processes would do and pay for "
            "the same; put the store on a file system with locks (NFS 4; Lustre mounted with -o flock)"
        ) from error
    return True


def give_usual_rights(folder: Path) -> None:
    """Give the files of a folder the rights of any new file: safetensors writes for its owner alone."""
    mask = os.umask(0)
    os.umask(mask)
    for path in folder.rglob("*"):
        if path.is_file():
            path.chmod(0o666 & ~mask)


@contextmanager
def claim(artifact: Path) -> Iterator[None]:
    """Hold the right to write an artifact; wait while another process holds it."""
    artifact.mkdir(parents=True, exist_ok=True)
    with (artifact / CLAIM).open("a") as file:
        lock(file, fcntl.LOCK_EX)
        yield


def is_claimed(artifact: Path) -> bool:
    """Whether a process holds the right to write an artifact now."""
    path = artifact / CLAIM
    if not os.access(path, os.W_OK):
        return False
    with path.open("r+") as file:
        return not lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


@contextmanager
def submitting(place: Store) -> Iterator[None]:
    """Hold the right to submit jobs for a store: what two submitters want at once is submitted once."""
    place.root.mkdir(parents=True, exist_ok=True)
    with (place.root / "submitting").open("a") as file:
        lock(file, fcntl.LOCK_EX)
        yield


def digests(artifact: Path) -> dict[str, str]:
    """Return the sha256 of every file of an artifact's output, by relative path."""
    paths = sorted(path for name in ("data", "model") for path in (artifact / name).rglob("*") if path.is_file())
    dropped = artifact / "dropped.parquet"
    found = [*paths, dropped] if dropped.exists() else paths
    return {str(path.relative_to(artifact)): key.file_digest(path) for path in found}


@dataclass
class Artifacts:
    """Where each stage run of a plan lies, and whether it is done; looks at the disk once a stage."""

    place: Store
    _listed: dict[str, dict[str, Path]] = field(default_factory=dict)

    def folder(self, run: StageRun) -> Path:
        """Return where the artifact of a stage run lies or would lie."""
        if run.stage not in self._listed:
            self._listed[run.stage] = self.place.artifacts(run.stage)
        return self._listed[run.stage].get(run.key) or self.place.new_folder(run.stage, run.label, run.key)

    def refresh(self) -> None:
        """Look at the disk again."""
        self._listed.clear()

    def done(self, run: StageRun) -> bool:
        """Whether a stage run has a record."""
        return record_of(self.folder(run)) is not None

    def missing(self, plan: Plan) -> list[StageRun]:
        """Return the stage runs that have no record, inputs first."""
        return [run for run in plan.runs.values() if not self.done(run)]

    def order(self, run: StageRun, plan: Plan) -> dict[str, Any]:
        """Return what a job is told about a stage run (see `execute.Order`)."""
        inputs = [self.relative(plan.runs[run_key]) for run_key in run.inputs]
        folder = self.relative(run)
        return {"key": run.key, "stage": run.stage, "folder": folder, "inputs": inputs, "recipe": run.identity}

    def relative(self, run: StageRun) -> str:
        """Return an artifact's folder relative to the store."""
        return str(self.folder(run).relative_to(self.place.root))
