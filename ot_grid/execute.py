"""One stage run, in this process: claim, guard, work, record.

One idea: everything comes from frozen JSON, and the record is written last. It runs the same under submitit on this
machine and under Slurm, and never composes a config. It must not know about cells or sweeps.
"""

from __future__ import annotations

import importlib
import json
import os
import platform
import shutil
import socket
import subprocess
import time
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from ot_grid import key, machine, store
from ot_grid.config import Cluster
from ot_grid.errors import BadInput, OtGridError, UpstreamMissing
from ot_grid.inference.door import Door
from ot_grid.registry import load_plugins
from ot_grid.stages.work import Work
from ot_grid.store import Store

PROGRESS_SECONDS = 1.0  # between two writes of progress.json
VERSIONED = (
    "ot_grid",
    "torch",
    "transformers",
    "trl",
    "accelerate",
    "datasets",
    "vllm",
    "math-verify",
    "reasoning-gym",
)


@dataclass(frozen=True)
class Order:
    """What a job is told about one stage run: where it lies and where its inputs lie, relative to the store."""

    stage: str
    folder: str
    inputs: tuple[str, ...]


def run_orders(root: str, orders: Sequence[Mapping[str, Any]], runtime: Mapping[str, Any]) -> None:
    """Run stage runs one after the other, loading a model that they share once; raise when any failed."""
    load_plugins(runtime["plugins"])
    cluster = cluster_of(runtime["cluster"])
    door = Door(Store(root).replies, cluster, lambda done, total, what: None)
    failed = []
    for order in [Order(o["stage"], o["folder"], tuple(o["inputs"])) for o in orders]:
        try:
            run(Store(root), order, cluster, door)
        except Exception as error:
            print(traceback.format_exc(), flush=True)  # noqa: T201 (a job's stdout is its log)
            failed.append(f"{order.folder}: {error}")
    if failed:
        raise OtGridError("; ".join(failed))


def cluster_of(plain: Mapping[str, Any]) -> Cluster:
    """Return the cluster settings of a job, with its share of this machine filled in."""
    cluster = Cluster(**{f.name: plain[f.name] for f in fields(Cluster)})
    if cluster.threads is None:
        cluster.threads = machine.share(cluster)[1]
    return cluster


def run(place: Store, order: Order, cluster: Cluster, door: Door) -> bool:
    """Run one stage run unless it has a record; return whether anything was done."""
    folder = place.root / order.folder
    with store.claim(folder):
        if store.record_of(folder):
            return False
        frozen = store.read_json(folder / store.RECIPE)
        store.restart(folder)
        store.write_json(folder / store.JOB, whereabouts())
        try:
            inputs = guard(place, order)
            record = work(frozen, folder, inputs, cluster, door)
        except BaseException as error:
            store.write_json(folder / store.FAILURE, failure(error))
            raise
        (folder / store.PROGRESS).unlink(missing_ok=True)
        store.write_json(folder / store.RECORD, record)
        shutil.rmtree(folder / "checkpoints", ignore_errors=True)  # not before: a kill in between would cost them
        return True


def guard(place: Store, order: Order) -> list[Path]:
    """Return the artifacts of the inputs; raise `UpstreamMissing` when one has no record."""
    inputs = [place.root / relative for relative in order.inputs]
    missing = [str(path) for path in inputs if store.record_of(path) is None]
    if missing:
        raise UpstreamMissing(f"{order.folder} waits for {', '.join(missing)}: no record there yet")
    return inputs


def work(
    frozen: Mapping[str, Any], folder: Path, inputs: Sequence[Path], cluster: Cluster, door: Door
) -> dict[str, Any]:
    """Do the work of a stage run and return its record."""
    started = time.time()
    door.progress = progress = Progress(folder / store.PROGRESS)
    door.take_usage()
    log: dict[str, Any] = {}
    task = Work(frozen["stage"], frozen["branch"], frozen["reads"], inputs, folder, door, cluster, progress, log)
    counts = importlib.import_module(f"ot_grid.stages.{frozen['stage']}").run(task)
    return {
        "key": key.short(frozen),
        "stage": frozen["stage"],
        "counts": counts,
        "usage": asdict(door.take_usage()),
        "seconds": round(time.time() - started, 3),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "where": whereabouts(),
        "made_with": versions(),
        "inputs": {path.name: key.digest(_outputs(path)) for path in inputs},
        "outputs": store.digests(folder),
        **log,
    }


def _outputs(artifact: Path) -> dict[str, str]:
    record = store.record_of(artifact)
    assert record is not None, f"{artifact} passed the guard"
    return dict(record["outputs"])


class Progress:
    """Writes how far a stage run is, about once a second, for whoever looks."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last = 0.0
        self.started = time.time()

    def __call__(self, done: int, total: int, what: str) -> None:
        """Note that `done` of `total` are done."""
        now = time.monotonic()
        if now - self.last < PROGRESS_SECONDS and done < total:
            return
        self.last = now
        line = {"done": done, "total": total, "what": what, "started": self.started, "at": time.time()}
        temporary = self.path.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text(json.dumps(line))
        temporary.replace(self.path)


def failure(error: BaseException) -> dict[str, Any]:
    """Return what is kept of a failure: its class in words of design.md 5, and its text."""
    return {
        "class": failure_class(error),
        "message": str(error) or type(error).__name__,
        "type": type(error).__name__,
        "log": whereabouts()["log"],
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def failure_class(error: BaseException) -> str:
    """Return bad input, upstream, out of memory, disk full, stopped or bug."""
    if isinstance(error, UpstreamMissing):
        return "upstream"
    if isinstance(error, BadInput):
        return "bad input"
    if isinstance(error, MemoryError) or "OutOfMemory" in type(error).__name__:
        return "out of memory"
    if isinstance(error, OSError) and error.errno == 28:  # ENOSPC
        return "disk full"
    return "stopped" if isinstance(error, (KeyboardInterrupt, SystemExit)) else "bug"


def whereabouts() -> dict[str, Any]:
    """Return where this process runs, and its log."""
    folder, job = (
        os.environ.get("SUBMITIT_FOLDER"),
        os.environ.get("SUBMITIT_LOCAL_JOB_ID") or os.environ.get("SLURM_JOB_ID"),
    )
    return {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "job": job,
        "log": f"{folder.replace('%j', str(job))}/{job}_0_log.out" if folder and job else None,
        "cores": machine.cores(),
        "gpus": machine.gpus(),
    }


def versions() -> dict[str, Any]:
    """Return what made an artifact: packages, Python, and the commit of a checkout. Recorded; only warns."""
    found: dict[str, Any] = {"python": platform.python_version(), "commit": commit()}
    for name in VERSIONED:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def commit() -> str | None:
    """Return the git commit of our own checkout, with '+changes' when it is not clean; None when installed."""
    here = Path(__file__).parent
    if not shutil.which("git") or not (here.parent / ".git").exists():
        return None
    ask = ["git", "-C", str(here), "describe", "--always", "--dirty=+changes", "--abbrev=40", "--exclude=*"]
    return subprocess.run(ask, capture_output=True, text=True, check=False).stdout.strip() or None
