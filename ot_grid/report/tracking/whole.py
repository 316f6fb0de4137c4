"""The run of a sweep as a whole: ranked table, factors, forest plot.

One idea: all numbers are ours, worked out before. It must not leave the ranking to W&B's own panels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import wandb

COLOURS = {"resolved": "#1b6ca8", "reference": "#444444"}
UNRESOLVED = "#999999"


def tell(job: Mapping[str, Any], start: Callable[..., wandb.Run]) -> None:
    """Tell W&B of the sweep as a whole."""
    from ot_grid.report.tracking.client import finish

    facts = job["facts"]
    run = start(
        job,
        job["overall"]["run"],
        name=f"{job['sweep']} table",
        job_type="table",
        tags=["table"],
        config={"factors": facts["factors"]},
    )
    run.log(_logged(facts))
    run.summary.update({"verdict": facts["verdict"], "cells": len(facts["ranked"]["rows"])})
    finish(run)


def _logged(facts: Mapping[str, Any]) -> dict[str, Any]:
    import wandb

    def table(frame: Mapping[str, Any]) -> wandb.Table:
        return wandb.Table(columns=list(frame["columns"]), data=frame["rows"], allow_mixed_types=True)

    logged: dict[str, Any] = {"ranked": table(facts["ranked"]), "factors": table(facts["effects"])}
    picture = forest(facts["forest"])
    if picture:
        from PIL import Image

        logged["forest"] = wandb.Image(Image.open(picture))
    return logged


def forest(rows: Sequence[Sequence[Any]]) -> BytesIO | None:
    """Return a picture of the differences to the reference with their intervals; None without rows or matplotlib."""
    try:
        from matplotlib.figure import Figure
    except ModuleNotFoundError:
        return None
    if not rows:
        return None
    figure = Figure(figsize=(8, 1 + 0.3 * len(rows)), layout="constrained")
    axes = figure.subplots()
    for place, (_, difference, low, high, verdict) in enumerate(rows):
        colour = COLOURS.get(verdict, UNRESOLVED)
        axes.plot([low, high], [place, place], color=colour, linewidth=1.5)
        axes.plot([difference], [place], marker="o", color=colour)
    axes.axvline(0, color="#444444", linewidth=0.8, linestyle=":")
    axes.set_yticks(range(len(rows)), [str(row[0]) for row in rows])
    axes.invert_yaxis()
    axes.set_xlabel("difference to the reference, points, 95 % interval; grey: not resolved")
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=110)
    picture.seek(0)
    return picture
