"""Paired permutation p-values: had the two recipes been exchanged question by question, how often so far apart?

One idea: each question's difference keeps its size and flips its sign, independently. All flips are counted where few
questions differ; else the saddlepoint approximation of the same distribution (Barndorff-Nielsen's form of Lugannani &
Rice) replaces random flips: deterministic, and as good at p = 1e-30. It must not know what is compared.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.special import bdtr, ndtr

from ot_grid.report.stats.student import FloatArray

COUNTED = 14  # questions that differ up to which all flips are counted: 2^13 sums a row, by symmetry
TINY = 1e-12  # differences below are roundings
CHUNK = 2_000_000  # numbers in memory at a time
STEPS = 100  # of Newton; 10 are usual

Flags = npt.NDArray[np.bool_]


def sign_flip(contributions: FloatArray, noise_variance: FloatArray | float = 0.0) -> FloatArray:
    """Return the two-sided p of each row of differences (rows x questions, already weighted), that of |sum|.

    `noise_variance` is that of a normal error of the sum beside the questions', such as training noise.
    """
    differences = np.asarray(contributions, dtype=float)
    noise = np.broadcast_to(np.asarray(noise_variance, dtype=float), (len(differences),))
    p = np.ones(len(differences))
    step = max(1, CHUNK // max(differences.shape[1], 2 ** (COUNTED - 1)))
    for start in range(0, len(differences), step):
        part = slice(start, start + step)
        p[part] = _flipped(np.abs(differences[part]), np.abs(differences[part].sum(axis=1)), noise[part])
    return p


def mcnemar(one: npt.NDArray[np.int64] | int, other: npt.NDArray[np.int64] | int) -> FloatArray:
    """Return McNemar's exact two-sided p of so many questions won by one and by the other."""
    fewer, both = np.minimum(one, other), np.add(one, other)
    return np.asarray(np.where(both > 0, np.minimum(1, 2 * bdtr(fewer, np.maximum(both, 1), 0.5)), 1.0))


def _flipped(sizes: FloatArray, apart: FloatArray, noise: FloatArray) -> FloatArray:
    sizes = np.where(sizes > TINY, sizes, 0.0)
    differing = np.count_nonzero(sizes, axis=1)
    alike = _alike(sizes, differing) & (noise == 0)
    few = ~alike & (differing <= COUNTED)
    many = ~alike & ~few
    p = np.ones(len(sizes))
    p[alike] = _binomial(sizes[alike], apart[alike], differing[alike])
    p[few] = _counted(sizes[few], apart[few], noise[few])
    p[many] = _saddlepoint(sizes[many], apart[many], noise[many])
    return np.clip(p, 0, 1)


def _alike(sizes: FloatArray, differing: npt.NDArray[np.int64]) -> Flags:
    largest = sizes.max(axis=1, initial=0)
    smallest = np.where(sizes > 0, sizes, np.inf).min(axis=1, initial=np.inf)
    return np.asarray((differing > 0) & (largest - smallest <= 1e-9 * largest))


def _binomial(sizes: FloatArray, apart: FloatArray, differing: npt.NDArray[np.int64]) -> FloatArray:
    lead = np.rint(apart / sizes.max(axis=1, initial=0)).astype(int)
    return mcnemar((differing - lead) // 2, (differing + lead) // 2)


def _counted(sizes: FloatArray, apart: FloatArray, noise: FloatArray) -> FloatArray:
    """Return p by all flips of the questions that differ, the first one's sign held, as the rest is its mirror."""
    kept = -np.sort(-sizes, axis=1)[:, :COUNTED]
    bits = np.arange(2 ** max(kept.shape[1] - 1, 0))[:, None] >> np.arange(max(kept.shape[1] - 1, 0))
    signs = np.column_stack([np.ones(len(bits)), 1.0 - 2 * (bits & 1)])[:, : kept.shape[1]]
    sums = np.abs(kept @ signs.T)
    p = (sums >= apart[:, None] * (1 - 1e-9)).mean(axis=1)
    noisy = noise > 0
    if noisy.any():
        root = np.sqrt(noise[noisy])[:, None]
        low, high = (sums[noisy] - apart[noisy][:, None]) / root, (-sums[noisy] - apart[noisy][:, None]) / root
        p[noisy] = (ndtr(low) + ndtr(high)).mean(axis=1)
    return np.asarray(p)


def _saddlepoint(sizes: FloatArray, apart: FloatArray, noise: FloatArray) -> FloatArray:
    """Return P(|sum| >= apart) for sums with the cumulant generating function sum log cosh(t a) + t^2 noise / 2.

    Sums on a grid get the correction for continuity (Daniels 1987): half a step less, and 2 sinh(t h / 2) / h for t.
    """
    if not len(sizes):
        return np.ones(0)
    scale = np.sqrt((sizes**2).sum(axis=1) + noise)
    a, v, half = sizes / scale[:, None], noise / scale**2, _half_step(sizes, noise) / scale
    most, x = a.sum(axis=1), apart / scale - half
    outermost = (v == 0) & (apart / scale >= most * (1 - 1e-9))
    inside = ~outermost & (x > 1e-9)
    t = np.zeros(len(a))
    t[inside] = _saddle(a[inside], x[inside], v[inside])
    tail = np.where(outermost, 0.0, _tail(a, np.column_stack([x, v, half, t])))
    least = np.where(v == 0, 2.0 ** (1 - np.count_nonzero(a, axis=1)), 0.0)  # both ends; never fewer flips than those
    return np.asarray(np.where(outermost | inside, np.maximum(2 * tail, least), 1.0))


def _half_step(sizes: FloatArray, noise: FloatArray) -> FloatArray:
    """Return half the distance between possible sums, which is the smallest size, where all are multiples of it."""
    smallest = np.where(sizes > 0, sizes, np.inf).min(axis=1)
    times = sizes / smallest[:, None]
    multiples = (np.abs(times - np.rint(times)) < 1e-6).all(axis=1)
    return np.asarray(np.where(multiples & (noise == 0), smallest, 0.0))


def _saddle(a: FloatArray, x: FloatArray, v: FloatArray) -> FloatArray:
    """Return t with K'(t) = x. K' is concave above 0, so Newton from 0 climbs to it and never passes it."""
    t = np.zeros(len(a))
    for _ in range(STEPS):
        bend = np.tanh(a * t[:, None])
        slope = (a * a * (1 - bend * bend)).sum(axis=1) + v
        step = (x - (a * bend).sum(axis=1) - v * t) / np.maximum(slope, 1e-300)
        t += step
        if not (np.abs(step) > 1e-9 * (1 + t)).any():
            break
    return t


def _tail(a: FloatArray, terms: FloatArray) -> FloatArray:
    """Return P(sum >= x): the normal tail beyond r + log(u / r) / r."""
    x, v, half, t = terms.T
    at = a * t[:, None]
    cumulant = (at + np.log1p(np.exp(-2 * at)) - np.log(2)).sum(axis=1) + v * t * t / 2
    curve = (a * a / np.cosh(np.minimum(at, 300)) ** 2).sum(axis=1) + v
    root = np.sqrt(np.maximum(2 * (t * x - cumulant), 0))
    wide = half > 0
    stretched = np.where(wide, np.sinh(np.minimum(half * t, 300)) / np.where(wide, half, 1), t)
    near = root < 1e-4  # at the middle the correction vanishes, as the distribution is symmetric
    r, u = np.where(near, 1.0, root), np.where(near, 1.0, stretched * np.sqrt(curve))
    return np.asarray(ndtr(-np.where(near, root, r + np.log(np.maximum(u / r, 1e-300)) / r)))
