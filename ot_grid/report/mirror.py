"""What W&B is told of a sweep: gathered from its plan, its records and its report.

One idea: the mirror may fail, and the grid may not; so everything here ends in one line for the user. It must not tell
scores that are held out.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from statistics import fmean
from typing import TYPE_CHECKING, Any

from ot_grid import store
from ot_grid.config import MISSING, Tracking
from ot_grid.planning import freezing
from ot_grid.planning.plan import Cell, Plan, StageRun
from ot_grid.report import tracking
from ot_grid.report.results import gpu_hours
from ot_grid.report.tracking import Told, facts
from ot_grid.store import Artifacts

if TYPE_CHECKING:
    from ot_grid.report.build import Report

__all__ = ["OFF", "Told", "settings", "tell"]

OFF = "off"
SINCE = {"mode": OFF, "project": "ot_grid", "artifacts": "none", "report": False, "timeout": 300}  # where not frozen
NUMBERS = (  # of the ranked table, the most important first; what is absent is left out
    "rank", "mean", "low", "high", "difference", "diff_low", "diff_high", "p_adjusted", "rank_low", "rank_high", "best",
    "corrected", "detectable", "p", "se_questions", "se_decoding", "seeds", "questions", "cut", "unextracted",
    "ungraded", "rows", "tokens", "seconds", "gpu_hours",
)  # fmt: skip
WORDS = ("group", "verdict", "status")
SCORE, DOMAIN = "score:", "domain:"
KINDS = {"dataset": "dataset", "train": "model", "eval": "evaluation"}  # stage -> type of artifact
SMALL = ("data/matrix.parquet",)


def settings(tracking: Tracking, mode: str | None = None) -> Tracking:
    """Return how W&B is told of a sweep that froze these settings, or older ones with less; `mode` for this once."""
    kept = {name: value for name, value in asdict(tracking).items() if value != MISSING}
    return Tracking(**{**SINCE, **kept, **({"mode": mode} if mode else {})})


def tell(
    plan: Plan,
    made: Report,
    *,
    say: Callable[[str], None] = lambda line: None,
    mode: str | None = None,
    patient: bool = False,
) -> Told:
    """Tell W&B what is new of a sweep, and say how it went; never raise for that."""
    how = settings(plan.runtime.tracking, mode)
    if how.mode == OFF:
        return Told()
    artifacts = Artifacts(store.Store(plan.runtime.store))
    try:
        cells = [cell for each in plan.cells if (cell := told_of(each, plan, artifacts, made))]
        folder = artifacts.place.sweep(plan.name)
        told = tracking.track(how, folder, cells, overall(plan, made), patient=patient)
    except Exception as error:  # a mirror must not fail a grid that is done
        told = Told(problem=f"{type(error).__name__}: {error}")
    for line in in_words(told, how, plan.name):
        say(line)
    return told


def in_words(told: Told, how: Tracking, name: str) -> Iterator[str]:
    """Say what was told, and what was not, with the way out."""
    if told.runs:
        report = f"; report: {told.url}" if told.url and how.mode == "online" else ""
        yield f"W&B ({how.mode}): told {told.runs} runs{report}"
    if told.problem:
        waiting = f"{told.waiting} runs are not told yet" if told.waiting else "not told"
        yield (
            f"W&B ({how.mode}): {waiting}: {told.problem}; the results are in the store all the same, and are told "
            f"with the next report, or by: python -m ot_grid track {name}"
        )


def told_of(cell: Cell, plan: Plan, artifacts: Artifacts, made: Report) -> tracking.Tracked | None:
    """Return what is told of a cell; None while nothing of it is worth telling."""
    runs = [plan.runs[run_key] for run_key in cell.runs]
    records = {run.key: record for run in runs if (record := store.record_of(artifacts.folder(run)))}
    ended = [(run, records[run.key]) for run in runs if run.key in records]
    if not any(run.stage in ("train", "eval") for run, _ in ended):
        return None
    summary = {**_numbers(cell.id, made), **_cost(ended)}
    return tracking.Tracked(
        id=cell.id,
        name=f"{cell.label} [{cell.id}]",
        coordinates=cell.coordinates,
        recipe=dict(cell.recipe.settings),
        loss=[point for _, record in ended for point in record.get("loss", ())],
        summary=facts.first(summary),
        pieces=[_piece(run, record, artifacts, plan, records) for run, record in ended if run.stage in KINDS
                and not _held_out(run, plan)],
    )  # fmt: skip


def _held_out(run: StageRun, plan: Plan) -> bool:
    return run.stage == "eval" and run.label in freezing.held_out(plan)


def _row(cell: str, made: Report) -> Mapping[str, Any]:
    """Return a cell's row of the ranked table, which may be that of several seeds; empty where it has none."""
    for row in made.table.to_dict("records"):
        if row["cell"] == cell or cell in str(row.get("members", "")).split():
            return {str(name): value for name, value in row.items()}
    return {}


