"""One stage run, in this process: claim, guard, work, record.

One idea: everything comes from frozen JSON, and the record is written last. It runs the same on this
machine and under Slurm, and never composes a config. It must not know about cells or sweeps.
"""

from __future__ import annotations

import errno
import importlib
import os
import platform
import shutil
import socket
import subprocess
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from ot_grid import attempts, key, machine, store
from ot_grid.config import Cluster, Runtime
from ot_grid.errors import BadInput, OtGridError, UpstreamMissing
from ot_grid.grading import pool
from ot_grid.inference.door import Door
from ot_grid.registry import load_plugins
from ot_grid.running.gpu_use import GpuUse
from ot_grid.running.progress import Writer
from ot_grid.stages.work import Work
from ot_grid.stopping import Stopped
from ot_grid.store import Store

DISK_FULL = "disk full"
NO_CACHE = "No available memory for the cache blocks"
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
    """What a job is told about one stage run: its recipe, its place and those of its inputs, relative to the store.

    {"key": "6b1d1097e5a0c3f2", "stage": "mix", "folder": "mix/equal-6b1d1097e5a0c3f2", "shared": False,
     "inputs": ["source/gsm_symbolic-77aa..."],
     "recipe": {"stage": "mix", "version": [1], "branch": "math", "reads": {"mix": {...}, "scale.pool": 64, ...},
                "inputs": ["77aa..."]}}
    """

    key: str
    stage: str
    folder: str
    inputs: tuple[str, ...]
    recipe: Mapping[str, Any]  # what its key is the hash of
    shared: bool = False  # several jobs generate for it together

    @classmethod
    def of(cls, plain: Mapping[str, Any]) -> Order:
        """Return an order that was written as plain data."""
        return cls(**{**plain, "inputs": tuple(plain["inputs"])})


def run_orders(root: str, orders: Sequence[Mapping[str, Any]], runtime: Runtime) -> None:
    """Run stage runs one after the other, loading a model that they share once; raise when any failed."""
    load_plugins(runtime.plugins)
    runtime = replace(runtime, cluster=with_threads(runtime.cluster))
    door = Door(Store(root).replies, runtime.cluster, lambda done, total, what: None)
    failed: list[tuple[Order, Exception]] = []
    with pool.kept():
        for order in map(Order.of, orders):
            try:
                run(Store(root), order, runtime, door)
            except Exception as error:
                print(traceback.format_exc(), flush=True)  # noqa: T201 (a job's stdout is its log)
                failed.append((order, error))
    if failed:
        told = "; ".join(f"{order.folder}: {error}" for order, error in failed)
        raise (UpstreamMissing if all(isinstance(e, UpstreamMissing) for _, e in failed) else OtGridError)(told)


def with_threads(cluster: Cluster) -> Cluster:
    """Return the cluster settings of a job, with its share of this machine filled in."""
    return cluster if cluster.threads else replace(cluster, threads=machine.share(cluster)[1])


def run(place: Store, order: Order, runtime: Runtime, door: Door) -> bool:
    """Run one stage run unless it has a record; return whether this process made it."""
    folder = place.root / order.folder
    if store.record_of(folder) is not None:
        return False
    here = whereabouts(folder)
    begun = attempts.begin(folder, here["job"], here["log"])
    door.take_usage()
    try:
        made = attempt(place, order, runtime, door)
    except BaseException as error:
        outcome = failure_class(error)
        with suppress(OSError):  # a full disk, say, which must not hide the error itself
            attempts.end(folder, outcome, str(error) or type(error).__name__, name=begun)
        raise
    attempts.end(folder, attempts.DONE if made else attempts.HELPED, name=begun)
    return made


def attempt(place: Store, order: Order, runtime: Runtime, door: Door) -> bool:
    """Make an artifact, or help others to; return whether it was this process that made it."""
    with GpuUse() as gpus:
        if order.shared:
            help_out(place, order, runtime, door)
        return claimed(place, order, runtime, door, gpus)


def claimed(place: Store, order: Order, runtime: Runtime, door: Door, gpus: GpuUse) -> bool:
    """Make an artifact unless another process did, of which there is one at a time; return whether it was made."""
    folder = place.root / order.folder
    with store.claim(folder):
        if store.record_of(folder) is not None:
            return False
        try:
            make(place, order, runtime, door, gpus)
        except Exception as error:
            if failure_class(error) == DISK_FULL:
                with suppress(OSError):  # which must not hide the error itself
                    store.restart(folder)  # what is half written is of no use, and in the way of telling
            raise
        return True


def help_out(place: Store, order: Order, runtime: Runtime, door: Door) -> None:
    """Generate what a stage run asks for, together with other jobs that do the same; write nothing but replies."""
    task = in_progress(order, place, guard(place, order), runtime, door)
    door.chunk = runtime.cluster.chunk
    try:
        stage_module(order.stage).buy(task)
    finally:
        door.chunk = None


