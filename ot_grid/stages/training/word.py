"""What the world outside has to say to a training: go on, end after a checkpoint, or leave at once.

One idea: each process knows what it was told, and all do what was said to any of them, at the same step. It must not
know what is trained.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from ot_grid.stages.training import launcher
from ot_grid.stages.training.launcher import ORDER, STOP
from ot_grid.store import read_json

GO_ON, END, LEAVE = 0, 1, 2  # what a process may be told; the largest told to any counts for all
TAKEN_OVER = "another run of this training has started since, and writes here now; this one ends and leaves it alone"


class Word:
    """What this process was told.

    Files are looked at by the first process alone: it is on the node of the job's own process, which writes them, so
    no other node's view of the file system can lag behind.
    """

    def __init__(self, out: Path, run: str) -> None:
        self.out, self.run, self.signalled = out, run, False
        self.first = os.environ.get("RANK", "0") == "0"
        for name in launcher.STOP_SIGNALS:
            signal.signal(name, self._signal)

    def _signal(self, *_: Any) -> None:
        self.signalled = True  # at a preemption Slurm may signal us alone, and not the job's own process

    def now(self) -> int:
        """Return GO_ON, END or LEAVE, as far as this process knows."""
        if not self.ours():
            return LEAVE
        return END if self.signalled or (self.first and (self.out / STOP).exists()) else GO_ON

    def ours(self) -> bool:
        """Whether no later run has taken over: a process of a lost node may wake up when another trains already."""
        try:
            return not self.first or bool(read_json(self.out / ORDER)["run"] == self.run)
        except FileNotFoundError:  # a later run begins by clearing what this one wrote
            return False


def agreed(told: int, args: Any) -> int:
    """Return the largest of what the processes were told, in all of them: one that stops alone blocks the others."""
    if args.world_size == 1:
        return told
    import torch

    largest = torch.tensor(told, device=args.device)
    torch.distributed.all_reduce(largest, op=torch.distributed.ReduceOp.MAX)
    return int(largest)
