"""From a plan to processes: the only door to submitit.

One idea: a stage run is launched when its inputs have records; records decide, processes only compute. On this machine
a loop hands out what is ready; on Slurm everything is submitted at once and nothing stays alive. It must not compute
anything itself.
"""

from __future__ import annotations

from ot_grid.execute import cluster_of
from ot_grid.launch.packs import Outcome
from ot_grid.plan import Plan
from ot_grid.submission import Artifacts

__all__ = ["Outcome", "launch"]


def launch(plan: Plan, artifacts: Artifacts, *, by_hand: bool = True) -> Outcome:
    """Run what has no record, on this machine or on Slurm; `by_hand` is not set where nobody watches."""
    cluster = cluster_of(plan.runtime["cluster"])
    missing = artifacts.missing(plan)
    outcome = Outcome(cached=len(plan.runs) - len(missing))
    if cluster.kind == "slurm":
        from ot_grid.launch import slurm

        if not missing:
            slurm.rest(plan, artifacts)
            return outcome
        return slurm.submit(plan, artifacts, by_hand=by_hand)
    if not missing:
        return outcome
    from ot_grid.launch.local import Local

    Local(plan, artifacts, cluster, outcome).run(missing)
    return outcome
