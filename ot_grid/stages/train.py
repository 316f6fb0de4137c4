"""The train stage: starts the trainer in processes of its own and watches them.

One idea: this module only says what to train, reads how far it is, and hands on that it is to stop. Asked to stop, it
leaves a file for the trainer, which writes a checkpoint and ends; the next start goes on from there. It must not
import torch.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import subprocess
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ot_grid import stopping
from ot_grid.config import Model
from ot_grid.errors import BadInput, OtGridError
from ot_grid.inference.models import locate
from ot_grid.registry import register
from ot_grid.sizing import training
from ot_grid.sizing.models import of_folder
from ot_grid.stages import bind
from ot_grid.stages.training import checkpoints, launcher, tokens
from ot_grid.stages.training.launcher import ORDER, REFUSED, RESULT, STOP, STOPPED
from ot_grid.stages.work import Work
from ot_grid.store import TRAINING, give_usual_rights, read_json, record_of, write_json

VERSION = 3
POLL_SECONDS = 0.5
NO_ROOM = (
    "the GPU has too little memory for this training: more GPUs (cluster.slurm.train.gpus, .nodes), a file that shares "
    "or offloads (cluster.accelerate_config), or shorter rows (train.max_length)"
)
# Words of torch, of Slurm, and of the launchers about a trainer that was killed: by the kernel, when memory ran out.
LACKS_MEMORY = re.compile(r"OutOfMemoryError|can't allocate memory|oom.kill|SIGKILL")
LACKS_GPU_MEMORY = re.compile(r"CUDA out of memory|HIP out of memory|CUDA error: out of memory")


class TrainerOutOfMemory(OtGridError):
    """The trainer needed more memory than the node had."""


class TrainerGpuOutOfMemory(OtGridError):
    """The trainer needed more memory than a GPU had; the same again would, too."""


@register("train")
def sft(
    work: Work, *, student: Model, learning_rate: float, batch_size: int, epochs: float, max_length: int, packing: bool,
    template: str | None,
    schedule: str, warmup_ratio: float, weight_decay: float, adam_betas: list[float], adam_epsilon: float, seed: int,
    checkpoint_steps: int,
) -> dict[str, Any]:  # fmt: skip
    """Fine-tune the student on the dataset with TRL's SFTTrainer; loss on the assistant's turn only."""
    settings = {name: value for name, value in work.reads["train"].items() if name not in ("function", "student")}
    folder = locate(student, known=work.cluster.models, cache=Path(work.cluster.model_cache).expanduser())
    for left in (STOP, STOPPED, RESULT, REFUSED):
        (work.out / left).unlink(missing_ok=True)
    resumed = checkpoints.newest(work.out / "checkpoints")  # here, not in the trainer: all its processes must agree
    order = {
        **settings,
        **_whereabouts(work.out, resumed),
        "student": str(folder),
        "tokens": str(work.inputs[0] / "data" / tokens.FILE),
        "threads": work.cluster.threads,
        "dtype": work.cluster.dtype,
        "attention": work.cluster.attention,
        "live": _live(work),
    }
    write_json(work.out / ORDER, order)
    _has_room(work.out, folder)
    with stopping.graceful():
        _watch(work, launcher.command(work.cluster, work.out / ORDER, _config(work, folder, max_length)))
        give_usual_rights(work.out / "model.tmp")
        (work.out / "model.tmp").replace(work.out / "model")
    result: dict[str, Any] = read_json(work.out / RESULT)
    return {**result, **_lost(work.inputs[0])}


def _lost(dataset: Path) -> dict[str, int]:
    """Return how many rows lost their end, and how many had no room for a reply, when they were made into tokens."""
    counts = (record_of(dataset) or {}).get("counts", {})
    dropped = counts.get("dropped", {}).get(tokens.PROMPT_TOO_LONG, 0)
    return {"rows_cut": int(counts.get("rows_cut", 0)), "rows_dropped": int(dropped)}


def _config(work: Work, student: Path, length: int) -> str | None:
    """Return the file of slurm/accelerate that the student's size asks for on the GPUs here; None: unsaid."""
    gpus, given = launcher.gpus(work.cluster), work.cluster.accelerate_config
    if given or not gpus.count:
        return None
    try:
        size = of_folder(student)
    except BadInput:
        return None
    return training.fit(size, gpus, length).config


