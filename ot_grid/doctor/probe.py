"""What a process on a node finds there: `doctor` runs it as `python -m ot_grid.doctor.probe FOLDER NAME`.

One idea: it is started as jobs are, by their interpreter, and answers through the store, so the way there and back is
probed too. It imports nothing but the standard library at its start, and must not judge what it finds.
"""

from __future__ import annotations

import errno
import fcntl
import importlib
import json
import os
import platform
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

HELD, AFTER = "claim", "after"  # the file that is locked elsewhere; what a token says when it was replaced
RENAME_SECONDS = 30.0  # in which a rename elsewhere is to be seen here
COMMAND_SECONDS = 20.0


def main(folder: Path, name: str) -> None:
    """Look around and write the answer, the whole of it at once."""
    from ot_grid import machine

    ask = json.loads((folder / f"{name}.ask.json").read_text())
    token = folder / f"{name}.token"
    token.read_text()  # so that what this node remembers of it is old when it is replaced
    tell(folder / f"{name}.started.json", {"host": socket.gethostname(), "job": os.environ.get("SLURM_JOB_ID")})
    answer = {
        "host": socket.gethostname(),
        "python": platform.python_version(),
        "lock": lock(folder / HELD),
        "rename": seen(token),
        "imports": {module: problem(module) for module in ask["imports"]},
        "versions": machine.versions(ask["packages"]),
        "gpus": gpus(),
        "cuda": cuda(),
        "paths": {path: place(Path(path)) for path in ask["paths"]},
        "environment": {name: os.environ.get(name) for name in ask["environment"]},
        "slurm": slurm() if ask["slurm"] else None,
        "sandbox": sandbox(),
    }
    tell(folder / f"{name}.answer.json", answer)


def tell(path: Path, value: Mapping[str, Any]) -> None:
    """Write JSON so that a reader sees all of it or none."""
    temporary = path.with_suffix(".tmp")
    temporary.write_text(json.dumps(value))
    temporary.replace(path)


def lock(path: Path) -> str:
    """Return 'held' when the lock that another process has on a file is felt here, 'free' when not; else the error."""
    try:
        with path.open("r+") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return "held" if error.errno in (errno.EACCES, errno.EAGAIN) else str(error)
    return "free"


def seen(token: Path) -> float | None:
    """Return after how many seconds a file that is replaced elsewhere has its new content here; None: never."""
    begun = time.monotonic()
    while time.monotonic() - begun < RENAME_SECONDS:
        if token.read_text() == AFTER:
            return round(time.monotonic() - begun, 2)
        time.sleep(0.1)
    return None


def problem(module: str) -> str | None:
    """Return why a module cannot be imported."""
    try:
        importlib.import_module(module)
    except Exception as error:  # a broken package may raise anything
        lines = str(error).splitlines()
        return f"{type(error).__name__}: {lines[0] if lines else ''}"
    return None


def gpus() -> list[str]:
    """Return the GPUs that the driver names: model, memory, driver."""
    told = output("nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader")
    return (told or "").splitlines()


def cuda() -> int | None:
    """Return how many GPUs torch can use; None where it is not there."""
    torch = sys.modules.get("torch")
    return int(torch.cuda.device_count()) if torch else None


def place(path: Path) -> dict[str, Any]:
    """Return what there is at a path."""
    there = path.exists()
    return {"there": there, "writable": there and os.access(path, os.W_OK | os.X_OK)}


def slurm() -> dict[str, bool]:
    """Return which of Slurm's commands that jobs give work here."""
    job = os.environ.get("SLURM_JOB_ID", "1")
    asks = {
        "squeue": ["squeue", "--noheader", f"--jobs={job}"],
        "scontrol": ["scontrol", "show", "job", job],
        "sbatch": ["sbatch", "--test-only", "--time=1", "--wrap=true"],
    }
    return {name: output(*ask) is not None for name, ask in asks.items()}


def sandbox() -> str:
    """Return the best tier in which the programs of a model can be run here, as a trial shows."""
    try:
        from ot_grid.grading.sandbox import choose

        tier = choose("auto")
    except Exception as error:  # whatever it is, the rest is to be told
        return f"none: {error}"
    return tier.name if tier.isolated else f"{tier.name}: limits alone, files and network open; install bubblewrap"


def output(*command: str) -> str | None:
    """Return what a command prints; None when it fails, hangs or is not there."""
    # Of the job that we are in, a command of Slurm would take over what was asked for.
    ours = {name: value for name, value in os.environ.items() if not name.startswith("SLURM_") or name == "SLURM_CONF"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=COMMAND_SECONDS, env=ours)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
