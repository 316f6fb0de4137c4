"""Reports with all the columns that a ranked table may have, made up with a fixed seed: for forms and figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from ot_grid.planning.frozen import Sweep
from ot_grid.report.build import Report
from ot_grid.report.selection import View
from ot_grid.report.verdicts import Verdict

BENCHMARKS = ("aime24", "amc23", "math500", "codeelo", "codeforces", "lcb", "gpqa", "jeebench")
DOMAINS = ("math", "code", "science")
SCALES = ("300", "1000", "3160", "10000", "31600")
FILTERS = ("length", "difficulty", "fasttext", "none_%")
TEACHERS = ("qwq", "r1", "phi4")


VERDICT = Verdict(
    None, "No winner: 3 recipes cannot be told from the best.", comparisons=11, correction="holm", yardstick=3.1,
    detectable=2.4, draws=10_000,
)  # fmt: skip


def points(cells: int) -> list[dict[str, str]]:
    """The coordinates of so many rows: filters first, then teachers, then numbered variants."""
    return [
        {
            "filter": FILTERS[n % 4],
            "teacher": TEACHERS[n // 4 % 3],
            **({"variant": f"v{n // 12}"} if cells > 12 else {}),
        }
        for n in range(cells)
    ]


def table(coordinates: list[dict[str, str]], seed: int = 7) -> pd.DataFrame:
    """A ranked table of made-up numbers, its second row the reference."""
    draws = np.random.default_rng(seed)
    count = len(coordinates)
    means = np.sort(draws.normal(45, 4, count))[::-1]
    rows = []
    for place, (mean, named) in enumerate(zip(means, coordinates, strict=True)):
        gap = mean - means[min(1, count - 1)]
        rows.append({
            "rank": place + 1, "rank_low": max(1, place - 1), "rank_high": min(count, place + 3),
            "group": "ab"[place // 3 :][:1] or "c", **named, "cell": f"{place:08x}", "members": f"{place:08x}",
            "mean": mean, "low": mean - 1.9, "high": mean + 1.9, "se_questions": 1.0, "se_decoding": 0.4, "seeds": 1,
            "difference": gap, "diff_low": gap - 1.4, "diff_high": gap + 1.4, "p": 0.01, "p_adjusted": 0.03,
            "detectable": 2.4,
            "verdict": "reference" if place == 1 else "resolved" if abs(gap) > 3 else "not resolved",
            "best": 0.5, "corrected": mean - 0.5,
            **{f"domain:{name}": mean + draws.normal(0, 3) for name in DOMAINS},
            **{f"score:{name}": float(np.clip(mean + draws.normal(0, 12), 1, 99)) for name in BENCHMARKS},
            "questions": 2100, "repeats": "3-10", "cut": 2.0, "unextracted": 1.0, "ungraded": 0.0, "rows": 31600,
            "tokens": int(10 ** draws.uniform(7, 9)), "seconds": 4e4, "gpu_hours": 10 ** draws.uniform(1, 2.5),
            "source": "measured", "status": "complete", "cause": "",
        })  # fmt: skip
    made = pd.DataFrame(rows)
    made["rank"] = made["rank"].astype("Int64")
    return made


def factors(coordinates: list[dict[str, str]], seed: int = 3) -> pd.DataFrame:
    """Main effects of made-up size."""
    draws, rows = np.random.default_rng(seed), []
    for name in coordinates[0]:
        for choice in dict.fromkeys(each[name] for each in coordinates):
            effect = draws.normal(0, 2)
            rows.append({
                "factor": name, "choice": choice, "mean": 45 + effect, "effect": effect, "low": effect - 0.8,
                "high": effect + 0.8, "cells": 4, "of": 4, "difference": effect - 3, "diff_low": effect - 4,
                "diff_high": effect - 2, "p_adjusted": 0.02, "verdict": "resolved", "share": 0.3,
            })  # fmt: skip
    return pd.DataFrame(rows)


def report(cells: int = 12, *, coordinates: list[dict[str, str]] | None = None, banner: tuple[str, ...] = ()) -> Report:
    """A report of so many rows."""
    named = coordinates if coordinates is not None else points(cells)
    choices = {name: tuple(dict.fromkeys(each[name] for each in named)) for name in named[0]}
    sweep = Sweep("first_light", ("filter=a,b",), choices, banner, datetime(2026, 11, 23, tzinfo=UTC), ())
    found = table(named)
    scores = [
        {"cell": row["cell"], "benchmark": name, "mean": row[f"score:{name}"]}
        for _, row in found.iterrows()
        for name in BENCHMARKS
    ]
    view = View(BENCHMARKS, False, (), (), ())
    return Report(
        sweep=sweep, table=found, factors=factors(named), benchmarks=pd.DataFrame(scores), apart=pd.DataFrame(),
        beside=pd.DataFrame(), view=view,
        banner=tuple(f"REHEARSAL: {line}" for line in banner), notes=(), reference=None, complete=True,
        verdict=VERDICT, noise="training noise is NOT covered (one training seed a cell)", interactions=pd.DataFrame(),
    )  # fmt: skip


def scaling() -> Report:
    """Two teachers at five scales."""
    coordinates = [{"teacher": teacher, "scale": scale} for scale in SCALES[::-1] for teacher in TEACHERS[:2]]
    made = report(coordinates=coordinates)
    found = made.table.copy()
    found["rows"] = [int(scale) for scale in found["scale"]]
    return replace(made, table=found)