def _live(work: Work) -> dict[str, Any] | None:
    """Return to which run of W&B the curve is told while it goes; None where nobody asked, or there is no server."""
    how = work.tracking
    if how is None or not how.at_once:
        return None
    name = work.out.name
    return {
        "id": f"train-{name.rpartition('-')[2]}", "name": name, "project": how.project, "entity": how.entity,
        "folder": str(work.out.parents[1]),
    }  # fmt: skip


def _has_room(out: Path, student: Path) -> None:
    """Raise as a full disk does, before anything is computed, where one checkpoint and the model have no room."""
    try:
        parameters = of_folder(student).parameters
    except BadInput:
        return
    need, free = (training.CHECKPOINT + training.SAVED) * parameters, shutil.disk_usage(out).free
    if need > free:
        raise OSError(
            errno.ENOSPC,
            f"{os.strerror(errno.ENOSPC)}: this training writes {need / 1e9:.1f} GB (a checkpoint and the model), and "
            f"{out} has {free / 1e9:.1f}; make room (python -m ot_grid gc), or choose another store",
        )


def _whereabouts(out: Path, resumed: Path | None) -> dict[str, Any]:
    """Return where a training writes, from where it goes on, and a name by which it knows that it still may."""
    return {"out": str(out), "resume": str(resumed) if resumed else None, "run": uuid.uuid4().hex}


def _watch(work: Work, line: list[str]) -> None:
    """Run the trainer to its end, telling how far it is; raise unless it finished."""
    log = work.out / TRAINING
    with log.open("ab") as output, _started(line, output) as process:
        # No limit once it is asked to stop: a step and a checkpoint take as long as they take, and whoever asked
        # kills the whole job when time is up.
        while process.poll() is None:
            _hand_on_stop(work.out / STOP)
            done, total = _steps(work.out / "steps.jsonl")
            work.progress(done, total, "steps")
            time.sleep(POLL_SECONDS)
    if (work.out / RESULT).exists():  # written after the model: a process that fails later takes nothing back
        return
    if (work.out / REFUSED).exists():
        raise BadInput(*read_json(work.out / REFUSED)["problems"])
    stopping.check()  # also when it failed: what made us stop most likely killed it
    if (work.out / STOPPED).exists():
        raise stopping.Stopped("preempted")  # Slurm may tell the processes that srun started, and not us
    tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    told = f"the trainer ended with exit code {process.returncode}; the end of {log}:\n{tail}"
    if LACKS_GPU_MEMORY.search(tail):
        raise TrainerGpuOutOfMemory(f"{NO_ROOM}; {told}")
    raise (TrainerOutOfMemory if LACKS_MEMORY.search(tail) else OtGridError)(told)


def _hand_on_stop(file: Path) -> None:
    """Leave a file for the trainer when we are asked to stop: unlike a signal it reaches every node and process."""
    reason = stopping.asked()
    if reason and not file.exists():
        file.write_text(reason)


@contextmanager
def _started(line: list[str], output: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process that does not outlive us, however we end."""
    try:
        process = subprocess.Popen(
            line, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=launcher.environment(),
            preexec_fn=launcher.bound_to_parent,
        )  # fmt: skip
    except FileNotFoundError as error:
        raise BadInput(
            f"{line[0]!r} is not on this job's PATH, and starts a training; for one of several nodes the job needs "
            "srun, also inside a container: bind it in, or ask for one node with cluster.slurm.train.nodes=1"
        ) from error
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _steps(path: Path) -> tuple[int, int]:
    """Return steps done and in all, from the last whole line of the trainer's log of steps."""
    if not path.exists():
        return 0, 0
    lines = path.read_text().rpartition("\n")[0].splitlines()
    last = json.loads(lines[-1]) if lines else {"step": 0, "steps": 0}
    return int(last["step"]), int(last["steps"])


def run(work: Work) -> dict[str, Any]:
    """Train the student; `model/` holds it, the record its loss curve."""
    result: dict[str, Any] = bind.call("train", work.reads["train"], work)
    work.log["loss"] = result.pop("loss", [])
    return result
