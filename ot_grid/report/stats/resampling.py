"""What other questions would have given: the stratified bootstrap.

One idea: benchmarks are strata, the question is the unit, and one draw's counts serve all rows, so that pairing is
kept and a draw is a row of one matrix product. A question keeps its repeats: their noise is in its mean already, and
to resample them again inside of it would count it twice. It must not rank.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ot_grid.errors import BadInput
from ot_grid.report.stats.student import FloatArray, normal_quantile, t_quantile
from ot_grid.report.stats.suite import Suite

Float32Array = npt.NDArray[np.float32]
CHUNK = 2_000_000  # counts in memory at a time: 40 MB with what makes them


def deviations(suite: Suite, *, draws: int = 10_000, seed: int = 0) -> Float32Array:
    """Return draws x rows: how far from itself each row's overall mean falls with other questions.

    Inflated for small benchmarks by sqrt(n / (n - 1)) and the ratio of t to normal quantiles. Each benchmark also has
    one question that all rows get right and one that all get wrong (Agresti & Min 2005), so that two rows which
    differ everywhere are not certain to differ; they take nothing from pairing.
    """
    if draws < 1:
        raise BadInput(f"{draws} draws; take at least 1, and 10,000 for a table")
    random = np.random.default_rng(seed)
    found = np.zeros((draws, suite.rows), dtype=np.float32)
    for means, weight in zip(suite.means, suite.weights, strict=True):
        if weight > 0:
            _add(found, weight * _spread(means), random)
    return found


def add_noise(draws: Float32Array, variance: FloatArray, *, seed: int, degrees: float = np.inf) -> None:
    """Add independent normal noise of each row; its size, one for all, is as uncertain as so many degrees leave it."""
    random, deviation = np.random.default_rng(seed), np.sqrt(variance).astype(np.float32)
    if not deviation.any():
        return
    size = np.sqrt(degrees / random.chisquare(degrees, len(draws))) if np.isfinite(degrees) else np.ones(len(draws))
    step = max(1, CHUNK // draws.shape[1])
    for start in range(0, len(draws), step):
        part = draws[start : start + step]
        noise = random.standard_normal(part.shape, dtype=np.float32)
        part += noise * deviation * size[start : start + step, None].astype(np.float32)


def _spread(means: FloatArray) -> FloatArray:
    """Return rows x (questions and the two made ones): what each adds to the deviation each time it is drawn."""
    asked = means.shape[1]
    made = np.broadcast_to([0.0, 1.0], (len(means), 2))
    all_questions = np.hstack([means, made])
    counted = max(asked, 2)
    wider = float(t_quantile(counted - 1)) / normal_quantile() * np.sqrt(counted / (counted - 1))
    return np.asarray((all_questions - all_questions.mean(axis=1, keepdims=True)) * (wider / asked))


def _add(found: Float32Array, spread: FloatArray, random: np.random.Generator) -> None:
    """Add a benchmark's deviations: counts of what was drawn, times what each adds."""
    size = spread.shape[1]
    by_question = np.ascontiguousarray(spread.T, dtype=np.float32)
    step = max(1, CHUNK // size)
    for start in range(0, len(found), step):
        part = found[start : start + step]
        drawn = random.integers(0, size, (len(part), size))
        drawn += np.arange(0, len(part) * size, size)[:, None]
        counts = np.bincount(drawn.ravel(), minlength=len(part) * size).reshape(len(part), size)
        part += counts.astype(np.float32) @ by_question
