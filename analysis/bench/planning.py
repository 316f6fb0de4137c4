"""How long planning takes: the README's grid in a process of its own, and grids of growing size in this one.

python analysis/bench/planning.py
"""

from __future__ import annotations

import subprocess
import sys
import time

from hydra import compose, initialize_config_dir

from ot_grid.api import plan
from ot_grid.planning.recipe import register_schema, shipped

GRIDS = {
    4: ["filter=length,difficulty", "teacher=qwq,r1"],
    24: ["filter=length,difficulty,random,none", "teacher=qwq,r1,phi", "verify=on,off"],
    1000: ["filter=length,difficulty", "teacher=qwq,r1", "train.seed=range(0,250)"],
}


def seconds_to_plan(overrides: list[str], cells: int) -> float:
    """Return the seconds that a plan takes, which must have the cells it was asked for."""
    started = time.perf_counter()
    made = plan(overrides)
    took = time.perf_counter() - started
    assert len(made.cells) == cells, (len(made.cells), cells)
    return took


def seconds_to_compose() -> float:
    """Return the seconds that Hydra takes to compose one cell: what a launcher that composes each cell pays."""
    register_schema()
    with initialize_config_dir(str(shipped("conf")), version_base="1.3"):
        compose("config")
        started = time.perf_counter()
        for _ in range(5):
            compose("config", overrides=["filter=length", "teacher=r1"])
        return (time.perf_counter() - started) / 5


def main() -> None:
    """Print one line a grid."""
    one = seconds_to_compose()
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "ot_grid", "plan", "-m", *GRIDS[4], "--json"], check=True, capture_output=True
    )
    print(
        f"plan of 4 cells as a command: {time.perf_counter() - started:.2f} s; one hydra.compose: {one * 1000:.0f} ms"
    )
    for cells, overrides in GRIDS.items():
        took = seconds_to_plan(overrides, cells)
        print(
            f"{cells:>6} cells: {took:.2f} s, {took / cells * 1000:.2f} ms a cell; composing each: {cells * one:.1f} s"
        )


if __name__ == "__main__":
    main()
