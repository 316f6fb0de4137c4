"""Checkpoints of a training: which of them can be resumed from.

One idea: a checkpoint counts when a list of its files lies in it, written after every process had written its own, and
each file still has the size that it had then. The trainer's own last file is no such mark: other processes write their
random states after it. Not synced: a file that a lost node never wrote out is shorter than the list says, and then
the checkpoint before it counts. It must not import torch.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from ot_grid.store import write_json

WHOLE = "whole.json"


def newest(folder: Path) -> Path | None:
    """Return the newest whole checkpoint; remove those that are not whole."""
    whole = []
    for path in folder.glob("checkpoint-*"):
        if is_whole(path):
            whole.append(path)
        else:
            shutil.rmtree(path, ignore_errors=True)
    return max(whole, key=step, default=None)


def step(checkpoint: Path) -> int:
    """Return after how many steps a checkpoint was written."""
    return int(checkpoint.name.rpartition("-")[2])


def mark_whole(checkpoint: Path) -> None:
    """Write the list of a checkpoint's files and their sizes in bytes; nothing may write there any more."""
    files = [path for path in sorted(checkpoint.rglob("*")) if path.is_file() and path.name != WHOLE]
    write_json(checkpoint / WHOLE, {str(path.relative_to(checkpoint)): path.stat().st_size for path in files})


def is_whole(checkpoint: Path) -> bool:
    """Whether a checkpoint has its list, and all that the list says."""
    try:
        sizes = json.loads((checkpoint / WHOLE).read_text(encoding="utf-8"))
        return bool(sizes) and all((checkpoint / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError):
        return False
