"""Grading programs in the sandbox beside the plain way, a subprocess for each: programs a second, in one run.

python analysis/bench/code_grading.py [--programs 200] [--repeats 3] [--sandbox auto]

The two take turns, so that a machine that drifts drifts for both. The plain way has no limits and keeps nothing apart.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from ot_grid.grading import pool
from ot_grid.grading.code.code import code

PROGRAM = "def add(a, b):\n    return a + b\n"
TEST = "assert add(1, 2) == 3"
GRADE = partial(code, seconds=6.0, memory_mb=1024, tolerance=None)


def rate(work: Callable[[], None], count: int) -> float:
    """Return how many programs a second work gets through."""
    started = time.perf_counter()
    work()
    return count / (time.perf_counter() - started)


def ours(count: int, sandbox: str) -> None:
    """Grade through the pool, workers and all."""
    answer = json.dumps({"kind": "assert", "tests": [TEST]})
    pairs = [(f"```python\n{PROGRAM}```", answer)] * count
    assert all(graded.score == 1 for _, graded in pool.grade(GRADE, pairs, sandbox=sandbox))


def plain(count: int) -> None:
    """Run `python -c` for each, as many at once as there are CPUs."""
    command = [sys.executable, "-c", PROGRAM + TEST]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as threads:
        list(threads.map(lambda _: subprocess.run(command, check=True), range(count)))


def main() -> None:
    """Print the median rates of both."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--programs", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--sandbox", default="auto")
    asked = parser.parse_args()
    found = [
        (
            rate(lambda: ours(asked.programs, asked.sandbox), asked.programs),
            rate(lambda: plain(asked.programs), asked.programs),
        )
        for _ in range(asked.repeats)
    ]
    mine, theirs = zip(*found, strict=True)
    print(f"tier {pool.tier(GRADE, asked.sandbox)}, {asked.programs} programs, {asked.repeats} times, medians")
    print(f"pool.grade     {statistics.median(mine):6.1f} programs/s")
    print(f"python -c each {statistics.median(theirs):6.1f} programs/s")
    print(f"ratio          {statistics.median(a / b for a, b in found):6.2f}")


if __name__ == "__main__":
    main()
