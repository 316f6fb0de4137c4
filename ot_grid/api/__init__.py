"""The same things from Python: plan, run, report; for notebooks and scripts.

One idea: each command of the command line is one call here, and returns values instead of printing them. What loads
Hydra or pandas is imported where it is needed: jobs that heal a sweep start in the time of the rest.

    from ot_grid import api
    ran = api.run(api.plan(["filter=length,difficulty", "teacher=qwq,r1"]))
    ran.report.table  # a pandas frame, one row a recipe
"""

from __future__ import annotations

from ot_grid.api.cells import Reproduced, explain, reproduce
from ot_grid.api.cleaning import remove, unneeded
from ot_grid.api.grids import Ran, artifacts_of, cancel, plan, resume, retry, run, status, throttle
from ot_grid.api.results import Showing, compare, demo, export, export_dataset, report, rescore, show, track
from ot_grid.planning.plan import Plan

__all__ = [
    "Plan",
    "Ran",
    "Reproduced",
    "Showing",
    "artifacts_of",
    "cancel",
    "compare",
    "demo",
    "explain",
    "export", "export_dataset",
    "plan",
    "remove",
    "report",
    "reproduce",
    "rescore",
    "resume",
    "retry",
    "run",
    "show",
    "status",
    "throttle",
    "track",
    "unneeded",
]  # fmt: skip
