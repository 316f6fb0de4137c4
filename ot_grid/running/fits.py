"""What stage runs take of this machine's GPUs, and what of them this machine could never run.

One idea: a model gets the fewest GPUs that hold it, so that the others carry copies; a training gets all. It must not
start anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ot_grid.errors import BadInput
from ot_grid.planning.plan import Plan, StageRun
from ot_grid.sizing.gpus import Gpus
from ot_grid.stages import needs


def gpus_of(run: StageRun, plan: Plan, gpus: Gpus) -> int:
    """Return how many GPUs of this machine a stage run takes; raise `BadInput` where its model has no room on them."""
    if run.needs == "cpu" or not gpus.count:
        return 0
    if run.needs == "train":
        return needs.shareable(run, gpus.count)
    made = needs.generated(run, plan, gpus)
    return made.parallel if made else max(needs.declared(run, plan), default=1)


def misfits(plan: Plan, runs: Iterable[StageRun], gpus: Gpus) -> Iterator[str]:
    """Yield what of some stage runs this machine could never run, each thing once."""
    seen: set[str] = set()
    for run in needs.unlike(runs, plan):
        if run.needs == "cpu":
            continue
        try:
            if run.needs == "train":
                needs.trained(run, plan, Gpus(gpus_of(run, plan, gpus), gpus.gigabytes))
            else:
                needs.generated(run, plan, gpus)
        except BadInput as error:
            if str(error) not in seen:
                yield f"{run.stage} {run.label}: {error}"
            seen.add(str(error))