def make(place: Store, order: Order, runtime: Runtime, door: Door, gpus: GpuUse) -> None:
    """Make an artifact, its record last."""
    folder = place.root / order.folder
    store.freeze(folder, order.recipe)
    store.restart(folder)
    store.write_json(folder / store.JOB, whereabouts(folder))
    record = work(order, place, guard(place, order), runtime, door)
    record |= {"gpu_use": used} if (used := gpus.told()) else {}
    (folder / store.PROGRESS).unlink(missing_ok=True)
    store.write_json(folder / store.RECORD, record)
    shutil.rmtree(folder / "checkpoints", ignore_errors=True)  # not before: a kill in between would cost them


def guard(place: Store, order: Order) -> list[Path]:
    """Return the artifacts of the inputs; raise `UpstreamMissing` when one has no record, and when files are gone."""
    inputs = [place.root / relative for relative in order.inputs]
    missing = [str(path) for path in inputs if store.record_of(path) is None]
    if missing:
        raise UpstreamMissing(f"{order.folder} waits for {', '.join(missing)}: no record there yet")
    gone = [told for path in inputs if (told := store.gone(path))]
    if gone:
        raise BadInput(*gone)
    return inputs


def work(order: Order, place: Store, inputs: Sequence[Path], runtime: Runtime, door: Door) -> dict[str, Any]:
    """Do the work of a stage run and return its record, e.g. of a mix (and what its stage adds to it):

    {"key": "6b1d1097e5a0c3f2", "stage": "mix", "counts": {"questions": 64}, "usage": {"output_tokens": 0, ...},
     "seconds": 1.2, "finished": "2026-11-28T15:57:00+00:00", "where": {"host": "node7", "job": "8_0", ...},
     "made_with": {"python": "3.11.7", "commit": "ede6935...", "torch": "2.13.0", ...},
     "inputs": {"gsm_symbolic-77aa...": "<digest of its outputs>"}, "outputs": {"data/questions.parquet": "<sha256>"}}
    """
    task = in_progress(order, place, inputs, runtime, door)
    counts = stage_module(order.stage).run(task)
    return {
        "key": order.key,
        "stage": order.stage,
        "counts": counts,
        "usage": asdict(door.take_usage()),
        "seconds": round(attempts.seconds(attempts.read(task.out)), 3),  # of all attempts at it
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "where": whereabouts(task.out),
        **({"engine": engine} if (engine := door.told()) else {}),
        "made_with": versions(),
        "inputs": {path.name: key.digest(_outputs(path)) for path in inputs},
        "outputs": store.digests(task.out),
        **task.log,
    }


def in_progress(order: Order, place: Store, inputs: Sequence[Path], runtime: Runtime, door: Door) -> Work:
    """Return what a stage is handed."""
    folder = place.root / order.folder
    door.progress = progress = Writer(folder / store.PROGRESS)
    door.buyer = order.key
    recipe, files = order.recipe, runtime.files
    return Work(
        order.stage, recipe["branch"], recipe["reads"], inputs, folder, door, runtime.cluster, progress,
        runtime.tracking, files,
    )  # fmt: skip


def stage_module(name: str) -> Any:
    """Return the module of a stage."""
    return importlib.import_module(f"ot_grid.stages.{name}")


def _outputs(artifact: Path) -> dict[str, str]:
    record = store.record_of(artifact)
    assert record is not None, f"{artifact} passed the guard"
    return dict(record["outputs"])


def failure_class(error: BaseException) -> str:
    """Return why a stage run failed, in the words of its class."""
    if isinstance(error, Stopped):
        return str(error)  # time limit, preempted, cancelled
    if isinstance(error, UpstreamMissing):
        return "upstream"
    if isinstance(error, BadInput):
        return "bad input"
    if isinstance(error, MemoryError) or type(error).__name__ == "TrainerOutOfMemory":
        return "out of memory"
    # torch has a name for GPUs that are full; vLLM says that nothing is left for its cache.
    if "OutOfMemory" in type(error).__name__ or NO_CACHE in str(error):
        return attempts.GPU_OUT_OF_MEMORY
    # By its words: shutil and a trainer in a process of its own hand on no number.
    if any(os.strerror(number) in str(error) for number in (errno.ENOSPC, errno.EDQUOT)):
        return DISK_FULL
    return "stopped" if isinstance(error, (KeyboardInterrupt, SystemExit)) else "bug"


def whereabouts(artifact: Path) -> dict[str, Any]:
    """Return where this process runs, and its log, relative to the store of an artifact."""
    told = os.environ
    return {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "job": told.get("OT_GRID_JOB"),
        "log": attempts.relative(told.get("OT_GRID_LOG"), artifact),
        "cores": machine.cores(),
        "gpus": machine.gpus(),
    }


@cache
def versions() -> Mapping[str, Any]:
    """Return what made an artifact: packages, Python, and the commit of a checkout. Recorded; only warns."""
    return {"python": platform.python_version(), "commit": commit(), **machine.versions(VERSIONED)}


def commit() -> str | None:
    """Return the git commit of our own checkout, with '+changes' when it is not clean; None when installed."""
    here = Path(__file__).parents[1]
    if not shutil.which("git") or not (here.parent / ".git").exists():
        return None
    ask = ["git", "-C", str(here), "describe", "--always", "--dirty=+changes", "--abbrev=40", "--exclude=*"]
    return subprocess.run(ask, capture_output=True, text=True, check=False).stdout.strip() or None
