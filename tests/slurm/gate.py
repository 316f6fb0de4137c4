"""A gate that a test opens: what waits at it lasts as long as the test needs, on a busy machine too, and no longer."""

from __future__ import annotations

import os
import time
from pathlib import Path

PATH, HOLD = "OT_GRID_TEST_GATE", "OT_GRID_TEST_HOLD"  # the gate's file; after how many replies a job waits at it


def wait(seconds: float) -> None:
    """Wait until the gate is open, and so many seconds at most."""
    end, path = time.monotonic() + seconds, os.environ.get(PATH)
    while time.monotonic() < end and not (path and Path(path).exists()):
        time.sleep(0.02)


def held(replies: int) -> bool:
    """Whether a job that has written so many replies is to wait at the gate."""
    return replies == int(os.environ.get(HOLD, "-1"))
