"""What `plan`, `status` and `logs` show, as values and as text.

One idea: counts first, details after, nothing that is not in the plan, on the disk or said by Slurm. It must not write.
"""

from __future__ import annotations

from ot_grid.status.plans import banner, counted, plan_data, plan_text
from ot_grid.status.snapshot import Snapshot, as_data, take
from ot_grid.status.text import text

__all__ = ["Snapshot", "as_data", "banner", "counted", "plan_data", "plan_text", "take", "text"]