def _numbers(cell: str, made: Report) -> dict[str, Any]:
    row = _row(cell, made)
    shown = {name: row[name] for name in (*NUMBERS, *WORDS) if name in row}
    shown |= {f"score/{name.removeprefix(SCORE)}": row[name] for name in row if name.startswith(SCORE)}
    shown |= {f"domain/{name.removeprefix(DOMAIN)}": row[name] for name in row if name.startswith(DOMAIN)}
    plain = {name: facts.plain(value) for name, value in shown.items()}
    return {name: value for name, value in plain.items() if value not in (None, "")}


def _cost(ended: list[tuple[StageRun, dict[str, Any]]]) -> dict[str, float]:
    """Return seconds and tokens of each stage, how busy its GPUs were, and GPU-hours of all."""
    seconds: Counter[str] = Counter()
    tokens: Counter[str] = Counter()
    busy: dict[str, list[float]] = {}
    for run, record in ended:
        spent = float(record.get("seconds") or 0)
        seconds[run.stage] += spent  # type: ignore[assignment]
        tokens[run.stage] += int((record.get("usage") or {}).get("output_tokens") or 0)
        if "gpu_use" in record:
            busy.setdefault(run.stage, []).append(float(record["gpu_use"]["busy"]))
    told = {f"seconds/{stage}": float(value) for stage, value in seconds.items()}
    told |= {f"tokens/{stage}": float(value) for stage, value in tokens.items() if value}
    told |= {f"gpu_busy/{stage}": fmean(shares) for stage, shares in busy.items()}
    return {"gpu_hours": sum(gpu_hours(record) for _, record in ended), **told}


def _piece(
    run: StageRun, record: Mapping[str, Any], artifacts: Artifacts, plan: Plan, done: Mapping[str, Any]
) -> tracking.Piece:
    made_from = [plan.runs[name] for name in run.inputs if name in done]
    about = {
        "key": run.key,
        "made_from": [_name(each) for each in made_from if each.stage in KINDS],
        "inputs": dict(record.get("inputs") or {}),
        "counts": dict(record.get("counts") or {}),
    }
    return tracking.Piece(
        name=_name(run),
        kind=KINDS[run.stage],
        folder=str(artifacts.folder(run)),
        files=dict(record.get("outputs") or {}),
        about=about,
        small=SMALL if run.stage == "eval" else (),
    )


def _name(run: StageRun) -> str:
    return f"{KINDS[run.stage]}-{store.slug(run.label)}-{run.key}"


def overall(plan: Plan, made: Report) -> tracking.Overall:
    """Return what is told of the sweep as a whole."""
    verdict = getattr(getattr(made, "verdict", None), "sentence", "") or (made.notes[0] if made.notes else "")
    table = made.table[[name for name in made.table.columns if not str(name).startswith("held_out:")]]
    return tracking.Overall(
        banner=list(made.banner),
        verdict=str(verdict),
        notes=list(made.notes),
        markdown=_without_front(made.to_markdown()),
        factors=list(plan.factors),
        benchmarks=[str(name).removeprefix(SCORE) for name in table.columns if str(name).startswith(SCORE)],
        ranked=tracking.Frame.of(table),
        effects=tracking.Frame.of(made.factors),
        forest=list(_forest(plan, table.to_dict("records"))),
    )


def _without_front(markdown: str) -> str:
    """Return Markdown without its time of making: what is the same must not be told twice."""
    return "\n".join(line for line in markdown.splitlines() if "Made" not in line.partition(":")[0])


def _forest(plan: Plan, rows: list[dict[Any, Any]]) -> Iterator[tuple[str, float, float, float, str]]:
    for row in rows:
        low, high = _interval(row)
        if math.isfinite(low + high):
            name = " ".join(f"{factor}={row[factor]}" for factor in plan.factors if factor in row) or str(row["cell"])
            yield name, float(row["difference"]), low, high, str(row.get("verdict", ""))


def _interval(row: Mapping[Any, Any]) -> tuple[float, float]:
    if "diff_low" in row:
        return float(row["diff_low"]), float(row["diff_high"])
    half = float(row.get("half_width", math.nan))
    return float(row["difference"]) - half, float(row["difference"]) + half
