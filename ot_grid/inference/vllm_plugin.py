"""What vLLM calls in each process of an engine: one that works for a stage run ends with it, however that ends.

One idea: only the process itself can ask the kernel for that, and it does where we started it. It must not do anything
in a process of somebody else's.
"""

from __future__ import annotations

import os

from ot_grid import machine

OWNER = "OT_GRID_ENGINE_OWNER"  # environment: the pid of the process for which an engine works


def end_with_owner() -> None:
    """Have this process end with the one that owns the engine, where that is its parent."""
    if os.environ.get(OWNER) == str(os.getppid()):
        machine.end_with_parent()
