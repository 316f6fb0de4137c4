"""The statistics of the report beside those of scipy, statsmodels and evalstats, on the same made data.

    pip install statsmodels evalstats; python -m analysis.peers

One line a quantity: ours, theirs, and by how much they differ at most. Where two methods are not the same (an interval
by t, one by another construction) the line says which they are.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
from scipy import stats

from ot_grid.report.stats.adjust import benjamini_hochberg, holm
from ot_grid.report.stats.intervals import wilson
from ot_grid.report.stats.paired import contributions, differences
from ot_grid.report.stats.permutation import mcnemar, sign_flip
from ot_grid.report.stats.suite import Suite

Line = tuple[str, str, float, str]
QUESTIONS, REPEATS = 200, 5


def main() -> None:
    """Print all lines; fail where what must be equal is not."""
    warnings.simplefilter("ignore")
    for name, peer, apart, allowed in [*_adjusted(), *_binary(), *_paired(), *_by_evalstats()]:
        print(f"{name:<52} {peer:<34} differs by at most {apart:.2g}{allowed}")


def _adjusted() -> Iterator[Line]:
    from statsmodels.stats.multitest import multipletests

    p = np.random.default_rng(1).uniform(0, 0.2, 26)
    for name, ours, method in (("Holm", holm, "holm"), ("Benjamini-Hochberg", benjamini_hochberg, "fdr_bh")):
        yield (
            f"{name}, 26 p-values",
            "statsmodels multipletests",
            _apart(ours(p), multipletests(p, method=method)[1]),
            "",
        )


def _binary() -> Iterator[Line]:
    from statsmodels.stats.contingency_tables import mcnemar as theirs
    from statsmodels.stats.proportion import proportion_confint

    pairs = [(one, other) for one in range(0, 30, 3) for other in range(0, 30, 4) if one + other]
    ours = np.array([float(mcnemar(*pair)) for pair in pairs])
    exact = np.array([theirs([[50, one], [other, 50]], exact=True).pvalue for one, other in pairs])
    yield f"McNemar's exact p, {len(pairs)} tables", "statsmodels mcnemar", _apart(ours, exact), ""
    right = np.arange(0, 101, 5)
    low, high = wilson(right / 100, 100, stats.norm.ppf(0.975))
    yield (
        "Wilson's interval of a share, 21 shares",
        "statsmodels proportion_confint",
        _apart(np.array([low, high]), np.array(proportion_confint(right, 100, method="wilson"))),
        "",
    )


def made(seed: int) -> np.ndarray:
    """Two students, questions x repeats: questions differ in difficulty, the second is a little better."""
    random = np.random.default_rng(seed)
    hard = random.normal(0, 1.5, QUESTIONS)
    chance = 1 / (1 + np.exp(-(hard[None] + np.array([[0.0], [0.35]]))))
    return (random.random((2, QUESTIONS, REPEATS)) < chance[..., None]).astype(float)


def _suite(scores: np.ndarray) -> Suite:
    return Suite(("made",), (scores.mean(axis=2),))


def _paired() -> Iterator[Line]:
    intervals, permuted = [], []
    for seed in range(20):
        scores = made(seed)
        suite = _suite(scores)
        found = differences(suite, 0, None, np.ones(2))
        by_t = stats.ttest_rel(*scores.mean(axis=2)[::-1]).confidence_interval(0.95)
        intervals.append(_apart(np.array([found.low[1], found.high[1]]), np.array([by_t.low, by_t.high])))
        draws = stats.permutation_test(
            tuple(scores.mean(axis=2)[::-1]), lambda one, other: (one - other).mean(), permutation_type="samples",
            n_resamples=20_000, rng=np.random.default_rng(seed),
        )  # fmt: skip
        permuted.append(abs(float(sign_flip(contributions(suite, 0))[1]) - draws.pvalue))
    yield "interval of a paired difference, 20 pairs", "scipy ttest_rel", max(intervals), ""
    yield "p by permutation, 20 pairs", "scipy permutation_test, 20,000", max(permuted), " (draws: about 0.007)"


def _by_evalstats() -> Iterator[Line]:
    from evalstats import pairwise_differences

    ends, means = [], []
    for seed in range(20):
        scores = made(seed)
        found = differences(_suite(scores), 0, None, np.ones(2))
        theirs = pairwise_differences(scores, 1, 0, method="t_interval")
        means.append(abs(float(found.mean[1]) - theirs.point_diff))
        ends.append(_apart(np.array([found.low[1], found.high[1]]), np.array([theirs.ci_low, theirs.ci_high])))
    yield "paired difference over repeats, 20 pairs", "evalstats pairwise_differences", max(means), ""
    yield "its 95 % interval, 20 pairs", "evalstats t_interval", max(ends), ""


def _apart(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.max(np.abs(np.asarray(one) - np.asarray(other))))


if __name__ == "__main__":
    main()
