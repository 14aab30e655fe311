"""How many people a persona is worth: the size of a random sample of the group that predicts the group as well.

A sample of n people of the group misses the group's own distribution by chance. The expected total variation of such a
sample falls with n; a persona is worth the n at which it equals the persona's. The idea is that of Huang et al. (2025),
here with total variation and an exact expectation.
"""

from collections.abc import Sequence
from functools import lru_cache
from math import exp, floor, isnan, lgamma, log, log1p

import numpy as np

from eval.answers import FloatArray
from eval.scoring.intervals import Bootstrap
from eval.scoring.results import Score

LEAST, MOST = 1, 100_000
"""Between how many people the worth is looked for; a persona outside is said to be worth at most or at least that."""


def sample_distance(proportions: Sequence[float] | FloatArray, people: int) -> float:
    """Return the expected total variation between a random sample of `people` and what it is drawn from (0 to 1).

    Half the sum over options of the mean absolute deviation of a binomial share, which is
    2 v C(n, v) p^v (1 - p)^(n - v + 1) / n
    with v = floor(np) + 1 (De Moivre 1730; Diaconis and Zabell 1991, "Closed Form Summation for Classical
    Distributions", equation 1.1).
    """
    return sum(_mean_deviation(float(p), people) for p in proportions) / 2


def _mean_deviation(p: float, n: int) -> float:
    if p <= 0 or p >= 1:
        return 0.0
    v = floor(n * p) + 1
    if v > n:  # p so near to 1 that n p rounds up to n
        return 2 * (1 - p)
    ways = lgamma(n + 1) - lgamma(v + 1) - lgamma(n - v + 1)
    return 2 * v / n * exp(ways + v * log(p) + (n - v + 1) * log1p(-p))


def _sizes() -> tuple[int, ...]:
    return tuple(sorted({round(10 ** (step / 20)) for step in range(101)}))


SIZES = _sizes()
_LOG_SIZES = np.log(np.array(SIZES, dtype=np.float64))


def curve(proportions: Sequence[float] | FloatArray) -> FloatArray:
    """Return `sample_distance` of one question at each of `SIZES`; NaN where the proportions are not known."""
    return _curve(tuple(map(float, proportions)))


@lru_cache(maxsize=20_000)
def _curve(proportions: tuple[float, ...]) -> FloatArray:
    if any(map(isnan, proportions)):
        return np.full(len(SIZES), np.nan)
    found = np.array([sample_distance(proportions, people) for people in SIZES])
    found.setflags(write=False)
    return found


def worth_in_people(distances: FloatArray, curves: FloatArray, bootstrap: Bootstrap) -> Score | None:
    """Return the n at which samples of n people are as far from the group as `distances` are, with its interval.

    `distances` is the persona's total variation, one per question; `curves` (questions, sizes) that of samples. Both
    are averaged over questions, then solved for n, interpolated in log n; the interval solves on resampled questions.
    Questions in which either is NaN are left out. Values are cut to 1 and 100,000 people.
    """
    defined = ~(np.isnan(distances) | np.isnan(curves).any(axis=1))
    if not defined.any():
        return None
    found = bootstrap.of_means(np.column_stack([distances[defined], curves[defined]]), _log_people)
    if found is None:
        return None
    low, high = (None if end is None else exp(end) for end in (found.low, found.high))
    return Score(mean=exp(found.mean), low=low, high=high)


def _log_people(means: FloatArray) -> FloatArray:
    """Return log n for each row of a persona's mean distance followed by the samples' mean distances."""
    distance, curves = means[:, :1], means[:, 1:]
    beyond = (curves > distance).sum(axis=1)  # sizes whose samples are farther than the persona
    right = np.clip(beyond, 1, len(SIZES) - 1)
    left = right - 1
    rows = np.arange(len(means))
    above, below = curves[rows, left], curves[rows, right]
    room = np.where(above > below, above - below, 1.0)
    share = np.clip((above - distance[:, 0]) / room, 0.0, 1.0)
    return np.asarray(_LOG_SIZES[left] + share * (_LOG_SIZES[right] - _LOG_SIZES[left]), dtype=np.float64)
