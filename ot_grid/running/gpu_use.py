"""How busy the GPUs of a stage run were, as nvidia-smi tells it while the work goes on.

One idea: a loop of the shell takes the samples, into a pipe that is read at the end; it ends with this process, however
that ends, and where nvidia-smi is not there, or knows nothing, nothing is told. It must not cost the work anything.
"""

from __future__ import annotations

import fcntl
import os
import shlex
import shutil
import subprocess
from contextlib import suppress
from typing import Any

from ot_grid import machine

SECONDS = 30  # between two samples
END_SECONDS = 10  # in which it ends, or nothing is told
PIPE_BYTES = 1 << 20  # what eight GPUs say in four days; after that it waits, and the first days are told
QUERY = ("nvidia-smi", "--query-gpu=utilization.gpu,memory.used", "--format=csv,noheader,nounits", "-i")


class GpuUse:
    """Samples the GPUs that this process was given, from `with` to `told`."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> GpuUse:
        """Begin, where GPUs were given to this process and to no other."""
        names = os.environ.get("CUDA_VISIBLE_DEVICES")
        if names and shutil.which("nvidia-smi"):
            # Not `nvidia-smi -l`, which may keep back what it has to say; and what sleeps must not hold the pipe open.
            loop = f"while {shlex.join([*QUERY, names])}; do sleep {SECONDS} >/dev/null; done"
            with suppress(OSError):  # no process to be had, or no larger pipe
                self._process = subprocess.Popen(
                    ["/bin/sh", "-c", loop], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
                )
                fcntl.fcntl(self._process.stdout, fcntl.F_SETPIPE_SZ, PIPE_BYTES)  # type: ignore[arg-type]
        return self

    def __exit__(self, *_: Any) -> None:
        """End it, where nobody has asked."""
        self.told()

    def told(self) -> dict[str, float]:
        """End it; return the share of the time in which kernels ran, and the most memory taken of one GPU, in GB.

        Of `97, 71000` and `91, 72704`: {"busy": 0.94, "memory_gb": 71.0}.
        """
        process, self._process = self._process, None
        if process is None:
            return {}
        machine.end(process)
        try:
            said, _ = process.communicate(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:  # held open by a driver that hangs
            return {}
        samples = []
        for line in said.splitlines():
            words = line.replace(b",", b" ").split()
            if len(words) == 2 and all(word.isdigit() for word in words):  # not "[N/A]", nor half a line
                samples.append((int(words[0]), int(words[1])))
        if not samples:
            return {}
        mean = sum(busy for busy, _ in samples) / len(samples) / 100
        return {"busy": round(mean, 3), "memory_gb": round(max(mib for _, mib in samples) / 1024, 1)}
