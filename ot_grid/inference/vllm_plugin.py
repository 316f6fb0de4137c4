"""What vLLM calls in each process of an engine: one that works for a stage run ends with it, however that ends.

One idea: the kernel is told by the process itself, and only where we started it. It must not import anything of ours.
"""

from __future__ import annotations

import ctypes
import os
import signal

OWNER = "OT_GRID_ENGINE_OWNER"  # environment: the pid of the process for which an engine works
PR_SET_PDEATHSIG = 1  # prctl(2)


def end_with_owner() -> None:
    """Have the kernel end this process when the one that owns the engine ends; nothing in any other process."""
    if os.environ.get(OWNER) == str(os.getppid()):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
