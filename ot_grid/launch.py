"""From a plan to processes on this machine, or to jobs on Slurm.

One idea: a stage run is launched when its inputs have records; records decide, processes only compute. On this machine
a loop hands out what is ready; on Slurm everything is submitted at once and nothing stays alive. It must not compute
anything itself.
"""

from __future__ import annotations

from ot_grid.planning.packs import Outcome
from ot_grid.planning.plan import Plan
from ot_grid.store import Artifacts

__all__ = ["Outcome", "check", "launch"]


def check(plan: Plan, artifacts: Artifacts) -> None:
    """Raise `BadInput` where a launch would be refused, before anything of the sweep is written."""
    if plan.runtime.cluster.kind == "slurm" and artifacts.missing(plan):
        from ot_grid.cluster import submit

        submit.check(plan, artifacts)


def launch(plan: Plan, artifacts: Artifacts, *, by_hand: bool = True) -> Outcome:
    """Run what has no record, on this machine or on Slurm; `by_hand` is not set where nobody watches."""
    cluster = plan.runtime.cluster
    missing = artifacts.missing(plan)
    outcome = Outcome(cached=len(plan.runs) - len(missing))
    if cluster.kind == "slurm":
        from ot_grid.cluster import submit

        if not missing:
            submit.rest(plan, artifacts)
            return outcome
        return submit.submit(plan, artifacts, by_hand=by_hand)
    if not missing:
        return outcome
    from ot_grid.running.local import Local

    Local(plan, artifacts, cluster, outcome).run(missing)
    return outcome
