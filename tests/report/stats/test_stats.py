"""The statistics of the table against scipy, by their properties, and by small simulations with known truth."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from scipy import stats as scipy_stats

from ot_grid.errors import BadInput
from ot_grid.report.stats.adjust import benjamini_hochberg, holm
from ot_grid.report.stats.effects import interactions, main_effects
from ot_grid.report.stats.intervals import overall_interval, score_interval, wilson
from ot_grid.report.stats.paired import contributions, differences, unsigned
from ot_grid.report.stats.permutation import mcnemar, sign_flip
from ot_grid.report.stats.power import detectable
from ot_grid.report.stats.ranking import rank, widest
from ot_grid.report.stats.resampling import deviations
from ot_grid.report.stats.seeds import floor
from ot_grid.report.stats.suite import Suite


@pytest.fixture(autouse=True)
def loud():
    """A warning is a failure."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def suite(rows=6, sizes=(30, 50), seed=0):
    random = np.random.default_rng(seed)
    return Suite(tuple(map(str, sizes)), tuple(random.binomial(4, random.random((rows, n))) / 4 for n in sizes))


def test_a_binary_single_run_is_plain_wilson():
    right = np.array([[1.0] * 8 + [0.0] * 2, [1.0] * 10])
    low, high = score_interval(right, binary=True)
    for row, count in enumerate((8, 10)):
        told = scipy_stats.binomtest(count, 10).proportion_ci(method="wilson")
        assert (low[row], high[row]) == pytest.approx((told.low, told.high), abs=1e-9)


def test_one_benchmark_alone_has_the_interval_of_the_benchmark():
    means = suite(sizes=(30,)).means[0]
    assert np.allclose(overall_interval(Suite(("a",), (means,))), score_interval(means))


def test_training_noise_widens():
    made = suite()
    low, high = overall_interval(made)
    wider = overall_interval(made, 0.01, 2)
    assert (wider[0] < low).all()
    assert (wider[1] > high).all()


def test_differences_of_one_benchmark_are_the_paired_t_test():
    made = suite(sizes=(40,))
    found = differences(made, 0, None, np.ones(6))
    for row in range(1, 6):
        told = scipy_stats.ttest_rel(made.means[0][row], made.means[0][0]).confidence_interval()
        assert (found.low[row], found.high[row]) == pytest.approx((told.low, told.high), abs=1e-9)
    assert np.isnan(found.low[0])


def test_five_questions_that_differ_resolve_nothing():
    made = Suite(("a",), (np.array([[0.0] * 30, [1.0] * 5 + [0.0] * 25, [1.0] * 6 + [0.0] * 24]),))
    assert differences(made, 0, None, np.ones(3)).resolved.tolist() == [False, False, True]


def test_few_flips_are_counted_as_scipy_counts_them():
    apart = np.random.default_rng(3).normal(0.4, 1, (5, 11))
    for row, p in zip(apart, sign_flip(apart), strict=True):
        told = scipy_stats.permutation_test((row,), np.sum, permutation_type="samples", n_resamples=np.inf)
        assert p == pytest.approx(told.pvalue, abs=1e-9)


@pytest.mark.parametrize(("asked", "gain"), [(15, 0.5), (16, 1.0), (18, 0.2), (18, 1.5)])
def test_the_saddlepoint_is_near_the_exact_p(asked, gain):
    """Within 10 % (or 0.01), also in the tail, where all of 2^n flips can still be counted."""
    apart = np.random.default_rng(asked).normal(gain, 1, (1, asked))
    signs = 1.0 - 2 * (np.arange(2**asked)[:, None] >> np.arange(asked) & 1)
    exact = (np.abs(signs @ apart[0]) >= abs(apart.sum()) - 1e-9).mean()
    assert sign_flip(apart)[0] == pytest.approx(exact, rel=0.1, abs=0.002)


def test_the_saddlepoint_of_a_grid_keeps_to_its_steps():
    """Multiples of 0.1 over 16 questions, against all flips."""
    apart = np.random.default_rng(2).integers(-3, 8, (1, 16)) / 10
    apart[0, 0] = 0.1
    signs = 1.0 - 2 * (np.arange(2**16)[:, None] >> np.arange(16) & 1)
    exact = (np.abs(signs @ apart[0]) >= abs(apart.sum()) - 1e-9).mean()
    assert sign_flip(apart)[0] == pytest.approx(exact, rel=0.05)


def test_mcnemar_is_the_binomial_test_and_the_flips():
    for won, lost in ((3, 9), (0, 6), (60, 30), (5, 5)):
        told = scipy_stats.binomtest(won, won + lost).pvalue
        assert float(mcnemar(won, lost)) == pytest.approx(told)
        assert sign_flip(np.array([[0.1] * won + [-0.1] * lost + [0.0] * 9]))[0] == pytest.approx(told)
    assert float(mcnemar(0, 0)) == 1


def test_tiny_p_and_no_difference_at_all():
    p = sign_flip(np.array([[0.0] * 200, [0.01] * 200, [0.01, 0.013] * 100]))
    assert p[0] == 1
    assert p[1:] == pytest.approx(2.0**-199, rel=1e-6)


def test_training_noise_makes_a_flip_less_sure():
    apart = np.random.default_rng(0).normal(0.3, 1, (2, 100)) / 100
    assert (sign_flip(apart, 0.001) > sign_flip(apart)).all()


def test_adjusting_passes_over_what_has_no_p():
    p = np.array([0.01, np.nan, 0.04, 0.03])
    assert np.allclose(holm(p), [0.03, np.nan, 0.06, 0.06], equal_nan=True)
    known = ~np.isnan(p)
    assert np.allclose(benjamini_hochberg(p)[known], scipy_stats.false_discovery_control(p[known]))
    assert holm(np.array([])).size == 0


