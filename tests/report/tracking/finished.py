"""A sweep of two cells whose stage runs all have records, with nothing run for it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from ot_grid import api, store
from ot_grid.planning import freezing
from ot_grid.planning.plan import Plan
from ot_grid.stages.eval import MATRIX
from ot_grid.tables import write_rows
from tests.report.conftest import answers, matrix_rows

GRID = ["filter=random,none", "teacher=reference", "source=gsm_symbolic", "mix=top1", "eval=[sums,gcd]"]


@cache
def composed(*more: str) -> Plan:
    """Compose a grid once, whatever number of tests use it."""
    return api.plan([*GRID, "tracking=wandb", "tracking.entity=team", "tracking.project=p", *more])


def planned(*more: str, **tracking: Any) -> Plan:
    """Plan a grid in the test's own store."""
    plan = composed(*more)
    how = replace(plan.runtime.tracking, **tracking)
    return replace(plan, runtime=replace(plan.runtime, store=os.environ["OT_GRID_STORE"], tracking=how))


def finished(*more: str, **tracking: Any) -> Plan:
    """A frozen sweep of which everything has a record, its first cell better than its second."""
    plan = planned(*more, **tracking)
    artifacts = api.artifacts_of(plan)
    freezing.freeze(plan, artifacts)
    for number, run in enumerate(plan.runs.values()):
        told: dict[str, Any] = {"counts": {}, "outputs": {}, "loss": []}
        if run.stage == "eval":
            rows = matrix_rows(answers(0.8 if run.inputs[0] in plan.cells[0].runs else 0.3))
            write_rows(artifacts.folder(run) / "data" / "matrix.parquet", rows, MATRIX)
            told = {"counts": {"questions": 10, "repeats": 4}, "outputs": {"data/matrix.parquet": "a" * 64}}
        if run.stage == "train":
            told["loss"] = [[1, 3.0], [2, 2.0 + number]]
        record(artifacts.folder(run) / store.RECORD, run.key, told)
    return plan


def record(path: Path, run_key: str, told: Mapping[str, Any]) -> None:
    """Write a record: an hour on two GPUs, a hundred tokens."""
    spent = {"seconds": 3600.0, "usage": {"output_tokens": 100}, "where": {"gpus": 2}, "inputs": {"x": "1"}}
    store.write_json(path, {"key": run_key, **spent, **told})
