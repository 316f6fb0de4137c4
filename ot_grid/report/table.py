"""The ranked table: one row a cell, best first.

One idea: only complete cells of which nothing looks broken are ranked, so nothing else can win; the others stand below
with their cause. Numbers keep full precision, scores in percent. It must not read files or format text.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ot_grid.report.cells import Sweep
from ot_grid.report.matrices import VERDICTS, Benchmark
from ot_grid.report.pairs import paired
from ot_grid.report.results import Result
from ot_grid.report.statistics import combined, difference, interval, overall, score, se_decoding, se_questions

SCORE = "score:"  # before a benchmark's name, as a column of the ranked table
APART = "held_out:"  # the same of a held-out benchmark that was named to be shown
COMPLETE, FLAGGED, PARTIAL = "complete", "flagged", "partial"  # how a status begins
SHARES = ("cut", "unextracted", "empty", "ungraded", "identical")  # fields of a benchmark, shown in percent
REFERENCE, RESOLVED, NOT_RESOLVED = "reference", "resolved", "not resolved"


def verdict(resolved: bool) -> str:
    """Return the word for whether the data can tell two apart."""
    return RESOLVED if resolved else NOT_RESOLVED


def ranked(
    sweep: Sweep, results: Sequence[Result], reference: Result | None, apart: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return the table, ranked cells first and equal means sharing a rank, then the flagged ones, then the unfinished.

    Columns: rank, the factors, cell, mean, se_questions, se_decoding, difference and half_width (95 %) to the
    reference, verdict, 'score:<benchmark>' for each, questions, repeats, cut, unextracted and ungraded (percent of
    replies), rows, tokens, seconds, status, cause; and 'held_out:<benchmark>' for each in `apart`, a frame of
    `benchmarks`.
    """
    means = [_mean(result) for result in results]
    order = sorted(
        range(len(results)),
        key=lambda i: (not results[i].ranked, not results[i].complete, -means[i] if results[i].complete else 0),
    )
    names = sorted({each.name for result in results for each in result.benchmarks})
    rows = [{**_row(sweep, results[i], reference, names), **_apart(results[i], apart)} for i in order]
    table = pd.DataFrame(rows, columns=list(rows[0]) if rows else ["rank", "cell", "verdict"])
    if rows:
        best = [round(means[i], 9) for i in order if results[i].ranked]
        table["rank"] = pd.array(
            [best.index(each) + 1 for each in best] + [pd.NA] * (len(order) - len(best)), dtype="Int64"
        )
        table["rows"] = table["rows"].astype("Int64")
    return table


def _mean(result: Result) -> float:
    return overall([score(each.matrix) for each in result.benchmarks]) if result.complete else math.nan


def _apart(result: Result, apart: pd.DataFrame | None) -> dict[str, float]:
    if apart is None or not len(apart):
        return {}
    own = apart[apart["cell"] == result.cell.id].set_index("benchmark")["mean"]
    return {f"{APART}{name}": float(own.get(name, math.nan)) for name in sorted(set(apart["benchmark"]))}


def _row(sweep: Sweep, result: Result, reference: Result | None, names: Sequence[str]) -> dict[str, Any]:
    scores = {each.name: 100 * score(each.matrix) for each in result.benchmarks if each.done}
    return {
        "rank": pd.NA,
        **{factor: result.cell.coordinates.get(factor, "") for factor in sweep.factors},
        "cell": result.cell.id,
        **_scores(result),
        **_difference(result, reference),
        **{SCORE + name: scores.get(name, math.nan) for name in names},
        **_coverage([each for each in result.benchmarks if each.done]),
        "rows": result.rows,
        "tokens": result.tokens,
        "seconds": result.seconds,
        **_status(sweep, result),
    }


def _scores(result: Result) -> dict[str, float]:
    if not result.complete:
        return {"mean": math.nan, "se_questions": math.nan, "se_decoding": math.nan}
    matrices = [each.matrix for each in result.benchmarks]
    return {
        "mean": 100 * _mean(result),
        "se_questions": 100 * combined([se_questions(each) for each in matrices]),
        "se_decoding": 100 * combined([se_decoding(each) for each in matrices]),
    }


