"""Rows are laid side by side on what all of them have; what does not fit is counted."""

from __future__ import annotations

import numpy as np
import pytest

from ot_grid.planning.frozen import FrozenCell
from ot_grid.report.align import aligned
from ot_grid.report.matrices import FAILED, BenchmarkResult
from ot_grid.report.results import Result
from ot_grid.report.statistics import se_decoding


def benchmark(name: str, matrix, questions: str = "", status: str = "done") -> BenchmarkResult:
    matrix = np.asarray(matrix, dtype=float)
    ids = tuple(questions) or tuple(f"q{number:04d}" for number in range(len(matrix)))
    return BenchmarkResult(name, status, matrix=matrix, questions=ids)


def result(*benchmarks: BenchmarkResult) -> Result:
    return Result(FrozenCell("c", "c", {}, ()), benchmarks, None, 0, 0.0)


def test_equal_cells_are_stacked_as_they_are():
    """One row a group, benchmarks sorted by name, nothing left out."""
    rng = np.random.default_rng(1)
    drawn = [(rng.integers(0, 2, (20, 4)), rng.integers(0, 2, (30, 1))) for _ in range(3)]
    found = aligned([[result(benchmark("sums", sums), benchmark("gcd", gcd))] for sums, gcd in drawn])
    assert (found.names, found.binary, found.single) == (("gcd", "sums"), (True, True), (True, False))
    assert (found.left_out, found.dropped) == (0, ())
    np.testing.assert_array_equal(found.means[1], [sums.mean(axis=1) for sums, _ in drawn])
    np.testing.assert_allclose(found.decoding[:, 1], [se_decoding(sums.astype(float)) ** 2 for sums, _ in drawn])
    np.testing.assert_allclose(
        [float(each[0]) for each in found.seed_means], [(sums.mean() + gcd.mean()) / 2 for sums, gcd in drawn]
    )


def test_only_questions_of_everyone_stay():
    """They are found by their ids, wherever a matrix has them; the others are counted, and so are their variances."""
    one = benchmark("sums", [[1, 1], [0, 1], [0, 0]], "abc")
    other = benchmark("sums", [[0, 0], [1, 0], [1, 1], [0, 0]], "cbad")
    found = aligned([[result(one)], [result(other)]])
    assert found.questions == (("a", "b", "c"),)
    np.testing.assert_array_equal(found.means[0], [[1, 0.5, 0], [1, 0.5, 0]])
    assert found.left_out == 1
    np.testing.assert_allclose(found.decoding[1, 0], se_decoding(np.array([[1.0, 1], [1, 0], [0, 0]])) ** 2)


def test_a_benchmark_that_a_row_lacks_is_dropped_and_named():
    """Also one that is not done there, and one of which no question is shared."""
    sums, gcd = benchmark("sums", [[1], [0]]), benchmark("gcd", [[1], [0]])
    failed = benchmark("gcd", [[1], [0]], status=FAILED)
    assert aligned([[result(sums, gcd)], [result(sums)]]).dropped == ("gcd",)
    assert aligned([[result(sums, gcd)], [result(sums, failed)]]).dropped == ("gcd",)
    strange = benchmark("gcd", [[1], [0]], "xy")
    found = aligned([[result(sums, gcd)], [result(sums, strange)]])
    assert (found.names, found.dropped, found.left_out) == (("sums",), ("gcd",), 0)


def test_the_seeds_of_a_recipe_are_one_row():
    """Question means are averaged over its cells; the variance of decoding falls with their number."""
    rng = np.random.default_rng(2)
    seeds = [result(benchmark("sums", rng.integers(0, 2, (10, 3)))) for _ in range(3)]
    alone = result(benchmark("sums", rng.integers(0, 2, (10, 3))))
    found = aligned([seeds, [alone]])
    expected = np.mean([each.benchmarks[0].matrix.mean(axis=1) for each in seeds], axis=0)
    np.testing.assert_allclose(found.means[0][0], expected)
    np.testing.assert_allclose(
        found.decoding[:, 0],
        [sum(se_decoding(each.benchmarks[0].matrix) ** 2 for each in seeds) / 9,
         se_decoding(alone.benchmarks[0].matrix) ** 2],
    )  # fmt: skip
    assert [each.tolist() for each in found.seed_means] == [
        pytest.approx([each.benchmarks[0].matrix.mean() for each in seeds]),
        pytest.approx([alone.benchmarks[0].matrix.mean()]),
    ]
    assert found.single == (False,)


def test_partial_credit_is_not_binary():
    """Of one row is enough."""
    cells = [[result(benchmark("sums", [[1.0], [score]]))] for score in (0.0, 0.25)]
    assert aligned(cells[:1]).binary == (True,)
    assert aligned(cells).binary == (False,)
    assert aligned(cells).single == (True,)


def test_nothing_in_common_and_nothing_at_all_are_no_crash():
    """No row, no benchmark, and no shared benchmark give no array."""
    assert aligned([]).means == ()
    assert aligned([[result()]]).names == ()
    found = aligned([[result(benchmark("sums", [[1]]))], [result(benchmark("gcd", [[1]]))]])
    assert (found.names, found.dropped, found.decoding.shape) == ((), ("sums", "gcd"), (2, 0))
    assert [np.isnan(each).tolist() for each in found.seed_means] == [[True], [True]]
