"""The full report of a made sweep of 1,000 cells x 8 benchmarks, beside the same numbers in straightforward pandas.

    python analysis/bench/report.py [--cells 10] [--draws 10000] [--folder DIR]   (cells: choices of 3 factors)

pandas does means, intervals, paired differences, ranks and the bootstrap from the same files, one group at a time; its
draws are so slow that it takes a few and the rest is extrapolated. Each side is a process, so each has its own peak.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from made_sweep import NAME, make

from ot_grid.report.build import Asked, build, write
from ot_grid.store import Store

FEW = 20  # draws that pandas takes


def ours(store: Store, draws: int) -> float:
    """Build the report and write all its forms; return the seconds."""
    started = time.perf_counter()
    report = build(store, NAME, Asked(draws=draws))
    built = time.perf_counter()
    write(report, store.root / "report")
    written = time.perf_counter()
    print(f"  build {built - started:.1f} s, write {written - built:.1f} s")
    return written - started


def with_pandas(store: Store, draws: int) -> float:
    """Make the same numbers with groupby and merge; return the seconds that all draws would take."""
    started = time.perf_counter()
    parts = []
    for folder in store.artifacts("eval").values():
        part = pd.read_parquet(folder / "data" / "matrix.parquet", columns=["question", "score"])
        parts.append(part.assign(cell=folder.name.rpartition("-")[2], benchmark=folder.name.rpartition("-")[0]))
    replies = pd.concat(parts)
    means = replies.groupby(["benchmark", "cell", "question"])["score"].mean()
    wide = {name: each.droplevel(0).unstack("question") for name, each in means.groupby(level=0)}
    for table in wide.values():  # cells of a benchmark have keys of their own; places stand for them
        table.index = range(len(table))
    overall = pd.DataFrame({name: table.mean(axis=1) for name, table in wide.items()}).mean(axis=1)
    error = pd.DataFrame({name: table.sem(axis=1) ** 2 for name, table in wide.items()}).sum(axis=1) ** 0.5 / len(wide)
    apart = {name: table - table.iloc[0] for name, table in wide.items()}
    pd.DataFrame({
        "mean": overall, "low": overall - 1.96 * error, "high": overall + 1.96 * error, "rank": overall.rank(),
        "difference": pd.DataFrame({name: each.mean(axis=1) for name, each in apart.items()}).mean(axis=1),
        "se": pd.DataFrame({name: each.sem(axis=1) ** 2 for name, each in apart.items()}).sum(axis=1) ** 0.5,
    })  # fmt: skip
    read = time.perf_counter() - started
    random, started = np.random.default_rng(0), time.perf_counter()
    for _ in range(FEW):
        drawn = [
            table.sample(frac=1, replace=True, axis=1, random_state=random).mean(axis=1) for table in wide.values()
        ]
        pd.concat(drawn, axis=1).mean(axis=1).rank(ascending=False)
    each = (time.perf_counter() - started) / FEW
    print(f"  files, means and differences {read:.1f} s; {each:.2f} s a draw, so {draws * each:.0f} s for {draws:,}")
    return read + draws * each


def main() -> None:
    """Print seconds and peak memory of both."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cells", type=int, default=10)
    parser.add_argument("--draws", type=int, default=10_000)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--side", choices=["ours", "pandas"])
    args = parser.parse_args()
    if args.side:
        spent = {"ours": ours, "pandas": with_pandas}[args.side](Store(args.folder), args.draws)
        peak = resource.getrusage(resource.RUSAGE_SELF)
        print(f"{args.side}: {spent:.1f} s, {peak.ru_utime + peak.ru_stime:.1f} s of CPU, "
              f"{peak.ru_maxrss / 1024:.0f} MiB at most", flush=True)  # fmt: skip
        return
    with tempfile.TemporaryDirectory() as made:
        folder = args.folder or Path(made)
        make(folder, args.cells)
        for side in ("ours", "pandas"):
            same = ["--cells", str(args.cells), "--draws", str(args.draws), "--folder", str(folder)]
            subprocess.run([sys.executable, __file__, "--side", side, *same], check=True)


if __name__ == "__main__":
    main()
