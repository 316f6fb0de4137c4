"""The W&B Report of a sweep: our table as text, W&B's panels beside it.

One idea: the report has one id, kept beside the sweep, so it is written again in its place. It must not show a number
of W&B's where we have one of ours: its error bars are over runs, ours are paired over questions.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

TITLE_LENGTH = 128


def report(sweep: str, facts: Mapping[str, Any], *, entity: str, project: str) -> Any:
    """Return the W&B Report of a sweep; needs no network."""
    v2 = import_module("wandb_workspaces.reports.v2")
    about = f"Made by ot_grid from the records of the sweep {sweep}. Intervals and p-values are those of the table."
    warnings = [v2.CalloutBlock(line) for line in facts["banner"]]
    return v2.Report(
        project=project,
        entity=entity,  # without it the library asks the network
        title=f"ot_grid: {sweep}"[:TITLE_LENGTH],
        description=about,
        width="fluid",
        blocks=[
            *warnings,
            v2.MarkdownBlock(facts["verdict"]),
            v2.H2("Ranked table"),
            v2.MarkdownBlock(facts["markdown"]),
            v2.H2("Differences to the reference"),
            v2.PanelGrid(runsets=[_runs(sweep, "table", entity, project)], panels=[_picture(v2)]),
            v2.H2("Cells"),
            v2.PanelGrid(runsets=[_runs(sweep, "cell", entity, project)], panels=_panels(v2, facts)),
        ],
    )


def save(job: Mapping[str, Any]) -> dict[str, Any]:
    """Write the report of a job, in the place of the known one; return its id and address."""
    from wandb import Api

    asked, project = job["report"], job["tracking"]["project"]
    entity = str(job["tracking"]["entity"] or Api().default_entity)
    made = report(job["sweep"], job["facts"], entity=entity, project=project)
    if asked["id"]:
        made.id = asked["id"]
    made.save()
    return {"id": made.id, "url": made.url}


def _runs(sweep: str, kind: str, *of: str) -> Any:
    """Return the runs of a sweep: its cells, or the one with the table."""
    v2, expr = import_module("wandb_workspaces.reports.v2"), import_module("wandb_workspaces.expr")
    filters = expr.And(expr.Metric("group") == sweep, expr.Metric("jobType") == kind)
    return v2.Runset(entity=of[0], project=of[1], name=f"{sweep}: {kind}", filters=filters)


def _picture(v2: Any) -> Any:
    return v2.MediaBrowser(title="95 % intervals", media_keys=["forest"], layout=v2.Layout(x=0, y=0, w=24, h=12))


def _panels(v2: Any, facts: Mapping[str, Any]) -> list[Any]:
    axes = {name: v2.Config(f"choice.{name.replace('.', '_')}") for name in facts["factors"]}
    axes |= {name: v2.SummaryMetric(f"score/{name}") for name in facts["benchmarks"]}
    axes["mean"] = v2.SummaryMetric("mean")
    columns = [v2.ParallelCoordinatesPlotColumn(metric, display_name=name) for name, metric in axes.items()]
    left, right, below = v2.Layout(x=0, y=0, w=12, h=8), v2.Layout(x=12, y=0, w=12, h=8), v2.Layout(y=8, w=24, h=8)
    return [
        v2.BarPlot(title="Mean of the benchmarks, percent", metrics=[v2.SummaryMetric("mean")], layout=left),
        v2.ParallelCoordinatesPlot(title="Choices and scores", columns=columns, layout=right),
        v2.LinePlot(title="Loss", x="train/step", y=["train/loss"], layout=below),
    ]
