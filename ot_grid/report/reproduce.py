"""One cell again, from its frozen recipe alone, and how well it agrees.

One idea: the cell runs in a store of its own, so nothing that was kept can hide a difference. Stages without a model
must give the same bytes; sampled text and training are compared by what they count. It must not write to the first
store.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ot_grid import store
from ot_grid.planning.plan import Plan, StageRun
from ot_grid.store import Artifacts

LEVELS = {"cpu": "bytes", "inference": "seeded", "train": "statistical"}


@dataclass(frozen=True)
class Agreement:
    """One stage run, then and now."""

    run: StageRun
    level: str  # what may be asked of it: bytes, seeded, statistical
    same_inputs: bool
    same_outputs: bool
    differing: tuple[str, ...]  # files that differ
    counts: tuple[Mapping[str, Any], Mapping[str, Any]]  # then, now

    @property
    def broken(self) -> bool:
        """Whether equal inputs gave other bytes in a stage that must not."""
        return self.level == "bytes" and self.same_inputs and not self.same_outputs

    def __str__(self) -> str:
        if self.same_outputs:
            return f"{self.run}  same bytes"
        changed = [
            f"{k} {v} -> {self.counts[1].get(k)}" for k, v in self.counts[0].items() if self.counts[1].get(k) != v
        ]
        why = "BROKEN: equal inputs, other bytes" if self.broken else f"differs ({self.level})"
        return f"{self.run}  {why}: {', '.join(self.differing)}{'; ' if changed else ''}{', '.join(changed)}"


def compare(plan: Plan, then: Artifacts, now: Artifacts) -> Iterator[Agreement]:
    """Yield how each stage run of a reproduced cell agrees with the first time."""
    held_out = [name for cell in plan.cells for name, each in cell.recipe["eval"].items() if each.get("held_out")]
    for run in plan.runs.values():
        old, new = store.record_of(then.folder(run)), store.record_of(now.folder(run))
        if old is None or new is None:
            continue
        differing = tuple(
            sorted(n for n in {*old["outputs"], *new["outputs"]} if old["outputs"].get(n) != new["outputs"].get(n))
        )
        same_inputs = sorted(old["inputs"].values()) == sorted(new["inputs"].values())
        hidden = run.stage == "eval" and run.label in held_out  # its counts are its score
        counts = ({}, {}) if hidden else (old["counts"], new["counts"])
        yield Agreement(run, LEVELS[run.needs], same_inputs, not differing, differing, counts)
