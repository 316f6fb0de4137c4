"""Do the statistics of the ranked table keep what they say? Simulated grids whose truth is known.

    python analysis/simulations.py [GRIDS]     (default: 1000 grids, 20,000 intervals; half an hour)

A question's chance is Beta with variance 0.6 m (1 - m) (0.15 at m = 1/2, so 0.10 within a question), shared by recipes
through a normal copula such that the true differences of two recipes vary by tau^2 = 0.03 between questions.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import betaincinv, ndtr

from ot_grid.report.stats.adjust import holm
from ot_grid.report.stats.intervals import overall_interval, score_interval
from ot_grid.report.stats.paired import contributions, differences, judged, training_noise, unsigned, widened
from ot_grid.report.stats.permutation import sign_flip
from ot_grid.report.stats.power import detectable
from ot_grid.report.stats.ranking import rank, widest
from ot_grid.report.stats.resampling import add_noise, deviations
from ot_grid.report.stats.seeds import Floor, floor
from ot_grid.report.stats.student import FloatArray
from ot_grid.report.stats.suite import Suite

Shape = tuple[int, int]  # questions, repeats
EIGHT: tuple[Shape, ...] = ((30, 10), (40, 10), (500, 1), (511, 6), (391, 3), (453, 3), (198, 3), (515, 3))
MIDDLES = (0.25, 0.55, 0.75, 0.35, 0.15, 0.2, 0.4, 0.5)
SHARED = 0.933  # of the normal copula: correlation 0.9 of the chances, so tau^2 = 2 * 0.15 * 0.1
GRID = np.linspace(-6, 6, 1001)


def chances(normal: FloatArray, middle: float) -> FloatArray:
    """Return chances with that mean, of normal draws."""
    return np.interp(normal, GRID, _quantiles(middle))


@lru_cache(maxsize=64)
def _quantiles(middle: float) -> FloatArray:
    whole = 1 / 0.6 - 1
    return betaincinv(middle * whole, (1 - middle) * whole, ndtr(GRID))


def normals(random: np.random.Generator, rows: int, asked: int) -> FloatArray:
    """Return rows x questions that share most of what makes a question hard."""
    own = random.standard_normal((rows, asked))
    return np.sqrt(SHARED) * random.standard_normal(asked) + np.sqrt(1 - SHARED) * own


def answered(random: np.random.Generator, share: FloatArray, repeats: int) -> FloatArray:
    """Return question means over so many repeats."""
    return random.binomial(repeats, share) / repeats


def many(random: np.random.Generator, shape: Shape, middle: float, times: int) -> tuple[FloatArray, FloatArray]:
    """Return two recipes in `times` experiments of their own questions: experiments x questions each."""
    hard = np.sqrt(SHARED) * random.standard_normal((times, shape[0]))
    own = (np.sqrt(1 - SHARED) * random.standard_normal(hard.shape) for _ in range(2))
    one, other = (answered(random, chances(hard + each, middle), shape[1]) for each in own)
    return one, other


def coverage(shapes: Sequence[Shape], middles: Sequence[float], *, times: int, seed: int = 0) -> tuple[float, float]:
    """Return how often the intervals of the mean, and of a paired difference, cover the truth."""
    random = np.random.default_rng(seed)
    both = [many(random, shape, middle, times) for shape, middle in zip(shapes, middles, strict=True)]
    names = tuple(map(str, range(len(shapes))))
    suite = Suite(names, tuple(one for one, _ in both))
    alone = score_interval(suite.means[0], binary=shapes[0][1] == 1) if len(shapes) == 1 else overall_interval(suite)
    found = judged([one - other for one, other in both], suite.weights, np.zeros(times))
    truth = np.mean(middles)
    covers = (found.low <= 0) & (found.high >= 0) | np.isnan(found.low)
    return float(((alone[0] <= truth) & (alone[1] >= truth)).mean()), float(covers.mean())


def twice_resampled(shape: Shape, *, times: int, draws: int = 2000, seed: int = 0) -> tuple[float, float]:
    """Return the coverage of percentile intervals: questions resampled, and repeats again inside of them."""
    random = np.random.default_rng(seed)
    hits = np.zeros(2)
    for _ in range(times):
        means = many(random, shape, 0.5, 1)[0][0]
        at = random.integers(0, shape[0], (draws, shape[0]))
        again = random.binomial(shape[1], means[at]) / shape[1]
        for which, drawn in enumerate((means[at], again)):
            low, high = np.quantile(drawn.mean(axis=1), [0.025, 0.975])
            hits[which] += low <= 0.5 <= high
    return float(hits[0] / times), float(hits[1] / times)


@dataclass(frozen=True, eq=False)
class Grid:
    """A simulated experiment: rows with their true overall means."""

    suite: Suite
    truth: FloatArray


def grid(
    random: np.random.Generator, shapes: Sequence[Shape], gains: FloatArray, moved: FloatArray | None = None
) -> Grid:
    """Return rows whose true means differ by `gains` on every benchmark; `moved` is what training seeds add."""
    middles = MIDDLES if len(shapes) == len(MIDDLES) else [0.5] * len(shapes)
    shift = gains if moved is None else gains + moved
    means = []
    for (asked, repeats), middle in zip(shapes, middles, strict=True):
        drawn = normals(random, len(gains), asked)
        share = np.empty_like(drawn)
        for level in np.unique(shift):
            share[shift == level] = chances(drawn[shift == level], float(np.clip(middle + level, 0.005, 0.995)))
        means.append(answered(random, share, repeats))
    return Grid(Suite(tuple(map(str, range(len(shapes)))), tuple(means)), np.mean(middles) + gains)


@dataclass
class Tally:
    """How often, over grids."""

    winner: float = 0  # any row was named
    right: float = 0  # the truly best row was named
    resolved: float = 0  # any row after Holm, by permutation
    ranks: float = 0  # all rank intervals cover
    contends: float = 0  # the truly best row is a contender
    optimism: FloatArray = None  # type: ignore[assignment]  # of the row that came out best: mean, corrected (points)
    error: FloatArray = None  # type: ignore[assignment]  # root mean square over rows: mean, corrected (points)


def tally(
    shapes: Sequence[Shape], gains: Sequence[float], *, grids: int, training: float = 0.0, draws: int = 2000
) -> Tally:
    """Simulate grids with these true gains (the first row is the reference) and count what the statistics say."""
    random, gains = np.random.default_rng(1), np.asarray(gains)
    counts, optimism, error = np.zeros(5), np.zeros(2), np.zeros(2)
    for number in range(grids):
        moved, known = _trained(random, len(gains), training)
        made = grid(random, shapes, gains, moved)
        suite, seeds = made.suite, np.where(np.arange(len(gains)) == 0, 3, 1)
        drawn = deviations(suite, draws=draws, seed=number)
        if known:
            add_noise(drawn, known.of(seeds), seed=number, degrees=known.degrees)
        ranked = rank(suite.overall, drawn, unsigned(suite, widest(drawn)))
        p = sign_flip(contributions(suite, 0), training_noise(suite, 0, known, seeds) * widened(known))[1:]
        best = int(np.argmax(made.truth))
        better = (made.truth[None, :] > made.truth[:, None] + 1e-12).sum(axis=1)
        worse = (made.truth[None, :] < made.truth[:, None] - 1e-12).sum(axis=1)
        covered = (ranked.low <= len(gains) - worse) & (ranked.high >= 1 + better)
        counts += [ranked.winner is not None, ranked.winner == best, (holm(p) < 0.05).any(), covered.all(),
                   ranked.contenders[best]]  # fmt: skip
        for which, each in enumerate((suite.overall, ranked.corrected)):
            top = int(np.argmax(suite.overall))
            optimism[which] += 100 * (each[top] - made.truth[top]) / grids
            error[which] += 100**2 * np.mean((each - made.truth - (each - made.truth).mean()) ** 2) / grids
    return Tally(*(counts / grids), optimism, np.sqrt(error))


def _trained(random: np.random.Generator, rows: int, training: float) -> tuple[FloatArray | None, Floor | None]:
    if not training:
        return None, None
    seeds = random.normal(0, training, 3)
    moved = random.normal(0, training, rows)
    moved[0] = seeds.mean()
    return moved, floor([seeds], [0.0])


def stated(shapes: Sequence[Shape], rows: int) -> float:
    """Return the smallest detectable difference that a grid of so many equal rows states for its family."""
    suite = grid(np.random.default_rng(5), shapes, np.zeros(rows)).suite
    found = differences(suite, 0, None, np.ones(rows))
    return float(np.median(detectable(found.se[1:], found.degrees[1:], rows - 1)))


def main(grids: int) -> None:
    """Print all figures."""
    print("coverage of nominal 95 % intervals: mean, paired difference")
    cases = {"30 x 10": [(30, 10)], "500 x 1": [(500, 1)], "suite of 8": EIGHT}
    for name, shapes in cases.items():
        middles = MIDDLES if len(shapes) == 8 else [0.5]
        print(f"  {name:28} %.3f %.3f" % coverage(shapes, middles, times=20 * grids))
    for middle in (0.02, 0.1, 0.95):
        for shape in ((30, 10), (500, 1), (30, 1)):
            found = coverage([shape], [middle], times=20 * grids)
            print(f"  {shape[0]} x {shape[1]} at {middle:<18} %.3f %.3f" % found)
    print(
        "30 x 3, percentile bootstrap: questions {:.3f}, repeats again {:.3f}".format(
            *twice_resampled((30, 3), times=grids)
        )
    )
    print("grids: named, right, resolved, ranks cover, best contends | optimism and error: mean, corrected")
    with ProcessPoolExecutor(2) as workers:
        found = {case: workers.submit(tally, *case[1:3], grids=grids, training=case[3]) for case in _cases()}
        for (name, *_), work in found.items():
            t = work.result()
            print(f"  {name:45} {t.winner:.3f} {t.right:.3f} {t.resolved:.3f} {t.ranks:.3f} {t.contends:.3f} | "
                  f"{t.optimism.round(2)} {t.error.round(2)}", flush=True)  # fmt: skip


def _cases() -> list[tuple[str, tuple[Shape, ...], tuple[float, ...], float]]:
    equal, few, aime = (0.0,) * 27, ((30, 3), (40, 1)), ((30, 10),)
    cases = [
        ("27 equal, suite of 8", EIGHT, equal, 0.0),
        ("27 equal, 30 x 3 and 40 x 1", few, equal, 0.0),
        ("27 equal, suite of 8, seeds of 0.6 points", EIGHT, equal, 0.006),
        ("2 equal, 30 x 10", aime, equal[:2], 0.0),
        ("3 equal, 30 x 10", aime, equal[:3], 0.0),
    ]
    for name, shapes, rows in (("suite of 8", EIGHT, 27), ("suite of 8", EIGHT, 3), ("500 x 1", ((500, 1),), 9)):
        gap = 2 * stated(shapes, rows)
        cases.append((f"1 of {rows} ahead by {100 * gap:.1f}, {name}", shapes, (*equal[: rows - 1], gap), 0.0))
    spread = tuple(np.linspace(0, 0.06, 27))
    return [
        *cases,
        ("27 from 0 to 6 points, suite of 8", EIGHT, spread, 0.0),
        ("the same, seeds of 0.6 points", EIGHT, spread, 0.006),
    ]


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
