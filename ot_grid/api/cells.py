"""One cell: again, and why it is as it is.

One idea: a cell is named as everywhere (see `frozen.fitting`), and known from its frozen recipe alone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ot_grid.api.grids import Ran, artifacts_of, plan, run
from ot_grid.errors import BadInput
from ot_grid.planning import frozen
from ot_grid.planning.plan import Plan
from ot_grid.store import Store

if TYPE_CHECKING:
    from ot_grid.report.reproduce import Agreement


@dataclass(frozen=True)
class Reproduced:
    """A cell that was run again in a store of its own."""

    plan: Plan
    ran: Ran
    agreements: tuple[Agreement, ...]  # of the stage runs that are done in both stores

    @property
    def broken(self) -> bool:
        """Whether a stage that must give the same bytes gave others, or failed."""
        return bool(self.ran.outcome.failed) or any(agreement.broken for agreement in self.agreements)


def reproduce(
    cell: str,
    *,
    place: str | Path | None = None,
    to: str | Path | None = None,
    overrides: Sequence[str] = (),
    say: Callable[[str], None] = lambda line: None,
) -> Reproduced:
    """Run a cell again, from its frozen recipe alone, in the store `to` (default: a new folder), and compare.

    `overrides` are cluster and tracking settings. Handed to a cluster, nothing is compared yet: call it again, with
    the same `to`, when all is done.
    """
    from ot_grid.planning import sweep
    from ot_grid.report import reproduce as again

    original = frozen.plan_of_cell(Store.of(place), cell)
    only = original.cells[0]
    to = to or Store.of(place).root / "reproductions" / f"{only.id}-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    if Store(to).root == Store.of(place).root:
        raise BadInput(f"--to {str(to)!r} is the store that the cell is from; give another folder")
    settings = [*overrides, _stored_in(to), "tracking='off'"]
    runtime = sweep.runtime(settings, plugins=original.runtime.plugins)
    cluster = replace(runtime.cluster, models={**_there(original.runtime.cluster.models), **runtime.cluster.models})
    fresh = replace(original, runtime=replace(runtime, cluster=cluster, files=original.runtime.files))
    say(f"reproducing {only.id} ({only.label}) in {to}: {len(fresh.runs)} stage runs")
    ran = run(fresh, say=say)
    if ran.report is None:
        return Reproduced(fresh, ran, ())
    return Reproduced(fresh, ran, tuple(again.compare(fresh, artifacts_of(original), artifacts_of(fresh))))


def _there(models: Mapping[str, str]) -> dict[str, str]:
    """Return where models lay when the sweep was asked for last, as far as they lie there on this machine too."""
    return {name: folder for name, folder in models.items() if Path(folder).exists()}


def explain(words: Sequence[str], *, place: str | Path | None = None, config_dir: str | None = None) -> Iterator[str]:
    """Yield which stage runs of a cell are done and why the others are not; of two cells, how they differ.

    Each word names a cell of the store; or all together are the overrides of a cell that was not run yet, which may
    choose from a folder like conf/ of the caller's own.
    """
    from ot_grid.status import explain as why

    plans = _plans_of(words, place, config_dir)
    if len(plans) > 2:
        raise BadInput(f"explain takes one or two cells, not {len(plans)}")
    if len(plans) == 1:
        return why.cell(plans[0].cells[0], plans[0], artifacts_of(plans[0]))
    one, other = plans
    return why.pair(one.cells[0], other.cells[0], replace(one, runs={**one.runs, **other.runs}))


def _plans_of(words: Sequence[str], place: str | Path | None, config_dir: str | None) -> list[Plan]:
    """Return a plan for each cell that words name."""
    try:
        return [frozen.plan_of_cell(Store.of(place), word) for word in words]
    except BadInput:
        if not all("=" in word for word in words):
            raise
    return [plan([*words, _stored_in(Store.of(place).root)], multirun=False, config_dir=config_dir)]


def _stored_in(folder: str | Path) -> str:
    """Return the override that names a store, quoted for Hydra."""
    return f"store={json.dumps(str(folder), ensure_ascii=False)}"
