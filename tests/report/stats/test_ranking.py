"""Ranks, ties and the winner: what they say, and that they cannot contradict each other."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pytest

from ot_grid.report.stats.paired import FEWEST_DIFFERING, unsigned
from ot_grid.report.stats.ranking import letter, rank, widest
from ot_grid.report.stats.resampling import add_noise, deviations
from ot_grid.report.stats.suite import Suite


@pytest.fixture(autouse=True)
def loud():
    """A warning is a failure."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def suite(rows=8, sizes=(30, 50), seed=0):
    random = np.random.default_rng(seed)
    means = tuple(random.integers(0, 11, (rows, asked)) / 10 for asked in sizes)
    return Suite(tuple(map(str, sizes)), means)


@pytest.mark.parametrize("seed", range(40))
def test_letters_ranks_winner_and_contenders_agree(seed):
    """Of any table: rows whose rank intervals are apart share no letter, and one contender alone is the winner."""
    random = np.random.default_rng(seed)
    rows, step = int(random.integers(2, 30)), [0.0, 0.02, 0.2, 1.0][seed % 4]
    overall = np.round(random.normal(0.5, 0.1, rows) + step * np.arange(rows), int(random.integers(1, 6)))
    drawn = random.normal(0, 0.05, (200, rows)).astype(np.float32)
    if seed % 5 == 0:
        drawn[:, random.integers(rows)] = np.nan
    found = rank(overall, drawn)
    assert (found.low <= found.rank).all()
    assert (found.rank <= found.high).all()
    assert (found.winner is not None) == (found.contenders.sum() == 1)
    if found.winner is not None:
        assert (found.low[found.winner], found.high[found.winner], found.rank[found.winner]) == (1, 1, 1)
    for one in range(rows):
        for other in range(rows):
            near = not abs(overall[one] - overall[other]) > found.yardstick + 1e-9
            near |= bool(np.isnan(drawn[0, [one, other]]).any())
            assert (letters(found.groups[one]) & letters(found.groups[other]) != set()) == near
        higher = sum(letters(each) & letters(found.groups[one]) == set() for each in found.groups)
        assert higher == found.low[one] - 1 + rows - found.high[one]


def letters(group: str) -> set[int]:
    """The numbers of the groups that a row's letters, or a span of them, name."""
    number = {letter(at): at for at in range(100)}
    first, dash, last = group.partition("-")
    return set(range(number[first], number[last] + 1)) if dash else {number[e] for e in re.findall(r"[a-z]\d*", group)}


def test_ranks_do_not_depend_on_the_order_of_rows():
    made, order = suite(8), np.array([3, 1, 7, 0, 2, 6, 5, 4])
    one = rank(made.overall, deviations(made, draws=500))
    turned = Suite(made.names, tuple(each[order] for each in made.means))
    other = rank(turned.overall, deviations(turned, draws=500))
    assert (one.rank[order] == other.rank).all()
    assert (one.low[order] == other.low).all()
    assert [one.groups[at] for at in order] == list(other.groups)
    assert np.allclose(one.best[order], other.best, atol=1e-3)
    assert np.allclose(one.corrected[order], other.corrected, atol=1e-5)


def test_a_clear_ladder_has_no_ties_and_a_winner():
    means = np.array([[0.9], [0.5], [0.1]]) + np.linspace(-0.05, 0.05, 100)
    found = rank(means.mean(axis=1), deviations(Suite(("a",), (means,)), draws=500))
    assert found.rank.tolist() == found.low.tolist() == found.high.tolist() == [1, 2, 3]
    assert found.groups == ("a", "b", "c")
    assert (found.winner, found.contenders.tolist()) == (0, [True, False, False])
    assert found.best.tolist() == [1, 0, 0]


def test_equal_rows_share_everything():
    made = Suite(("a",), (np.tile(np.linspace(0, 1, 20), (4, 1)),))
    found = rank(made.overall, deviations(made, draws=200))
    assert found.rank.tolist() == [1] * 4
    assert set(found.groups) == {"a"}
    assert np.allclose(found.best, 0.25)
    assert found.winner is None


def test_one_row_wins_nothing():
    made = suite(1)
    found = rank(made.overall, deviations(made, draws=100))
    assert found.winner is None
    assert np.isnan(found.yardstick)
    assert (found.rank[0], found.low[0], found.high[0], found.groups) == (1, 1, 1, ("a",))


def test_letters_go_on_after_z():
    assert [letter(at) for at in (0, 25, 26, 52)] == ["a", "z", "a2", "a3"]


def test_rows_that_differ_on_five_questions_are_a_tie_whatever_the_draws_say():
    """Six are enough for one pair; and where nothing differs so little, the yardstick stays."""
    ladder = np.array([[1.0] * FEWEST_DIFFERING, [0.0] * FEWEST_DIFFERING])
    drawn = np.zeros((100, 2), np.float32)
    made = Suite(("a",), (ladder,))
    assert rank(made.overall, drawn, unsigned(made, widest(drawn))).winner == 0
    made = Suite(("a",), (ladder[:, 1:],))
    found = rank(made.overall, drawn, unsigned(made, widest(drawn)))
    assert (found.winner, found.yardstick, found.groups) == (None, 1.0, ("a", "a"))
    assert unsigned(made, 2.0) == 2.0


def test_a_gap_on_few_questions_counts_for_pairs_beside_the_best():
    """Rows 1 and 2 differ on one question of a heavy benchmark, so no gap as small tells any two apart."""
    first = np.array([[1.0, 1.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
    many = np.repeat([[1.0], [0.0], [0.0]], 20, axis=1)
    made = Suite(("heavy", "light"), (first, many))
    assert unsigned(made, 0.01) == pytest.approx(1 / 6)


def test_a_row_of_unknown_error_may_have_any_rank():
    """It is in every tie group, so nobody is named; the others are told apart all the same."""
    overall = np.array([0.9, 0.5, 0.7, 0.1])
    drawn = np.zeros((100, 4), np.float32)
    add_noise(drawn, np.array([1e-4, 1e-4, np.nan, 1e-4]), seed=0)
    found = rank(overall, drawn)
    assert found.rank.tolist() == [1, 3, 2, 4]
    assert (found.low.tolist(), found.high.tolist()) == ([1, 2, 1, 3], [2, 3, 4, 4])
    assert found.groups == ("a", "b", "abc", "c")
    assert found.winner is None
    assert np.isnan(found.best).tolist() == np.isnan(found.corrected).tolist() == [False, False, True, False]
    nobody = rank(overall, np.full((100, 4), np.nan, np.float32))
    assert (set(nobody.groups), nobody.high.tolist(), nobody.winner) == ({"a"}, [4] * 4, None)


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("noise", [0.001, 0.03, 0.3])
def test_corrected_means_keep_the_order_and_stay_between_the_mean_and_the_average(seed, noise):
    """Also where chance moves rows by far more than they differ."""
    random = np.random.default_rng(seed)
    overall = random.uniform(0.3, 0.5, int(random.integers(2, 12)))
    drawn = random.normal(0, noise, (500, len(overall))).astype(np.float32)
    corrected = rank(overall, drawn).corrected
    assert (np.diff(corrected[np.argsort(-overall)]) <= 1e-12).all()
    inner, outer = np.minimum(overall, overall.mean()), np.maximum(overall, overall.mean())
    assert ((corrected >= inner - 1e-12) & (corrected <= outer + 1e-12)).all()
