"""Eval artifacts become matrices, or a cause why not."""

from __future__ import annotations

import numpy as np

from ot_grid.report.matrices import load
from ot_grid.stages.eval import MATRIX
from ot_grid.store import record_of
from ot_grid.tables import write_rows
from tests.report.conftest import matrix_row

POINT = ("length", "qwq")


def load_sums(made, folder, **counts):
    return load("sums", folder / "data" / "matrix.parquet", {**record_of(folder)["counts"], **counts})


def test_a_matrix_has_a_row_a_question_and_a_column_a_repeat(made):
    """Null is wrong for the mean, and counted as ungraded."""
    folder = made.answered("sums", [[True, False], [None, True]], *POINT)
    found = load_sums(made, folder, questions=2, repeats=2)
    assert found.done
    assert found.questions == ("q0", "q1")
    np.testing.assert_array_equal(found.matrix, [[1, 0], [0, 1]])
    assert (found.ungraded, found.cut, found.unextracted, found.output_tokens) == (0.25, 0, 0, 20)


def test_partial_credit_stays_what_it_is(made):
    """Scores between 0 and 1 go into the matrix, and each verdict has its share."""
    found = load_sums(made, made.answered("sums", [[0.5, 1.0], [None, 0.0]], *POINT))
    np.testing.assert_array_equal(found.matrix, [[0.5, 1], [0, 0]])
    assert found.verdicts == {"right": 0.25, "partial": 0.25, "wrong": 0.25, "unverifiable": 0.25, "error": 0}


def test_empty_and_identical_replies_are_counted(made):
    """A question counts as identical when all of its repeats are; with one repeat there is no saying."""
    folder = made.answered("sums", [[True, True], [True, False]], *POINT, characters=0)
    assert (load_sums(made, folder).empty, load_sums(made, folder).identical) == (1.0, 0.0)
    folder = made.answered("sums", [[True, True], [True, True]], *POINT, reply_digest="same")
    assert (load_sums(made, folder).empty, load_sums(made, folder).identical) == (0.0, 1.0)
    assert np.isnan(load_sums(made, made.answered("sums", [[True]], *POINT)).identical)


def test_cut_and_unread_replies_are_counted(made):
    """A reply stopped by the token limit and one without an answer are shares of all replies."""
    folder = made.answered("sums", [[False, False]], *POINT, finish_reason="length", extracted=None)
    found = load_sums(made, folder)
    assert (found.cut, found.unextracted) == (1.0, 1.0)


def test_a_record_that_says_nothing_of_replies_leaves_that_open(made):
    """The scores are there all the same."""
    folder = made.answered("sums", [[True, False]], *POINT)
    found = load("sums", folder / "data" / "matrix.parquet", {"questions": 1, "repeats": 2})
    assert found.done
    assert (found.score, found.verdicts) == (0.5, {})
    assert np.isnan([found.cut, found.unextracted, found.empty, found.ungraded, found.identical]).all()


def test_a_hole_is_a_failure_that_keeps_its_numbers(made):
    """A missing repeat is nan in the matrix, and the benchmark is not done."""
    found = load_sums(made, made.answered("sums", [[True, True], [False]], *POINT), questions=2, repeats=2)
    assert found.status == "failed"
    assert "holds 3 of 4 replies (2 questions x 2 repeats)" in found.cause
    assert np.isnan(found.matrix[1, 1])


def test_fewer_questions_than_the_record_counts_is_a_failure(made):
    """A full rectangle can still lack questions."""
    found = load_sums(made, made.answered("sums", [[True]] * 28, *POINT), questions=30, repeats=1)
    assert found.status == "failed"
    assert "28 of 30" in found.cause


def test_a_missing_column_is_named_with_the_way_out(made):
    """The cause says which column is lacking, which are there, and what to delete."""
    folder = made.answered("sums", [[True]], *POINT)
    write_rows(
        folder / "data" / "matrix.parquet", [{"question": "q0", "repeat": 0}], {"question": "string", "repeat": "int64"}
    )
    found = load_sums(made, folder)
    assert found.status == "failed"
    assert "lacks the column 'score' (it has question, repeat)" in found.cause
    assert f"delete {folder} and run again" in found.cause


def test_a_corrupt_file_is_a_failure_not_a_crash(made):
    """Garbage, a cut file and a missing file are told as causes."""
    folder = made.answered("sums", [[True] * 4] * 8, *POINT)
    path = folder / "data" / "matrix.parquet"
    whole = path.read_bytes()
    for spoiled in (b"not parquet", whole[: len(whole) // 2], b""):
        path.write_bytes(spoiled)
        assert "cannot be read" in load_sums(made, folder).cause
    path.unlink()
    assert load_sums(made, folder).status == "failed"


def test_any_flipped_byte_is_survived(made):
    """A file with one wrong byte anywhere is read or told as a cause; it never raises."""
    folder = made.answered("sums", [[True, False]] * 3, *POINT)
    path = folder / "data" / "matrix.parquet"
    whole = bytearray(path.read_bytes())
    for place in range(0, len(whole), 7):
        spoiled = whole.copy()
        spoiled[place] ^= 0xFF
        path.write_bytes(spoiled)
        assert load_sums(made, folder, questions=3, repeats=2).status in ("done", "failed")


def test_doubled_empty_and_odd_rows_are_failures(made):
    """What cannot be a matrix says why."""
    folder = made.answered("sums", [[True]], *POINT)
    path = folder / "data" / "matrix.parquet"
    row = matrix_row("q0", 0, 1.0)
    for rows, said in (
        ([], "no rows"),
        ([row, row], "1 rows whose question and repeat are there already"),
        ([{**row, "score": 1.5}], "score=1.5"),
        ([{**row, "score": float("nan")}], "score=nan"),
        ([{**row, "repeat": None}], "1 rows without a question or a repeat"),
    ):
        write_rows(path, rows, MATRIX)
        assert said in load_sums(made, folder).cause
    write_rows(path, [row], MATRIX)
    assert load_sums(made, folder).matrix.tolist() == [[1.0]]
