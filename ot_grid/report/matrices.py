"""An eval artifact as a matrix of questions x repeats.

One idea: a benchmark's result is one matrix of scores plus how its replies came and were judged; every statistic comes
from it. What is broken or not there becomes a status with a cause, never a number. It must not compute scores.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from ot_grid.report import columns
from ot_grid.report.statistics import question_means
from ot_grid.report.stats.student import FloatArray
from ot_grid.rows import ERROR, UNVERIFIABLE
from ot_grid.stages.eval import VERDICTS

DONE, FAILED, MISSING = "done", "failed", "missing"
NAN = float("nan")


def _no_matrix() -> FloatArray:
    return np.empty((0, 0))


@dataclass(frozen=True)
class Published:
    """What is known of a score without a single reply."""

    se: float  # of decoding, in shares of one; nan: not said
    questions: int  # 0: not said
    repeats: int


@dataclass(frozen=True, eq=False)
class BenchmarkResult:
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
    published: Published | None = None  # where only a score is known, which is then all of the matrix

    @property
    def asked(self) -> int:
        """How many questions there were."""
        return self.published.questions if self.published else len(self.questions)

    @property
    def repeats(self) -> int:
        """How often each was answered."""
        return self.published.repeats if self.published else int(self.matrix.shape[1])

    @property
    def done(self) -> bool:
        """Whether every question has every repeat."""
        return self.status == DONE

    @cached_property
    def means(self) -> FloatArray:
        """The mean over repeats of each question."""
        return self.matrix.mean(axis=1) if self.done else question_means(self.matrix)

    @cached_property
    def score(self) -> float:
        """The mean over questions of the mean over repeats; nan when empty."""
        return float(self.means.mean()) if self.means.size else NAN

    @cached_property
    def binary(self) -> bool:
        """Whether every score is exactly 0 or 1."""
        return bool(((self.matrix == 0) | (self.matrix == 1) | np.isnan(self.matrix)).all())


def load(name: str, path: Path, counts: Mapping[str, Any]) -> BenchmarkResult:
    """Return the matrix of a finished eval artifact as a benchmark: 'failed', with its cause, when it is broken.

    `counts` is what its record counts (see `stages.eval.counts`): how its replies came and were judged is read there.
    """
    folder = path.parent  # data/, or scores/<label>/
    way_out = f"delete {folder} and rescore" if folder.parent.name == "scores" else f"delete {folder.parent} and run"
    try:
        scores = columns.read(path)
    except columns.Unfit as problem:
        return BenchmarkResult(name, FAILED, f"{path} {problem}; {way_out} again")
    except columns.DAMAGE as error:
        return BenchmarkResult(name, FAILED, f"{path} cannot be read ({error}); {way_out} again")
    hole = _hole(scores.matrix, counts)
    status, cause = (FAILED, f"{path} {hole}; {way_out} again") if hole else (DONE, "")
    return BenchmarkResult(name, status, cause, scores.matrix, scores.questions, **_shares(counts))


def _hole(matrix: FloatArray, counts: Mapping[str, Any]) -> str:
    """Say what is not in the matrix that should be, or nothing."""
    questions, repeats = counts.get("questions", matrix.shape[0]), counts.get("repeats", matrix.shape[1])
    there = int(np.count_nonzero(~np.isnan(matrix)))
    if matrix.shape == (questions, repeats) and there == matrix.size:
        return ""
    return f"holds {there} of {questions * repeats} replies ({questions} questions x {repeats} repeats)"


def _shares(counts: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a record says of replies as shares of them; nothing where it does not say."""
    verdicts = {verdict: int(counts[verdict]) for verdict in VERDICTS if verdict in counts}
    replies = sum(verdicts.values())
    if not replies or "cut" not in counts:
        return {}
    several = int(counts.get("repeats", 1)) > 1
    return {
        "verdicts": {verdict: count / replies for verdict, count in verdicts.items()},
        "cut": counts["cut"] / replies,
        "unextracted": counts["unextracted"] / replies,
        "empty": counts["empty"] / replies,
        "ungraded": (verdicts[UNVERIFIABLE] + verdicts[ERROR]) / replies,
        "identical": counts["identical_repeats"] / counts["questions"] if several else NAN,
        "output_tokens": counts["output_tokens"] / replies,
    }
