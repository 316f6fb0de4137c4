"""What a reader wants to see of a sweep, and what of it cannot be shown.

One idea: a wish is a value; all that is wrong with it is told at once. It must not read anything.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ot_grid.errors import BadInput, nearest
from ot_grid.report.numbers import CORRECTIONS, Options
from ot_grid.report.selection import View

MOST_DRAWS = 1_000_000  # of each row; the standard error of a share of 5 % is then 0.02 %


@dataclass(frozen=True)
class Asked:
    """What a reader wants to see.

    `reference` is the id, label or coordinates of the cell that the others are compared with, by default the first
    ranked one. `accept` has 'CELL:BENCHMARK' of flagged evaluations to rank all the same, `withdraw` of those that
    were accepted and are no longer; `held_out` names held-out benchmarks to show apart; `rank_by` all that rank,
    held-out ones too; `grade` the later scoring to read; `scores` a file of published scores to set beside the sweep;
    `weights` what benchmarks weigh that do not weigh 1; `correction` how p-values allow for many comparisons, holm or
    bh; `draws` of the bootstrap; `training_noise` the standard deviation between training seeds, in points, where it
    is known from elsewhere.
    """

    reference: str | None = None
    accept: tuple[str, ...] = ()
    withdraw: tuple[str, ...] = ()
    held_out: tuple[str, ...] = ()
    rank_by: tuple[str, ...] = ()
    grade: str | None = None
    scores: Path | None = None
    weights: Mapping[str, float] = field(default_factory=dict)
    correction: str = Options.correction
    draws: int = Options.draws
    training_noise: float | None = None

    @property
    def wished(self) -> bool:
        """Whether it is one reader's wish; what was accepted holds for all."""
        return replace(self, accept=(), withdraw=()) != Asked()


def check(asked: Asked, shown: View) -> None:
    """Raise `BadInput` with all wishes that cannot be fulfilled for the benchmarks that are shown."""
    known = (*shown.ranking, *shown.others, *shown.held_out)
    problems = [
        *(
            f"--weigh {name!r} is no benchmark here; {nearest(name, known)}"
            for name in asked.weights
            if name not in known
        ),
        *(
            f"--weigh {name}={weight:g} is no weight; give 0 or more, e.g. --weigh {name}=2"
            for name, weight in asked.weights.items()
            if not 0 <= weight < math.inf
        ),
    ]
    if shown.ranking and not any(asked.weights.get(name, 1) for name in shown.ranking):
        problems.append(f"--weigh leaves nothing that counts; one must weigh more than 0: {', '.join(shown.ranking)}")
    if asked.correction not in CORRECTIONS:
        problems.append(f"--correction {asked.correction!r}; {nearest(asked.correction, CORRECTIONS)}")
    if asked.training_noise is not None and not 0 <= asked.training_noise <= 100:
        problems.append(f"--training-noise {asked.training_noise:g} is no standard deviation in points, e.g. 0.8")
    if asked.draws < 100:
        problems.append(f"--draws {asked.draws} is too few to say anything of the tails; give at least 100")
    if asked.draws > MOST_DRAWS:
        problems.append(f"--draws {asked.draws} would fill the memory and change no digit; give at most {MOST_DRAWS}")
    if problems:
        raise BadInput(*problems)
