"""What it costs to have stage runs done on this machine: seconds and CPU a stage run, without and with a model.

    python analysis/bench/launching.py [--seeds 16]

One idea: the stage runs are as small as can be, so that what is left is their launch.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from ot_grid import api, launch
from ot_grid.planning import freezing
from ot_grid.planning.plan import Plan
from ot_grid.store import Artifacts

SMALL = ["source=gsm_symbolic", "mix=top1", "scale.pool=4", "scale.questions=2", "scale.max_tokens=4", "eval=sums"]


def main() -> None:
    """Measure both kinds and print a line each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=16, help="stage runs of each kind")
    seeds = ",".join(map(str, range(parser.parse_args().seeds)))
    with tempfile.TemporaryDirectory() as folder:
        plan = api.plan(["filter=random", "teacher=smollm2", f"filter.seed={seeds}", *SMALL, f"store={folder}"])
        artifacts = api.artifacts_of(plan)
        freezing.freeze(plan, artifacts)
        measured(plan, artifacts, "source", "mix")
        print(f"without a model: {measured(plan, artifacts, 'filter', 'dedup')}")
        print(f"with a model: {measured(plan, artifacts, 'traces')}")


def measured(plan: Plan, artifacts: Artifacts, *stages: str) -> str:
    """Have the stage runs of some stages done; return what each took."""
    runs = {run.key: run for run in plan.runs.values() if run.stage in stages}
    inputs = {name: plan.runs[name] for run in runs.values() for name in run.inputs}
    began, before = time.perf_counter(), os.times()
    outcome = launch.launch(replace(plan, runs={**inputs, **runs}, cells=()), artifacts)
    wall, after = time.perf_counter() - began, os.times()
    assert not outcome.failed, outcome.failed
    cpu = sum(after[:4]) - sum(before[:4])
    count = outcome.executed
    return f"{count} stage runs, {wall / count:.2f} s wall and {cpu / count:.2f} s of CPU each"


if __name__ == "__main__":
    os.chdir(Path(tempfile.gettempdir()))
    main()
