"""The replies of an eval artifact as columns of numbers: what they say, checked.

One idea: a reply is a place in a matrix and a few codes, so thousands of artifacts are read without making a row of any
of them, and a text is read only as far as it is counted. It must not judge: what keeps a file from being a matrix is
raised in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ot_grid.report.stats.student import FloatArray
from ot_grid.rows import ERROR, PARTIAL, RIGHT, UNVERIFIABLE, WRONG

VERDICTS = (RIGHT, PARTIAL, WRONG, UNVERIFIABLE, ERROR)
DIGEST = "reply_digest"
COLUMNS = ("question", "repeat", "verdict", "score", "extracted", "output_tokens", "finish_reason", "characters",
           DIGEST)  # fmt: skip
CODED = ("question", "verdict", "extracted", "finish_reason")  # few different words: read as codes
DAMAGE = (OSError, ValueError, TypeError, NotImplementedError, MemoryError, LookupError, ArithmeticError)

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Unfit(Exception):
    """What keeps a file that can be read from being a matrix: the end of a sentence that begins with its path."""


@dataclass(frozen=True, eq=False)
class Columns:
    """All replies of one benchmark, an entry each."""

    questions: tuple[str, ...]  # ids, sorted
    repeats: int
    line: Ints  # the place of its question
    repeat: Ints  # the place of its repeat
    score: FloatArray  # where the grader could not tell: 0
    judged: Flags
    verdict: Ints  # the place among `VERDICTS`
    answered: Flags  # an answer was found in it
    cut: Flags  # stopped by the token limit
    empty: Flags
    output_tokens: FloatArray
    digest: Ints | None  # equal for equal replies; None with one repeat


def read(path: Path) -> Columns:
    """Read the replies of an eval artifact; raise `Unfit`, or an error of `DAMAGE` where the file is broken."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        whole = pa.BufferReader(path.read_bytes())  # a hundred kilobytes: one read is faster than ten
        about = pq.read_metadata(whole)
        _check_shape(about.num_rows, about.schema.names)
        return _columns(pq.ParquetFile(whole, metadata=about, read_dictionary=[*CODED]))
    except pa.ArrowException as error:
        raise ValueError(str(error)) from error


def _check_shape(rows: int, names: Sequence[str]) -> None:
    if not rows:
        raise Unfit("has no rows")
    lacking = [column for column in COLUMNS if column not in names]
    if lacking:
        raise Unfit(f"lacks the column {', '.join(map(repr, lacking))} (it has {', '.join(names)})")


def _columns(file: Any) -> Columns:
    table = file.read(columns=[column for column in COLUMNS if column != DIGEST], use_threads=False)
    table.validate()
    score, judged = _scores(table["score"])
    verdict = _verdicts(table["verdict"])
    (words, question), repeat = _coded(table["question"]), _numbers(table["repeat"], -1)
    nameless = int(np.count_nonzero((question < 0) | _nulls(table["repeat"])))
    if nameless:
        raise Unfit(f"has {nameless} rows without a question or a repeat")
    questions, order = _sorted(words)
    repeats, place = np.unique(repeat, return_inverse=True)
    reasons, reason = _coded(table["finish_reason"])
    return Columns(
        questions=questions,
        repeats=len(repeats),
        line=_once(order[question], place),
        repeat=place,
        score=score,
        judged=judged,
        verdict=verdict,
        answered=~_nulls(table["extracted"]),
        cut=reason == (reasons.index("length") if "length" in reasons else len(reasons)),
        empty=_numbers(table["characters"], 1) == 0,
        output_tokens=_numbers(table["output_tokens"], 0).astype(float),
        digest=_digests(file, len(table)) if len(repeats) > 1 else None,
    )


def _scores(column: Any) -> tuple[FloatArray, Flags]:
    import pyarrow as pa

    score: FloatArray = _filled(column, pa.float64(), 0.0)
    odd = ~((score >= 0) & (score <= 1))
    if odd.any():
        raise Unfit(f"says score={float(score[odd][0])!r}, which is not from 0 to 1, nor null")
    return score, ~_nulls(column)


def _verdicts(column: Any) -> Ints:
    words, codes = _coded(column)
    known = np.array([VERDICTS.index(word) if word in VERDICTS else -1 for word in words] + [-1])  # the last: null
    found: Ints = known[codes]
    if (found < 0).any():
        unknown = codes[found < 0][0]
        word = words[unknown] if unknown >= 0 else None
        raise Unfit(f"says verdict={word!r}, which is none of {', '.join(VERDICTS)}")
    return found


def _sorted(words: Sequence[str]) -> tuple[tuple[str, ...], Ints]:
    """Return the words in order, each once, and where each has gone."""
    questions = _shared(tuple(sorted(set(words))))
    place = {word: number for number, word in enumerate(questions)}
    return questions, np.array([place[word] for word in words])


@lru_cache(maxsize=256)
def _shared(questions: tuple[str, ...]) -> tuple[str, ...]:
    """Return the same tuple for equal ones: a benchmark's ids are kept once, not once a cell."""
    return questions


def _once(line: Ints, repeat: Ints) -> Ints:
    twice = len(line) - np.count_nonzero(np.bincount(line * (repeat.max() + 1) + repeat))
    if twice:
        raise Unfit(f"has {twice} rows whose question and repeat are there already")
    return line


def _coded(column: Any) -> tuple[list[str], Ints]:
    """Return the words of a column, and of each row which it has: -1 for null."""
    import pyarrow as pa

    words, codes = _encoded(column)
    used = np.flatnonzero(np.bincount(codes + 1, minlength=len(words) + 1)[1:])
    place = np.full(len(words) + 1, -1)  # the last: null
    place[used] = np.arange(len(used))
    return words.take(pa.array(used)).to_pylist(), place[codes]


def _encoded(column: Any) -> tuple[Any, Ints]:
    """Return the distinct values of a column of text, and of each row which it has: -1 for null."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    array = column.unify_dictionaries().combine_chunks()
    return array.dictionary, _filled(array.indices, pa.int64(), -1)


def _digests(file: Any, rows: int) -> Ints:
    _, codes = _encoded(file.read(columns=[DIGEST], use_threads=False)[DIGEST])
    if len(codes) != rows:
        raise ValueError(f"{len(codes)} digests of {rows} replies")
    return codes


def _numbers(column: Any, null: int) -> Ints:
    import pyarrow as pa

    numbers: Ints = _filled(column, pa.int64(), null)
    return numbers


def _filled(column: Any, kind: Any, null: float) -> Any:
    """Return a column as an array, `null` where there is nothing; what needs no work is not asked for it."""
    typed = column if column.type == kind else column.cast(kind)
    return (typed.fill_null(null) if typed.null_count else typed).to_numpy()


def _nulls(column: Any) -> Flags:
    return column.is_null().to_numpy() if column.null_count else np.zeros(len(column), dtype=bool)
