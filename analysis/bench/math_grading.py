"""Our mathematical grading beside plain Math-Verify: the same replies and answers, in one run.

python analysis/bench/math_grading.py FOLDER [--items 2000] [--workers N]

FOLDER holds math500.jsonl. Replies are its worked solutions; every second one is held against the answer to the next
question, so that wrong ones occur. Both get the whole reply; Math-Verify runs in one process, we in our worker pool.
There are 500 different replies: beyond that they come again, and our workers remember what they have read before, as
they would the known answers and frequent final answers of real repeats. With --items 500 nothing comes again.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import time
from functools import partial
from itertools import cycle, islice
from pathlib import Path

from ot_grid.grading import pool
from ot_grid.grading.math.maths import math


def items_of(folder: Path, count: int) -> list[tuple[str, str]]:
    """Return so many (reply, known answer); the questions come again in turn, as those of repeats do."""
    rows = [json.loads(line) for line in (folder / "math500.jsonl").read_text().splitlines()]
    pairs = [
        (row["solution"], rows[(place + place % 2) % len(rows)]["answer"]) for place, row in enumerate(rows)
    ]  # an odd place takes the answer of the next row
    return list(islice(cycle(pairs), count))


def ours(items: list[tuple[str, str]], workers: int | None) -> tuple[float, list[bool]]:
    """Return the seconds that the pool takes, with starting its workers, and its verdicts."""
    started = time.perf_counter()
    done = dict(pool.grade(partial(math, boxed_only=True, float_rounding=6), items, workers=workers))
    return time.perf_counter() - started, [done[index].score == 1 for index in range(len(items))]


def plain(items: list[tuple[str, str]]) -> tuple[float, list[bool]]:
    """Return the seconds that Math-Verify with its defaults takes, without its import, and its verdicts."""
    from math_verify import parse, verify

    logging.getLogger("math_verify").setLevel(logging.ERROR)
    started = time.perf_counter()
    verdicts = [bool(verify(parse(f"${answer}$"), parse(reply))) for reply, answer in items]
    return time.perf_counter() - started, verdicts


def main() -> None:
    """Print items a second of both, their ratio, and on how many items they differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=None)
    args = parser.parse_args()
    items = items_of(args.folder, args.items)
    mine, verdicts = ours(items, args.workers)
    theirs, others = plain(items)
    workers = args.workers or len(os.sched_getaffinity(0))
    print(f"ours, {workers} workers, with their start: {len(items) / mine:.0f} items/s ({sum(verdicts)} right)")
    print(f"Math-Verify, one process: {len(items) / theirs:.0f} items/s ({sum(others)} right)")
    differing = sum(one != other for one, other in zip(verdicts, others, strict=True))
    print(f"ratio {theirs / mine:.1f}; verdicts differ on {differing} items")


if __name__ == "__main__":
    main()
