"""What each step of the method kept and dropped, and why, with examples.

One idea: every stage writes what it lost (`dropped.parquet`); here that is counted by reason and put beside the text
it was about. It must not decide anything again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ot_grid.planning.frozen import FrozenCell, FrozenRun
from ot_grid.report.page import shelves
from ot_grid.report.page.shelves import Shelves
from ot_grid.store import RECORD

STAGES = ("source", "mix", "filter", "dedup", "traces", "verify", "answer_filter", "dataset", "benchmark")
MADE_OF = ("mix", "source", "filter", "dedup", "traces", "verify", "answer_filter")  # what their inputs may be
IN, OUT = ("questions_in", "traces_in"), ("rows", "traces", "questions")
EXAMPLES = 4  # of each reason, and of what was kept
REASONS = 12  # shown of one step
BINS = 24  # of the histogram of scores
LETTERS = 1500  # of a text in an example


def of_cells(place: Shelves, cells: Sequence[FrozenCell], most: int) -> tuple[list[dict[str, Any]], int]:
    """Return the first `most` finished steps behind the cells, and how many there are."""
    users: dict[FrozenRun, list[str]] = {}
    for cell in cells:
        for run in cell.runs:
            if run.stage in STAGES:
                users.setdefault(run, []).append(cell.id)
    order = sorted(users, key=lambda run: STAGES.index(run.stage))
    done = [
        (run, folder) for run in order if (folder := place.folder(run.stage, run.key)) and (folder / RECORD).exists()
    ]
    return [_step(place, run, folder, users[run]) for run, folder in done[:most]], len(done)


def _step(place: Shelves, run: FrozenRun, folder: Path, users: Sequence[str]) -> dict[str, Any]:
    counts = shelves.said(folder / RECORD).get("counts") or {}
    gone = lost(folder)
    kept, spread = _scored(folder)
    groups = Counter(gone["kind"])
    shown = groups.most_common(REASONS)
    return {
        "stage": run.stage, "label": run.label, "branch": run.branch, "key": run.key, "cells": list(users),
        "in": _count(counts, IN), "kept": _count(counts, OUT), "dropped": len(gone),
        "reasons": [
            {"reason": name, "count": count, "examples": told(place, folder, records(gone[gone["kind"] == name]))}
            for name, count in shown
        ],
        "more_reasons": max(0, len(groups) - REASONS),
        "kept_examples": told(place, folder, kept or _kept(folder)),
        "spread": spread,
    }  # fmt: skip


def lost(folder: Path) -> pd.DataFrame:
    """Return what a step dropped, with the kind of each reason."""
    path = folder / "dropped.parquet"
    found = shelves.frame(path, ["row", "reason", "score"]) if path.exists() else None
    if found is None:
        return pd.DataFrame({"row": [], "reason": [], "score": [], "kind": []})
    return found.assign(kind=kinds(found["reason"]))


def records(gone: pd.DataFrame, most: int = EXAMPLES) -> list[dict[str, Any]]:
    """Return the first rows of what was lost as plain values."""
    rows: list[dict[str, Any]] = gone.head(most)[["row", "reason", "score"]].to_dict("records")  # type: ignore[assignment]
    return [
        {**row, "reason": row["reason"] or "", "score": None if pd.isna(row["score"]) else row["score"]} for row in rows
    ]


def kinds(reasons: Iterable[str | None]) -> list[str]:
    """Return the kind of each reason: its part before the colon, without its numbers."""
    import pyarrow as pa
    import pyarrow.compute as pc

    before = pc.replace_substring_regex(pa.array(reasons, pa.string()), "(?s):.*", "")
    named = pc.replace_substring_regex(before, r"\d+(\.\d+)?", "…").to_pylist()
    return [each or "no reason given" for each in named]


def _count(counts: Mapping[str, Any], names: Sequence[str]) -> int | None:
    return next((int(counts[name]) for name in names if isinstance(counts.get(name), int)), None)


def _scored(folder: Path) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """Return the best and the last of what a filter kept, and a histogram of its scores."""
    path = folder / "data" / "scores.parquet"
    frame = shelves.frame(path, ["row", "score", "note", "kept"]) if path.exists() else None
    rated = frame[np.isfinite(frame["score"].astype(float))] if frame is not None else None
    if rated is None or rated.empty:
        return [], None
    stays = rated["kept"].to_numpy(bool)
    kept, scores = rated[stays], rated["score"].to_numpy(float)
    ends = kept if len(kept) <= EXAMPLES else pd.concat([kept.head(EXAMPLES // 2), kept.tail(EXAMPLES // 2)])
    edges = np.histogram_bin_edges(scores, BINS)
    bins = {"kept": np.histogram(scores[stays], edges)[0], "dropped": np.histogram(scores[~stays], edges)[0]}
    spread = {"edges": edges.tolist(), **{name: frame.tolist() for name, frame in bins.items()}}
    return records(ends.rename(columns={"note": "reason"})), spread


def _kept(folder: Path) -> list[dict[str, Any]]:
    found = shelves.first(folder / shelves.QUESTIONS, EXAMPLES, ["id", "source", "copy"])
    return [{"row": f"{row['id']}/{row['source']}/{row['copy']}", "reason": "", "score": None} for row in found]


def told(place: Shelves, folder: Path, gone: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return examples with their texts: from the step's inputs, or from what it kept."""
    texts: dict[str, dict[str, str | None]] = {}
    names = [str(row["row"]) for row in gone]
    for source in (*place.inputs(folder, MADE_OF), folder):
        texts |= {name: {"text": each.text, "output": None} for name, each in shelves.questions(source, names).items()}
        texts |= _traces(place, source, names)
    nothing: dict[str, str | None] = {"text": None, "output": None}
    return [
        {"row": row["row"], "reason": row["reason"], "score": row["score"], **_cut(texts.get(str(row["row"]), nothing))}
        for row in gone
    ]


def _traces(place: Shelves, source: Path, names: Sequence[str]) -> dict[str, dict[str, str | None]]:
    found = shelves.traces(source, [name for name in names if "#" in name])
    bought = place.text(str(row["reply"]) for row in found.values())
    return {
        name: {"text": row["question"].text, "output": bought.get(row["reply"]) or row["trace_text"]}
        for name, row in found.items()
    }


def _cut(texts: Mapping[str, str | None]) -> dict[str, str | None]:
    return {
        name: text if text is None or len(text) <= LETTERS else f"{text[:LETTERS]} … ({len(text):,} characters)"
        for name, text in texts.items()
    }
