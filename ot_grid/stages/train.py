"""The train stage: starts the trainer in a process of its own and watches it.

One idea: `accelerate launch` owns the processes, ranks and devices, here as on a cluster; this module only says what to
train and reads how far it is. It must not import torch.
"""

from __future__ import annotations

import ctypes
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ot_grid.config import Cluster, Model
from ot_grid.errors import OtGridError
from ot_grid.inference.models import locate
from ot_grid.registry import register
from ot_grid.stages import bind
from ot_grid.stages.work import Work
from ot_grid.store import read_json, write_json

VERSION = 1
POLL_SECONDS = 0.5
PR_SET_PDEATHSIG = 1  # prctl(2)


@register("train")
def sft(
    work: Work, *, student: Model, learning_rate: float, batch_size: int, epochs: float, max_length: int, packing: bool,
    schedule: str, warmup_ratio: float, weight_decay: float, adam_betas: list[float], adam_epsilon: float, seed: int,
    checkpoint_steps: int,
) -> dict[str, Any]:  # fmt: skip
    """Fine-tune the student on the dataset with TRL's SFTTrainer; loss on the assistant's turn only."""
    settings = {name: value for name, value in work.reads["train"].items() if name not in ("function", "student")}
    folder = locate(student, known=work.cluster.models, cache=Path(work.cluster.model_cache).expanduser())
    order = {
        **settings,
        "student": str(folder),
        "dataset": str(work.inputs[0] / "data" / "dataset.parquet"),
        "out": str(work.out),
        "threads": work.cluster.threads,
        "dtype": work.cluster.dtype,
    }
    write_json(work.out / "train.json", order)
    _watch(work, command(work.cluster, work.out / "train.json"))
    (work.out / "model.tmp").replace(work.out / "model")
    result: dict[str, Any] = read_json(work.out / "result.json")
    return result


def command(cluster: Cluster, order: Path) -> list[str]:
    """Return the command line that starts the trainer on this machine's devices."""
    from ot_grid.machine import gpus

    launch = [sys.executable, "-m", "accelerate.commands.launch"]
    what = ["-m", "ot_grid.stages.sft", str(order)]
    if cluster.accelerate_config:
        return [*launch, "--config_file", cluster.accelerate_config, *what]
    devices = gpus()
    where = ["--num_processes", str(devices)] if devices else ["--cpu", "--num_processes", "1"]
    several = ["--multi_gpu"] if devices > 1 else []
    plain = ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no"]
    return [*launch, *where, *several, *plain, *what]


def _watch(work: Work, line: list[str]) -> None:
    """Run the trainer to its end, telling how far it is; raise with the end of its output when it fails."""
    log = work.out / "train.log"
    with log.open("ab") as output, _started(line, output) as process:
        while process.poll() is None:
            done, total = _steps(work.out / "steps.jsonl")
            work.progress(done, total, "steps")
            time.sleep(POLL_SECONDS)
    if process.returncode != 0:
        tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        raise OtGridError(f"the trainer ended with exit code {process.returncode}; the end of {log}:\n{tail}")


@contextmanager
def _started(line: list[str], output: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Start a process that does not outlive us, however we end."""
    process = subprocess.Popen(line, stdout=output, stderr=subprocess.STDOUT, preexec_fn=die_with_parent)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def die_with_parent() -> None:
    """Have the kernel end this process when its parent ends: an orphan would go on writing to a freed artifact."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


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
