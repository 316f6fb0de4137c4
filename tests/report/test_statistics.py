"""Scores and standard errors, against numbers computed by hand and numbers in print."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest

from ot_grid.report import statistics as st
from ot_grid.report.stats.student import t_quantile

NAN = math.nan
BY_HAND = np.array([[1, 1, 1, 1], [1, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]], dtype=float)  # means 1, 1/2, 1/4, 0


def test_score_is_the_mean_over_questions_of_the_mean_over_repeats():
    """A question with fewer repeats weighs as much as any other."""
    assert st.score(BY_HAND) == pytest.approx(0.4375)
    assert st.score(np.array([[1, 1, 1], [0, NAN, NAN]])) == pytest.approx(0.5)
    assert math.isnan(st.score(np.empty((0, 0))))


def test_a_question_without_any_repeat_is_left_out():
    """It neither counts as wrong nor spoils the mean."""
    assert st.score(np.array([[1.0, 1.0], [NAN, NAN]])) == 1.0


def test_se_over_questions_is_sd_over_root_n():
    """By hand: variance of (1, 1/2, 1/4, 0) is 0.546875 / 3, so se = sqrt(0.182292 / 4) = 0.21348."""
    assert st.se_questions(BY_HAND) == pytest.approx(0.213478, abs=1e-6)
    assert math.isnan(st.se_questions(BY_HAND[:1]))


def test_se_of_decoding_keeps_the_questions_fixed():
    """By hand: within-question variances 0, 1/3, 1/4, 0 over 4 repeats; se = sqrt(mean / 4) / sqrt(4) = 0.0954703."""
    by_hand = math.sqrt((0 + 1 / 3 + 1 / 4 + 0) / 4 / 4 / 4)
    assert st.se_decoding(BY_HAND) == pytest.approx(by_hand)
    assert st.se_decoding(BY_HAND) < st.se_questions(BY_HAND)


def test_se_of_decoding_expects_what_the_published_rule_expects():
    """Over many simulated benchmarks the variance agrees with (sd over repeats of the accuracy)^2 / repeats to 5 %."""
    random = np.random.default_rng(7)
    chances = random.beta(0.6, 0.6, size=30)
    runs = (random.random((2000, 30, 10)) < chances[:, None]).astype(float)
    published = (runs.mean(axis=1).var(axis=1, ddof=1) / 10).mean()
    assert np.mean([st.se_decoding(run) ** 2 for run in runs]) == pytest.approx(published, rel=0.05)


def test_a_single_repeat_takes_the_binomial_rule():
    """MATH500 at 79.8 % has sqrt(p (1 - p) / 500) = 1.80 points."""
    once = np.zeros((500, 1))
    once[:399] = 1
    assert 100 * st.se_decoding(once) == pytest.approx(1.80, abs=0.005)


def test_the_published_math_average_error_is_reproduced():
    """AIME24 1.07, AMC23 1.13 and the binomial MATH500 at p = 0.798 combine to 0.79, printed as 0.8 in the paper."""
    once = np.zeros((500, 1))
    once[:399] = 1
    assert math.hypot(1.07, 1.13, 100 * st.se_decoding(once)) / 3 == pytest.approx(0.79, abs=0.005)


def test_the_published_averages_are_plain_means(shared_data: Path):
    """The mean of the eight benchmark columns is avg8 in every published row, to a tenth of a point."""
    names = ["AIME24", "AMC23", "MATH500", "JEEBench", "GPQAD", "LCB", "CodeElo", "CodeForces"]
    with (shared_data / "openthoughts_eval_rows.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 80
    for row in rows:
        assert st.overall([float(row[name]) for name in names]) == pytest.approx(float(row["avg8"]), abs=0.1)


@pytest.mark.parametrize(
    ("degrees", "table"),
    [
        (1, 12.7062),
        (2, 4.3027),
        (3, 3.1824),
        (4, 2.7764),
        (5, 2.5706),
        (6, 2.4469),
        (9, 2.2622),
        (29, 2.0452),
        (499, 1.9647),
    ],
)
def test_t_quantiles_agree_with_the_printed_table(degrees, table):
    """Two-sided, at 95 %."""
    assert float(t_quantile(degrees)) == pytest.approx(table, abs=1e-4)


def test_t_needs_a_degree_of_freedom():
    """One question gives no interval."""
    assert math.isnan(t_quantile(0))


def test_wilson_agrees_with_a_known_interval_and_stays_in_bounds():
    """8 of 10 is [0.490, 0.943]; none and all right still have an interval of some width."""
    assert st.wilson(8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert st.wilson(0, 10) == pytest.approx((0.0, 0.2775), abs=1e-4)
    assert st.wilson(10, 10) == pytest.approx((0.7225, 1.0), abs=1e-4)
    assert all(map(math.isnan, st.wilson(0, 0)))


def test_an_interval_never_claims_certainty():
    """All wrong in every repeat falls back to Wilson over the questions."""
    low, high = st.interval(np.zeros((10, 4)))
    assert (low, high) == pytest.approx((0.0, 0.2775), abs=1e-4)


def test_an_interval_over_questions_is_student_t_within_bounds():
    """Mean ± t x se, and never outside 0 to 1."""
    assert st.interval(BY_HAND) == (0.0, 1.0)  # 0.4375 ± 3.18 x 0.2135
    matrix = np.tile(BY_HAND, (5, 1))
    low, high = st.interval(matrix)
    assert (low + high) / 2 == pytest.approx(0.4375)
    assert (high - low) / 2 == pytest.approx(2.0930 * st.se_questions(matrix), abs=1e-4)


@pytest.mark.parametrize("repeats", [1, 4])
def test_intervals_and_errors_stay_honest_with_partial_credit(repeats):
    """Of 400 simulated benchmarks of 40 questions with credit in tenths, at least 94 % of the intervals hold the truth.

    With one repeat the binomial error is an upper bound: scores between 0 and 1 vary less than their mean allows.
    """
    random = np.random.default_rng(11)
    runs = []
    for _ in range(400):
        chances = random.beta(2, 2, size=(40, 1))
        runs.append(random.binomial(10, np.repeat(chances, repeats, axis=1)) / 10)
    intervals = [st.interval(run) for run in runs]
    assert np.mean([low <= 0.5 <= high for low, high in intervals]) >= 0.94
    if repeats == 1:
        spread = np.std([st.score(run) for run in runs])
        assert np.mean([st.se_decoding(run) for run in runs]) > spread


def test_a_binomial_tail_by_hand():
    """Three or more heads of four: 5 / 16; none or more is certain."""
    assert st.binomial_tail(3, 4, 0.5) == pytest.approx(5 / 16)
    assert (st.binomial_tail(0, 4, 0.1), st.binomial_tail(1, 4, 0.0), st.binomial_tail(4, 4, 1.0)) == (1, 0, 1)
    assert st.binomial_tail(400, 500, 0.01) < 1e-300
