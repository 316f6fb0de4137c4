"""The scores of an eval artifact as a matrix of numbers, checked.

One idea: a score is a place in a matrix, so thousands of artifacts are read without making a row of any of them, and no
column that is not used. It must not judge: what keeps a file from being a matrix is raised in words.
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

QUESTION, REPEAT, SCORE = COLUMNS = ("question", "repeat", "score")
DAMAGE = (OSError, ValueError, TypeError, NotImplementedError, MemoryError, LookupError, ArithmeticError)

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Unfit(Exception):
    """What keeps a file that can be read from being a matrix: the end of a sentence that begins with its path."""


@dataclass(frozen=True, eq=False)
class Scores:
    """All replies of one benchmark."""

    questions: tuple[str, ...]  # ids, sorted
    matrix: FloatArray  # questions x repeats: 0 where the grader could not tell, nan where there is no reply


def read(path: Path) -> Scores:
    """Read the scores of an eval artifact; raise `Unfit`, or an error of `DAMAGE` where the file is broken."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        whole = pa.BufferReader(path.read_bytes())  # a hundred kilobytes: one read is faster than ten
        try:
            file = pq.ParquetFile(whole, read_dictionary=[QUESTION])
        except KeyError:  # there is no such column
            file = pq.ParquetFile(whole)
        _check_shape(file.metadata.num_rows, file.schema.names)
        return _scores(file.read(columns=[*COLUMNS], use_threads=False))
    except pa.ArrowException as error:
        raise ValueError(str(error)) from error


def _check_shape(rows: int, names: Sequence[str]) -> None:
    if not rows:
        raise Unfit("has no rows")
    lacking = [column for column in COLUMNS if column not in names]
    if lacking:
        raise Unfit(f"lacks the column {', '.join(map(repr, lacking))} (it has {', '.join(names)})")


def _scores(table: Any) -> Scores:
    import pyarrow as pa

    table.validate()
    nameless = int(np.count_nonzero(_nulls(table[QUESTION]) | _nulls(table[REPEAT])))
    if nameless:
        raise Unfit(f"has {nameless} rows without a question or a repeat")
    score: FloatArray = _filled(table[SCORE], pa.float64())
    odd = ~((score >= 0) & (score <= 1))
    if odd.any():
        raise Unfit(f"says score={float(score[odd][0])!r}, which is not from 0 to 1, nor null")
    questions, line = _lines(table[QUESTION])
    repeats, place = np.unique(_filled(table[REPEAT], pa.int64()), return_inverse=True)
    matrix = np.full((len(questions), len(repeats)), np.nan)
    matrix[line, place] = score
    twice = len(line) - np.count_nonzero(~np.isnan(matrix))
    if twice:
        raise Unfit(f"has {twice} rows whose question and repeat are there already")
    return Scores(questions, matrix)


def _lines(column: Any) -> tuple[tuple[str, ...], Ints]:
    """Return the questions in order, each once, and the place of each row's."""
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        column = column.cast(pa.string()).dictionary_encode()
    array = column.unify_dictionaries().combine_chunks()
    questions, place = _sorted(tuple(array.dictionary.to_pylist()))
    codes: Ints = place[_filled(array.indices, pa.int64())]
    used = np.flatnonzero(np.bincount(codes, minlength=len(questions)))
    if len(used) == len(questions):
        return questions, codes
    return tuple(questions[each] for each in used), np.searchsorted(used, codes)


@lru_cache(maxsize=256)
def _sorted(words: tuple[str, ...]) -> tuple[tuple[str, ...], Ints]:
    """Return the words in order, each once, and where each has gone; a benchmark's are the same in every cell."""
    order = sorted(set(words))
    place = {word: number for number, word in enumerate(order)}
    return tuple(order), np.array([place[word] for word in words], dtype=np.int64)


def _filled(column: Any, kind: Any) -> Any:
    """Return a column as an array, 0 where there is nothing; what needs no work is not asked for it."""
    typed = column if column.type == kind else column.cast(kind)
    return (typed.fill_null(0) if typed.null_count else typed).to_numpy()


def _nulls(column: Any) -> Flags:
    return column.is_null().to_numpy() if column.null_count else np.zeros(len(column), dtype=bool)