def _difference(result: Result, reference: Result | None) -> dict[str, Any]:
    if result is reference:
        return {"difference": 0.0, "half_width": math.nan, "verdict": REFERENCE}
    if reference is None or not result.complete:
        return {"difference": math.nan, "half_width": math.nan, "verdict": ""}
    found = difference(paired(result.means, reference.means))
    word = verdict(found.resolved) if result.ranked else ""
    return {"difference": 100 * found.mean, "half_width": 100 * found.half, "verdict": word}


def _coverage(done: Sequence[Benchmark]) -> dict[str, Any]:
    repeats = sorted({each.matrix.shape[1] for each in done})
    return {
        "questions": sum(len(each.questions) for each in done),
        "repeats": "-".join(str(each) for each in dict.fromkeys([*repeats[:1], *repeats[-1:]])),
        "cut": _pooled(done, [each.cut for each in done]),
        "unextracted": _pooled(done, [each.unextracted for each in done]),
        "ungraded": _pooled(done, [each.ungraded for each in done]),
    }


def _pooled(done: Sequence[Benchmark], shares: Sequence[float]) -> float:
    return 100 * float(np.average(shares, weights=[each.matrix.size for each in done])) if done else math.nan


def _status(sweep: Sweep, result: Result) -> dict[str, str]:
    if result.ranked:
        return {"status": COMPLETE, "cause": ""}
    if result.complete:
        return _flagged(result)
    if not result.benchmarks and sweep.held_out:
        return {"status": "without a rank", "cause": "all its benchmarks are held out, see the notes"}
    if not result.benchmarks:
        return {"status": PARTIAL, "cause": "no benchmark belongs to this cell; give it one with eval=CHOICE"}
    causes: dict[str, list[str]] = {}
    for each in result.lacking:
        causes.setdefault(f"{each.status}, {each.cause}", []).append(each.name)
    said = [f"{', '.join(names)}: {cause}" for cause, names in causes.items()]
    said += [f"{flag.benchmark} looks broken: {flag.reason}" for flag in result.suspect]
    status = f"{PARTIAL}: {len(result.lacking)} of {len(result.benchmarks)} benchmarks lacking"
    return {"status": status, "cause": "; ".join(said)}


def _flagged(result: Result) -> dict[str, str]:
    names = list(dict.fromkeys(flag.benchmark for flag in result.suspect))
    said = "; ".join(f"{flag.benchmark}: {flag.reason}" for flag in result.suspect)
    accept = " ".join(f"--accept {result.cell.id}:{name}" for name in names)
    status = f"{FLAGGED}: {len(names)} of {len(result.benchmarks)} benchmarks"
    return {"status": status, "cause": f"{said}; look at it, and to rank it all the same: report {accept}"}


def benchmarks(results: Sequence[Result]) -> pd.DataFrame:
    """Return one row a cell and benchmark: mean, 95 % interval, both standard errors, how it was judged, its flags."""
    rows = [
        {"cell": result.cell.id, **_benchmark(each), "flags": _flags(result, each)}
        for result in results
        for each in result.benchmarks
    ]
    return pd.DataFrame(rows, columns=list(rows[0]) if rows else ["cell", "benchmark"])


def _flags(result: Result, each: Benchmark) -> str:
    own = [flag for flag in result.flags if flag.benchmark == each.name]
    return "; ".join(f"accepted: {flag.reason}" if flag.accepted else flag.reason for flag in own)


def _benchmark(each: Benchmark) -> dict[str, Any]:
    low, high = interval(each.matrix) if each.done else (math.nan, math.nan)
    return {
        "benchmark": each.name,
        "mean": 100 * score(each.matrix) if each.done else math.nan,
        "low": 100 * low,
        "high": 100 * high,
        "se_questions": 100 * se_questions(each.matrix) if each.done else math.nan,
        "se_decoding": 100 * se_decoding(each.matrix) if each.done else math.nan,
        "questions": len(each.questions),
        "repeats": each.matrix.shape[1],
        **{verdict: 100 * each.verdicts.get(verdict, math.nan) for verdict in VERDICTS},
        **{share: 100 * float(getattr(each, share)) for share in SHARES},
        "output_tokens": each.output_tokens,
        "grade": each.grade,
        "status": each.status,
        "cause": each.cause,
    }