def test_deviations_vary_as_the_standard_error_says():
    """Against scipy's bootstrap, and s^2 / n, of a difference of two rows."""
    made = suite(2, (200,))
    apart = np.diff(deviations(made, draws=20_000), axis=1)
    plain = np.diff(made.means[0], axis=0)
    told = scipy_stats.bootstrap((plain[0],), np.mean, n_resamples=5000, rng=np.random.default_rng(0))
    assert apart.std() == pytest.approx(told.standard_error, rel=0.04)


def test_deviations_keep_pairing_and_their_seed():
    made = suite(3)
    twin = Suite(made.names, tuple(np.vstack([each, each[:1]]) for each in made.means))
    found = deviations(twin, draws=50)
    assert np.allclose(found[:, 0], found[:, 3], atol=1e-6)
    assert np.array_equal(found, deviations(twin, draws=50))


def test_detectable_is_2_8_standard_errors_for_one_comparison():
    assert detectable(np.array([1.0]), np.inf, 1) == pytest.approx(2.8016, abs=1e-3)
    assert detectable(np.array([1.0]), 20, 26) > detectable(np.array([1.0]), np.inf, 26)


def test_the_floor_is_what_seeds_add_beyond_decoding():
    values = [np.array([0.3, 0.32, 0.34]), np.array([0.4, 0.44]), np.array([0.5])]
    found = floor(values, [0.0001, 0.0001, 0.0001])
    assert found.variance == pytest.approx((2 * 0.0004 + 0.0008) / 3 - 0.0001)
    assert (found.degrees, found.rows) == (3, 2)
    assert floor(values[2:], [0]) is None
    assert floor(values[:1], [1.0]).variance == 0


DESIGN = [{"filter": f, "teacher": t} for f in "xyz" for t in "uv"]


def test_a_complete_design_gives_marginal_means():
    made = suite(6)
    found = main_effects(made, DESIGN, "filter")
    marginal = made.overall.reshape(3, 2).mean(axis=1)
    assert np.allclose(found.mean, marginal)
    assert np.allclose(found.effect.mean, marginal - marginal.mean())
    assert found.best == int(marginal.argmax())
    pair = interactions(made, DESIGN)[0]
    table = made.overall.reshape(3, 2)
    left = table - table.mean(axis=1, keepdims=True) - table.mean(axis=0) + table.mean()
    assert np.allclose(pair.effect.mean, left.ravel())


def test_what_a_design_cannot_tell_apart_is_nan():
    made = suite(2)
    both = [{"filter": "x", "teacher": "u"}, {"filter": "y", "teacher": "v"}]
    assert np.isnan(main_effects(made, both, "filter").effect.mean).all()
    missing = main_effects(suite(5), DESIGN[:5], "filter")
    assert not np.isnan(missing.mean).any()
    assert np.isnan(interactions(suite(5), DESIGN[:5])[0].effect.mean).all()


@pytest.mark.parametrize("rows", [1, 2, 6])
@pytest.mark.parametrize("sizes", [(1,), (5,), (1, 4)])
@pytest.mark.parametrize("value", [None, 0.0, 0.3, 1.0])
def test_small_and_flat_tables_give_numbers_or_nan(rows, sizes, value):
    """Nothing warns, and an interval holds its score."""
    made = suite(rows, sizes)
    if value is not None:
        made = Suite(made.names, tuple(np.full(each.shape, value) for each in made.means))
    low, high = overall_interval(made)
    assert ((low <= made.overall + 1e-9) & (high >= made.overall - 1e-9)).all()
    assert ((high - low) > 0).all()
    assert (sign_flip(contributions(made, 0)) <= 1).all()
    differences(made, 0, floor([np.array([0.1, 0.2])], [0.0]), np.ones(rows))
    drawn = deviations(made, draws=100)
    assert rank(made.overall, drawn, unsigned(made, widest(drawn))).winner is None
    main_effects(made, DESIGN[:rows], "filter")


@pytest.mark.parametrize(
    ("means", "weights", "said"),
    [
        ([np.full((2, 3), 2.0)], [], "outside"),
        ([np.full((2, 3), np.nan)], [], "missing"),
        ([np.zeros((2, 3))], [-1.0], "weights"),
        ([np.zeros((2, 0))], [], "shape"),
        ([np.zeros((2, 3)), np.zeros((2, 3))], [], "one of each"),
    ],
)
def test_bad_tables_are_refused(means, weights, said):
    with pytest.raises(BadInput, match=said):
        Suite(("a",), tuple(means), np.array(weights))


def test_what_does_not_fit_is_refused():
    with pytest.raises(BadInput, match="no benchmark"):
        suite().subset(["c"])
    with pytest.raises(BadInput, match="does not fit"):
        main_effects(suite(), DESIGN[:2], "filter")
    with pytest.raises(BadInput, match="do not fit"):
        rank(np.zeros(3), np.zeros((10, 2), np.float32))
    with pytest.raises(BadInput, match="draws"):
        deviations(suite(), draws=0)


def test_weights_are_those_of_benchmarks():
    made = suite()
    heavy = Suite(made.names, made.means, np.array([3.0, 1.0]))
    assert np.allclose(heavy.overall, made.scores @ [0.75, 0.25])
    assert np.allclose(made.subset(["50"]).overall, made.scores[:, 1])
    assert wilson(np.array([0.5]), 10, 1.96)[0] < 0.5
