"""Weights & Biases as a mirror: one run a cell and one with the ranked table. The only door to wandb.

One idea: it is told after the fact, from records and the report, and only what it was not told before; so it can be
offline, late or down without harm. It must not be read back.
"""

from __future__ import annotations

import numbers
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ot_grid import key, store
from ot_grid.config import Tracking

if TYPE_CHECKING:
    import pandas as pd
    import wandb

TOLD = "tracked.json"


@dataclass(frozen=True)
class Tracked:
    """What W&B is told of one cell."""

    id: str
    name: str
    coordinates: Mapping[str, str]
    recipe: Mapping[str, Any]
    loss: Sequence[Sequence[float]]  # (step, loss)
    summary: Mapping[str, Any]  # at most about 60 numbers


def track(tracking: Tracking, folder: Path, sweep: str, cells: Sequence[Tracked], table: pd.DataFrame) -> int:
    """Tell W&B of every cell that is new or has changed, and of the ranked table; return how many runs were told."""
    if tracking.mode == "off":
        return 0
    told = store.read_json(folder / TOLD) if (folder / TOLD).exists() else {}
    fresh = {cell.id: key.digest([cell.summary, cell.loss, tracking.mode]) for cell in cells}
    news = [cell for cell in cells if told.get(cell.id) != fresh[cell.id]]
    if not news:
        return 0
    place = folder.parent.parent
    for cell in news:
        _cell(tracking, place, sweep, cell)
    _table(tracking, place, sweep, table)
    store.write_json(folder / TOLD, fresh)
    return len(news) + 1


def _start(tracking: Tracking, place: Path, sweep: str, **about: Any) -> wandb.Run:
    os.environ.setdefault("WANDB_SILENT", "true")
    import wandb

    (place / "wandb").mkdir(parents=True, exist_ok=True)  # without it wandb falls back to a temporary folder
    settings = wandb.Settings(console="off", x_disable_stats=True, disable_git=True, x_save_requirements=False)
    return wandb.init(
        project=tracking.project, entity=tracking.entity, mode=tracking.mode, dir=str(place), group=sweep,  # type: ignore[arg-type]
        settings=settings, reinit="create_new", **about,
    )  # fmt: skip


def _cell(tracking: Tracking, place: Path, sweep: str, cell: Tracked) -> None:
    tags = [f"{name}={value}"[:64] for name, value in cell.coordinates.items()]  # W&B refuses longer tags
    run = _start(
        tracking, place, sweep, name=cell.name, job_type="eval", tags=tags, config={"recipe": dict(cell.recipe)}
    )
    run.define_metric("train/*", step_metric="train/step")
    for step, loss in cell.loss:
        run.log({"train/step": step, "train/loss": loss})
    run.summary.update(dict(cell.summary))
    run.finish()


def _table(tracking: Tracking, place: Path, sweep: str, table: pd.DataFrame) -> None:
    import wandb

    run = _start(tracking, place, sweep, name=f"{sweep} table", job_type="report", tags=["table"])
    rows: list[Any] = [[plain(value) for value in row] for row in table.itertuples(index=False)]
    run.log({"ranked": wandb.Table(columns=[str(name) for name in table.columns], data=rows, allow_mixed_types=True)})
    run.finish()


def plain(value: Any) -> str | float | None:
    """Return a cell of a table as W&B takes it: a number, a text, or None for what is missing."""
    import pandas as pd

    if pd.isna(value):
        return None
    return float(value) if isinstance(value, numbers.Real) else str(value)
