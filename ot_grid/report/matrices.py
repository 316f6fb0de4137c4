"""An eval artifact as a matrix of questions x repeats.

One idea: a benchmark's result is one matrix of scores plus how its replies came and were judged; every statistic comes
from it. What is broken or not there becomes a status with a cause, never a number. It must not compute scores.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ot_grid.errors import Corrupt
from ot_grid.report.statistics import FloatArray
from ot_grid.rows import ERROR, PARTIAL, RIGHT, UNVERIFIABLE, WRONG
from ot_grid.tables import read_rows

DONE, FAILED, MISSING = "done", "failed", "missing"
VERDICTS = (RIGHT, PARTIAL, WRONG, UNVERIFIABLE, ERROR)
COLUMNS = ("question", "repeat", "verdict", "score", "extracted", "output_tokens", "finish_reason", "characters",
           "reply_digest")  # fmt: skip
NAN = float("nan")


def _no_matrix() -> FloatArray:
    return np.empty((0, 0))


@dataclass(frozen=True, eq=False)
class Benchmark:
    """What one benchmark says about one student."""

    name: str
    status: str  # done, failed, missing
    cause: str = ""  # why it is not done
    matrix: FloatArray = field(default_factory=_no_matrix)  # questions x repeats: 0 wrong to 1 right, nan not there
    questions: tuple[str, ...] = ()  # ids, in the order of the matrix's rows
    verdicts: Mapping[str, float] = field(default_factory=dict)  # share of replies with each verdict
    cut: float = NAN  # share of replies stopped by the token limit
    unextracted: float = NAN  # share of replies that were judged, but in which no answer was found
    empty: float = NAN  # share of replies without a character
    ungraded: float = NAN  # share of replies that the grader could not judge; they count as wrong
    identical: float = NAN  # share of questions whose repeats are the same to the byte; nan with one repeat
    output_tokens: float = NAN  # mean of a reply
    grade: str = ""  # the label of a later scoring that this was read from; empty: the first
    sandbox: str = ""  # what foreign code ran in while it was graded, where that was said
    seeding: str = ""  # what a reply's draw depends on: "reply", or the "engine" with all that it does at once

    @property
    def done(self) -> bool:
        """Whether every question has every repeat."""
        return self.status == DONE


def load(name: str, path: Path, counts: Mapping[str, Any]) -> Benchmark:
    """Return the matrix of a finished eval artifact as a benchmark: 'failed', with its cause, when it is broken."""
    folder = path.parent  # data/, or scores/<label>/
    way_out = f"delete {folder} and rescore" if folder.parent.name == "scores" else f"delete {folder.parent} and run"
    try:
        rows = read_rows(path)
    except Corrupt as error:
        return Benchmark(name, FAILED, str(error))
    except (ValueError, TypeError, NotImplementedError, MemoryError) as error:  # damage that pyarrow lets through
        return Benchmark(name, FAILED, f"{path} cannot be read ({error}); {way_out} again")
    problem = _problem(rows)
    if problem:
        return Benchmark(name, FAILED, f"{path} {problem}; {way_out} again")
    matrix, questions = _matrix(rows)
    hole = _hole(matrix, counts)
    status, cause = (FAILED, f"{path} {hole}; {way_out} again") if hole else (DONE, "")
    verdicts = {verdict: float(np.mean([row["verdict"] == verdict for row in rows])) for verdict in VERDICTS}
    tokens = float(np.mean([row["output_tokens"] or 0 for row in rows]))
    return Benchmark(name, status, cause, matrix, questions, verdicts, *_shares(rows), output_tokens=tokens)


def _problem(rows: list[dict[str, Any]]) -> str:
    """Say what keeps rows from being a matrix, or nothing."""
    if not rows:
        return "has no rows"
    lacking = [column for column in COLUMNS if column not in rows[0]]
    if lacking:
        return f"lacks the column {', '.join(map(repr, lacking))} (it has {', '.join(rows[0])})"
    odd = [row["score"] for row in rows if row["score"] is not None and not 0 <= row["score"] <= 1]
    if odd:
        return f"says score={odd[0]!r}, which is not from 0 to 1, nor null"
    unknown = [row["verdict"] for row in rows if row["verdict"] not in VERDICTS]
    if unknown:
        return f"says verdict={unknown[0]!r}, which is none of {', '.join(VERDICTS)}"
    nameless = sum(row["question"] is None or row["repeat"] is None for row in rows)
    if nameless:
        return f"has {nameless} rows without a question or a repeat"
    twice = len(rows) - len({(row["question"], row["repeat"]) for row in rows})
    return f"has {twice} rows whose question and repeat are there already" if twice else ""


def _matrix(rows: list[dict[str, Any]]) -> tuple[FloatArray, tuple[str, ...]]:
    questions = sorted({row["question"] for row in rows})
    repeats = sorted({row["repeat"] for row in rows})
    line, column = ({item: index for index, item in enumerate(items)} for items in (questions, repeats))
    matrix = np.full((len(questions), len(repeats)), np.nan)
    for row in rows:
        # null: the grader could not tell; it counts as wrong
        matrix[line[row["question"]], column[row["repeat"]]] = row["score"] or 0.0
    return matrix, tuple(questions)


def _hole(matrix: FloatArray, counts: Mapping[str, Any]) -> str:
    """Say what is not in the matrix that should be, or nothing."""
    questions, repeats = counts.get("questions", matrix.shape[0]), counts.get("repeats", matrix.shape[1])
    there = int(np.count_nonzero(~np.isnan(matrix)))
    if matrix.shape == (questions, repeats) and there == matrix.size:
        return ""
    return f"holds {there} of {questions * repeats} replies ({questions} questions x {repeats} repeats)"


def _shares(rows: list[dict[str, Any]]) -> tuple[float, float, float, float, float]:
    """Return the shares that are cut, unextracted, empty, ungraded and identical."""
    return (
        float(np.mean([row["finish_reason"] == "length" for row in rows])),
        float(np.mean([row["extracted"] is None and row["score"] is not None for row in rows])),
        float(np.mean([row["characters"] == 0 for row in rows])),
        float(np.mean([row["score"] is None for row in rows])),
        _identical(rows),
    )


def _identical(rows: list[dict[str, Any]]) -> float:
    digests = defaultdict(list)
    for row in rows:
        digests[row["question"]].append(row["reply_digest"])
    repeated = [each for each in digests.values() if len(each) > 1]
    return float(np.mean([len(set(each)) == 1 for each in repeated])) if repeated else NAN
