"""A small sweep of which nothing has run, for tests of what looks at one."""

from __future__ import annotations

from ot_grid import api, attempts, store
from ot_grid.planning import freezing
from ot_grid.planning.plan import Plan, StageRun


def local_sweep() -> tuple[Plan, store.Artifacts]:
    """A small frozen sweep of which nothing has run."""
    plan = api.plan(["filter=random,none", "teacher=reference", "source=gsm_symbolic", "mix=top1", "eval=[sums,gcd]"])
    artifacts = api.artifacts_of(plan)
    freezing.freeze(plan, artifacts)
    return plan, artifacts


def record(artifacts: store.Artifacts, run: StageRun) -> None:
    """Note that a stage run is done."""
    content = {"key": run.key, "seconds": 60.0, "finished": attempts.now(), "where": {"job": "8_0"}}
    store.write_json(artifacts.folder(run) / store.RECORD, content)
