"""The sign-flip test: could paired differences as large as these come from no difference at all?

Under the hypothesis that swapping A and B changes nothing, every paired difference is as likely to have the other sign
(Fisher 1935, "The Design of Experiments", section 21). The p-value is the share of all patterns of signs under
which the mean is at least as far from 0 as it is. Unlike an interval it holds for any number of questions, since with
few of them it cannot become small: with n questions no p-value is below 2 / 2^n.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from eval.answers import FloatArray

FLIPS = 10_000
_BATCH = 1000
_ROUNDING = 1e-12


def sign_flip_p(differences: FloatArray, *, seed: int = 0, flips: int = FLIPS) -> float | None:
    """Return the two-sided p-value of the mean of paired differences, one per question; NaN values are left out.

    Where there are at most `flips` patterns of signs all are counted and the value is exact. Otherwise `flips` of them
    are drawn, and p = (1 + count) / (1 + flips), which is never 0: a drawn p-value without the 1, for the pattern
    that was seen, promises too much (Phipson and Smyth 2010). None without differences.
    """
    defined = differences[~np.isnan(differences)]
    n = len(defined)
    if n == 0:
        return None
    least = abs(float(defined.sum())) - _ROUNDING * max(1.0, float(np.abs(defined).sum()))
    exact = n < flips.bit_length() and 2**n <= flips
    patterns = _all_patterns(n) if exact else _drawn_patterns(n, seed, flips)
    count = sum(int((np.abs(signs @ defined) >= least).sum()) for signs in patterns)
    return count / 2**n if exact else (1 + count) / (1 + flips)


def _all_patterns(n: int) -> Iterator[FloatArray]:
    """Yield all patterns of `n` signs, shape (2^n, n)."""
    yield _signs(np.arange(2**n)[:, None] >> np.arange(n) & 1)


def _drawn_patterns(n: int, seed: int, flips: int) -> Iterator[FloatArray]:
    """Yield `flips` patterns of `n` signs, a batch at a time, each of shape (at most 1000, n)."""
    rng = np.random.default_rng(seed)
    for done in range(0, flips, _BATCH):
        yield _signs(rng.integers(0, 2, size=(min(_BATCH, flips - done), n)))


def _signs(bits: NDArray[np.int64]) -> FloatArray:
    return np.asarray(1 - 2 * bits, dtype=np.float64)
