"""Paired differences: is one prediction closer to people than another, or could the difference be chance?

Questions differ far more from each other than two predictions do on the same question. So the difference is taken
within each question. It is *detectable* if two things agree: its interval excludes 0 (`Bootstrap.difference`), and the
sign-flip test finds it improbable. Each alone tells too many differences that are none, the interval where most
questions do not move and the test where the differences are skewed; `benchmarks/simulations/differences.py` counts it.

The sign-flip test: if swapping the two predictions changed nothing, every difference would be as likely to have the
other sign (Fisher 1935, "The Design of Experiments", section 21). The p-value is the share of all patterns of signs
under which the mean is at least as far from 0 as the one observed. Unlike an interval the test holds for any number of
questions, because with few of them the p-value cannot be small: with n questions it is at least 2 / 2^n.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from eval.answers import FloatArray
from eval.scoring.intervals import Bootstrap
from eval.scoring.results import ROUNDING, PairedScore

FLIPS = 10_000
"""The number of patterns of signs that are counted or drawn, at most."""
_BATCH = 1000


def paired_difference(one: FloatArray, other: FloatArray, bootstrap: Bootstrap) -> PairedScore | None:
    """Return the mean of `one` minus `other`, one value each per question, with its interval and p-value.

    Questions in which either is NaN are left out; None if none is left.
    """
    return difference_of(one - other, bootstrap)


def difference_of(differences: FloatArray, bootstrap: Bootstrap) -> PairedScore | None:
    """Return the mean of paired differences, NaN left out, with its interval and p-value; None without any."""
    score, p = bootstrap.difference(differences), sign_flip_p(differences, seed=bootstrap.seed)
    return None if score is None else PairedScore(mean=score.mean, low=score.low, high=score.high, p=p)


def sign_flip_p(differences: FloatArray, *, seed: int = 0, flips: int = FLIPS) -> float | None:
    """Return the two-sided p-value of the mean of paired differences, one per question; NaN values are left out.

    If there are at most `flips` patterns of signs, all are counted and the p-value is exact. Otherwise `flips` of them
    are drawn and p = (1 + count) / (1 + flips). The 1 stands for the observed pattern; without it a drawn p-value could
    be 0 and would be too small (Phipson and Smyth 2010). None without differences.
    """
    defined = differences[~np.isnan(differences)]
    n = len(defined)
    if n == 0:
        return None
    least = abs(float(defined.sum())) - ROUNDING * max(1.0, float(np.abs(defined).sum()))
    exact = n < flips.bit_length() and 2**n <= flips
    patterns = _all_patterns(n) if exact else _drawn_patterns(n, seed, flips)
    batches = (patterns[start : start + _BATCH] for start in range(0, len(patterns), _BATCH))
    count = sum(int((np.abs(signs.astype(np.float64) @ defined) >= least).sum()) for signs in batches)
    return count / 2**n if exact else (1 + count) / (1 + flips)


def _all_patterns(n: int) -> NDArray[np.int8]:
    """Return all patterns of `n` signs, shape (2^n, n)."""
    return _signs(np.arange(2**n)[:, None] >> np.arange(n) & 1)


@lru_cache(maxsize=4)
def _drawn_patterns(n: int, seed: int, flips: int) -> NDArray[np.int8]:
    """Return `flips` patterns of `n` signs, shape (flips, n); kept, because a scorecard tests many differences."""
    rng = np.random.default_rng(seed)
    return np.concatenate(
        [_signs(rng.integers(0, 2, size=(min(_BATCH, flips - done), n))) for done in range(0, flips, _BATCH)]
    )


def _signs(bits: NDArray[np.int64]) -> NDArray[np.int8]:
    return np.asarray(1 - 2 * bits, dtype=np.int8)
