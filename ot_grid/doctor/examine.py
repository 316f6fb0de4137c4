"""Whether a grid would run here: Slurm and its limits, the store, interpreters, models, accounts.

One idea: what real jobs need is tried for real, before they wait for hours in a queue: a small job goes to the nodes,
by the interpreter of the jobs, and answers through the store. It must not leave anything behind.
"""

from __future__ import annotations

from collections.abc import Iterator

from ot_grid.doctor import here, nodes, storage
from ot_grid.doctor import slurm as cluster
from ot_grid.doctor.finding import BROKEN, OK, WARNING, Finding
from ot_grid.planning.plan import Plan
from ot_grid.store import Artifacts

__all__ = ["BROKEN", "OK", "WARNING", "Finding", "examine"]


def examine(plan: Plan, artifacts: Artifacts, *, wait: float) -> Iterator[Finding]:
    """Yield what is right and what is wrong for a plan; a job that has not started after `wait` seconds is given up."""
    on_slurm = plan.runtime.cluster.kind == "slurm"
    answers = True
    if on_slurm:
        for finding in cluster.examine(plan):
            answers = answers and not (finding.what == cluster.REACHED and finding.state == BROKEN)
            yield finding
    store = list(storage.examine(artifacts.place))
    yield from store
    yield from here.caches(plan)
    yield from here.models(plan, artifacts)
    yield here.tracking(plan)
    if store[0].state != BROKEN and answers:
        yield from nodes.examine(plan, artifacts, wait=wait)
