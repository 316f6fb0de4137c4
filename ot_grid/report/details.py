"""Each benchmark of each cell, one row: the numbers behind the ranked table.

One idea: what is shown of an evaluation is what was read of it, flagged or not. It must not compare cells.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from ot_grid.report.matrices import BenchmarkResult
from ot_grid.report.results import Result
from ot_grid.report.statistics import interval, score, se_decoding, se_questions
from ot_grid.stages.eval import VERDICTS

SHARES = ("cut", "unextracted", "empty", "ungraded", "identical")  # fields of a benchmark, shown in percent


def benchmarks(results: Sequence[Result]) -> pd.DataFrame:
    """Return one row a cell and benchmark: mean, 95 % interval, both standard errors, how it was judged, its flags."""
    rows = [
        {"cell": result.cell.id, **_benchmark(each), "flags": _flags(result, each)}
        for result in results
        for each in result.benchmarks
    ]
    return pd.DataFrame(rows, columns=list(rows[0]) if rows else ["cell", "benchmark"])


def _flags(result: Result, each: BenchmarkResult) -> str:
    own = [flag for flag in result.flags if flag.benchmark == each.name]
    return "; ".join(f"accepted: {flag.reason}" if flag.accepted else flag.reason for flag in own)


def _benchmark(result: BenchmarkResult) -> dict[str, Any]:
    low, high = interval(result.matrix) if result.done else (math.nan, math.nan)
    return {
        "benchmark": result.name,
        "mean": 100 * score(result.matrix) if result.done else math.nan,
        "low": 100 * low,
        "high": 100 * high,
        "se_questions": 100 * se_questions(result.matrix) if result.done else math.nan,
        "se_decoding": 100 * se_decoding(result.matrix) if result.done else math.nan,
        "questions": len(result.questions),
        "repeats": result.matrix.shape[1],
        **{verdict: 100 * result.verdicts.get(verdict, math.nan) for verdict in VERDICTS},
        **{share: 100 * float(getattr(result, share)) for share in SHARES},
        "output_tokens": result.output_tokens,
        "grade": result.grade,
        "status": result.status,
        "cause": result.cause,
    }
