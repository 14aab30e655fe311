"""Mean scores with 95% intervals that resample questions.

The unit is the question: answers to one question are not independent of each other, so cells are never pooled. The
interval is the bias-corrected and accelerated (BCa) bootstrap of Efron (1987). Its nominal level is widened as
Hesterberg (2015, "What Teachers Should Know About the Bootstrap") does for the percentile interval, because a bootstrap
of n values is too narrow by the factor sqrt((n - 1)/n) and ignores that the spread is itself an estimate.
`benchmarks/interval_coverage.py` measures how often these intervals cover the truth; see docs/measures.md.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from eval.answers import FloatArray
from eval.scoring.results import ROUNDING, Score

LEVEL = 0.95
MIN_QUESTIONS = 20
"""Under this number of questions no interval is given, because it would be unreliable."""
RESAMPLES = 4000
_RESAMPLED_PAIRS = 3_600_000
"""Pairs of groups times resamples in a test of ties: some 20 ms, for a measurement beside a conversation every second.

That is 1,000 resamples of 60 groups; up to 30 groups have as many as all intervals.
"""
_HARDLY_SKEWED = 1e-6
"""Skewness over 3 sqrt(n) of which a cube root would leave rounding errors only."""
_NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Resampling of questions. The same seed and the same values always give the same interval.

    `level` is what each interval holds with; who looks several times needs more than 95% (`for_looks`).
    """

    seed: int = 0
    resamples: int = RESAMPLES
    level: float = LEVEL

    def for_looks(self, looks: int) -> "Bootstrap":
        """Return the bootstrap whose `looks` intervals hold all at once with at least this level (Bonferroni)."""
        return replace(self, level=1 - (1 - self.level) / looks)

    def mean(self, values: FloatArray) -> Score | None:
        """Return the mean of one value per question. NaN values are left out; None if no value is left."""
        defined = values[~np.isnan(values)]
        return self.means(defined[:, None])[0] if len(defined) else None

    def means(self, columns: FloatArray) -> tuple[Score, ...]:
        """Return the mean of each column of a (questions, columns) array, over the same resamples of the questions.

        There must be at least one question, and no value may be NaN.
        """
        n = len(columns)
        means = columns.mean(axis=0)
        if n < MIN_QUESTIONS:
            return tuple(Score(mean=float(mean), low=None, high=None) for mean in means)
        replicates = _weights(n, self.seed, self.resamples) @ columns / n
        return _intervals(means, replicates, columns - means, self.level)

    def difference(self, values: FloatArray) -> Score | None:
        """Return the mean of one paired difference per question, with the interval of `differences`; NaN left out."""
        defined = values[~np.isnan(values)]
        return self.differences(defined[:, None])[0] if len(defined) else None

    def differences(self, columns: FloatArray) -> tuple[Score, ...]:
        """Return the means of paired differences, with the hull of three intervals: BCa, Student's and Hall's.

        Differences are heavy-tailed: most questions do not move and some move much. There the BCa interval alone
        excludes a true 0 too often, and Student's does so where they are skewed, for which Hall's allows. Their hull is
        a little wider and does so less often (`benchmarks/simulations/differences.py` counts it). No value may be NaN.
        """
        n = len(columns)
        if n < MIN_QUESTIONS:
            return self.means(columns)
        quantile = _t_quantile(n - 1, self.level)
        errors = columns.std(axis=0, ddof=1) / n**0.5
        skewness = _skewness(columns)
        below = errors * np.maximum(quantile, _skewness_removed(quantile, skewness, n))
        above = errors * np.maximum(quantile, -_skewness_removed(-quantile, skewness, n))
        return tuple(
            Score(mean=one.mean, low=min(one.low, one.mean - down), high=max(one.high, one.mean + up))
            for one, down, up in zip(self.means(columns), below.tolist(), above.tolist(), strict=True)
            if one.low is not None and one.high is not None
        )

    def tied_with_best(self, columns: FloatArray) -> NDArray[np.bool_]:
        """Say of each column whether it may be the one with the highest mean: comparisons with the best (Hsu 1981).

        A column is out where another is better by more than the 95% quantile of how much better the best of all others
        looks by chance (studentised max-t over the same resamples of questions). So the true best is out in at most
        5% of samples, however many there are. All are in under `MIN_QUESTIONS` questions. No value may be NaN.
        """
        n, count = columns.shape
        if n < MIN_QUESTIONS or count < 2:
            return np.ones(count, dtype=np.bool_)
        resamples = min(self.resamples, max(_RESAMPLED_PAIRS // count**2, 200))
        return _may_be_best(columns, _weights(n, self.seed, self.resamples)[:resamples], self.level)

    def shares(self, columns: FloatArray) -> tuple[Score, ...]:
        """Return the share of questions in which something holds, for columns that are 1 where it holds and else 0.

        These are means with one difference: if it holds in no question or in all, no resample differs and the interval
        would have no width, as if it never or always held. There the other bound is that of Clopper and Pearson (1934),
        the share under which n questions would come out like this with a probability of 2.5%: 1 - 0.025^(1/n) away.
        """
        return tuple(_with_width(share, len(columns), self.level) for share in self.means(columns))

    def ratio(self, numerators: FloatArray, denominators: FloatArray) -> Score | None:
        """Return the ratio of two means over the same questions; None if the mean of the denominators is 0.

        Questions in which either value is NaN are left out. A ratio of means is not decided by one question with a tiny
        denominator, as a mean of ratios would be.
        """
        defined = ~(np.isnan(numerators) | np.isnan(denominators))
        above, below = numerators[defined], denominators[defined]
        n = len(above)
        if n == 0 or abs(below.mean()) < ROUNDING:
            return None
        ratio = float(above.mean() / below.mean())
        if n < MIN_QUESTIONS:
            return Score(mean=ratio, low=None, high=None)
        weights = _weights(n, self.seed, self.resamples)
        with np.errstate(divide="ignore", invalid="ignore"):
            replicates = (weights @ above) / (weights @ below)
            leave_one_out = (above.sum() - above) / (below.sum() - below)
        influence = leave_one_out.mean() - leave_one_out
        if not (np.isfinite(replicates).all() and np.isfinite(influence).all()):
            return Score(mean=ratio, low=None, high=None)
        return _intervals(np.array([ratio]), replicates[:, None], influence[:, None], self.level)[0]

    def of_means(self, columns: FloatArray, statistic: Callable[[FloatArray], FloatArray]) -> Score | None:
        """Return a smooth function of the means of several columns, with its BCa interval over questions.

        `columns` has shape (questions, columns) without NaN; `statistic` maps means of shape (n, columns) to n values.
        None where the value itself is not finite. No interval where it is not finite on some resample, or without one
        of the questions: the statistic then depends on single questions.
        """
        n = len(columns)
        if n == 0:
            return None
        with np.errstate(divide="ignore", invalid="ignore"):
            value = float(statistic(columns.mean(axis=0)[None])[0])
            if not np.isfinite(value):
                return None
            if n < MIN_QUESTIONS:
                return Score(mean=value, low=None, high=None)
            replicates = statistic(_weights(n, self.seed, self.resamples) @ columns / n)
            leave_one_out = statistic((columns.sum(axis=0) - columns) / (n - 1))
        influence = leave_one_out.mean() - leave_one_out
        if not (np.isfinite(replicates).all() and np.isfinite(influence).all()):
            return Score(mean=value, low=None, high=None)
        return _intervals(np.array([value]), replicates[:, None], influence[:, None], self.level)[0]


def _with_width(share: Score, n: int, level: float) -> Score:
    """Return a share with the bound of Clopper and Pearson if its interval is [0, 0] or [1, 1]."""
    width: float = 1 - ((1 - level) / 2) ** (1 / n)
    match share:
        case Score(low=0.0, high=0.0):
            return Score(mean=share.mean, low=0.0, high=width)
        case Score(low=1.0, high=1.0):
            return Score(mean=share.mean, low=1 - width, high=1.0)
    return share


def _may_be_best(columns: FloatArray, weights: FloatArray, level: float) -> NDArray[np.bool_]:
    """Say of each column whether no other is surely above it.

    The resampled variance of a difference of two columns is taken from their variances and their covariance, so that
    each pair is resampled once: with 60 groups that is a tenth of the time.
    """
    n, count = columns.shape
    means = columns.mean(axis=0)
    centred = columns - means
    ahead = means - means[:, None]  # by how much the column of the second index is ahead of that of the first
    spread = np.sqrt(np.maximum(_variance_of_differences(centred.T @ centred / n), 0.0))
    errors = spread / (n - 1) ** 0.5
    certain = errors <= ROUNDING
    beaten: NDArray[np.bool_] = (certain & (ahead > ROUNDING)).any(axis=1)
    statistic = np.divide(ahead, errors, out=np.full_like(ahead, np.finfo(np.float64).min), where=~certain)
    by_chance = np.full((count, len(weights)), np.finfo(np.float64).min)
    drawn = np.ascontiguousarray(weights.T) / n
    resampled, squares = centred.T @ drawn, centred.T**2 @ drawn
    for one, others, products in _resampled_products(centred, drawn, ~certain):
        moved = resampled[others] - resampled[one]
        variance = squares[others] + squares[one] - 2 * products - moved**2
        least = np.maximum(errors[one, others, None] / 10, ROUNDING)
        moved /= np.maximum(np.sqrt(np.maximum(variance, 0.0) / (n - 1)), least)
        np.maximum(by_chance[one], moved.max(axis=0), out=by_chance[one])
        by_chance[others] = np.maximum(by_chance[others], -moved)
    within_chance = statistic.max(axis=1) <= np.quantile(by_chance, level, axis=1)
    return np.asarray(within_chance & ~beaten, dtype=np.bool_)


_PAIRS_AT_ONCE = 2000


def _resampled_products(
    centred: FloatArray, drawn: FloatArray, wanted: NDArray[np.bool_]
) -> Iterator[tuple[int, NDArray[np.intp], FloatArray]]:
    """Yield each column, the later ones that are wanted with it, and the resampled means of their products.

    Many columns share one multiplication of matrices. Each is a meeting of all threads, and on a busy machine these
    wait for each other longer than they compute.
    """
    count = centred.shape[1]
    others = [np.flatnonzero(wanted[one, one + 1 :]) + one + 1 for one in range(count)]
    ends = np.cumsum([len(each) for each in others])
    for batch in np.unique(ends // _PAIRS_AT_ONCE):
        ones = [one for one in np.flatnonzero(ends // _PAIRS_AT_ONCE == batch).tolist() if len(others[one])]
        if not ones:
            continue
        pairs = np.concatenate([centred[:, others[one]] * centred[:, [one]] for one in ones], axis=1)
        products = pairs.T @ drawn
        for one, of_one in zip(
            ones, np.split(products, np.cumsum([len(others[one]) for one in ones])[:-1]), strict=True
        ):
            yield one, others[one], of_one


def _variance_of_differences(covariance: FloatArray) -> FloatArray:
    """Return the variance of the difference of every two columns."""
    variances = np.diag(covariance)
    return np.asarray(variances[:, None] + variances - 2 * covariance)


def _studentised(centred: FloatArray, weights: FloatArray) -> FloatArray:
    """Return resampled means of centred columns in standard errors of their own resample, shape (resamples, columns).

    A resample in which hardly a question differs would have hardly an error: it is held to at least a tenth of that of
    all questions.
    """
    n = len(centred)
    means = weights @ centred / n
    spreads = np.sqrt(np.maximum(weights @ centred**2 / n - means**2, 0.0) / (n - 1))
    least = centred.std(axis=0, ddof=1) / n**0.5 / 10
    return np.asarray(means / np.maximum(np.maximum(spreads, least), ROUNDING), dtype=np.float64)


@lru_cache(maxsize=8)
def _weights(n: int, seed: int, resamples: int) -> FloatArray:
    """Return how often each of `n` questions occurs in each resample, shape (resamples, n)."""
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1.0 / n), size=resamples)
    weights = drawn.astype(np.float64)
    weights.setflags(write=False)
    return weights


def _intervals(estimates: FloatArray, replicates: FloatArray, influence: FloatArray, level: float) -> tuple[Score, ...]:
    """Return BCa intervals, one per column.

    `replicates` has shape (resamples, columns). `influence` (questions, columns) is proportional to how much each
    question raises the estimate; the acceleration is computed from it (jackknife).
    """
    replicates = np.sort(replicates, axis=0)
    tail = _tail(len(influence), level)
    intervals = []
    for column, estimate in enumerate(estimates):
        drawn, of_question = replicates[:, column], influence[:, column]
        if np.abs(of_question).max() < ROUNDING:
            intervals.append(Score(mean=float(estimate), low=float(estimate), high=float(estimate)))
            continue
        low, high = _bca_quantiles(float(estimate), drawn, of_question, tail)
        intervals.append(Score(mean=float(estimate), low=low, high=high))
    return tuple(intervals)


def _bca_quantiles(estimate: float, drawn: FloatArray, influence: FloatArray, tail: float) -> tuple[float, float]:
    """Return the lower and the upper bound from `drawn`, the sorted replicates of one estimate."""
    tolerance = ROUNDING * max(1.0, abs(estimate))
    below = np.searchsorted(drawn, estimate - tolerance)
    not_above = np.searchsorted(drawn, estimate + tolerance)
    share = float(below + not_above) / (2 * len(drawn))
    bias = _NORMAL.inv_cdf(min(max(share, 1 / len(drawn)), 1 - 1 / len(drawn)))
    acceleration = float(np.sum(influence**3) / (6 * np.sum(influence**2) ** 1.5))
    bounds = []
    for z in (_NORMAL.inv_cdf(tail), _NORMAL.inv_cdf(1 - tail)):
        shifted = bias + z
        level = _NORMAL.cdf(bias + shifted / (1 - acceleration * shifted))
        position = level * (len(drawn) - 1)
        left = int(position)
        right = min(left + 1, len(drawn) - 1)
        bounds.append(float(drawn[left] + (position - left) * (drawn[right] - drawn[left])))
    return bounds[0], bounds[1]


def _skewness(columns: FloatArray) -> FloatArray:
    """Return the skewness of each column, adjusted for its length (G1 of Joanes and Gill 1998); 0 of a constant one."""
    n = len(columns)
    centred = columns - columns.mean(axis=0)
    spread = np.sqrt((centred**2).mean(axis=0))
    cubed = (centred**3).mean(axis=0)
    skewness = np.divide(cubed, spread**3, out=np.zeros_like(spread), where=spread > ROUNDING)
    return np.asarray(skewness * (n * (n - 1)) ** 0.5 / (n - 2))


def _skewness_removed(t: float, skewness: FloatArray, n: int) -> FloatArray:
    """Return the studentised mean that Hall's transformation takes to `t`, for each skewness (Hall 1992).

    A mean of n skewed values, divided by its standard error, is skewed. With a = skewness / (3 sqrt(n)) the increasing
    function x + a x^2 + a^2 x^3 / 3 + a / 2 of it is not, to the order 1/n. This is its inverse.
    """
    a = skewness / (3 * n**0.5)
    shifted = np.asarray(t - a / 2)
    cube_root = np.cbrt(1 + 3 * a * shifted) - 1
    return np.asarray(np.divide(cube_root, a, out=shifted, where=np.abs(a) > _HARDLY_SKEWED))


@lru_cache(maxsize=256)
def _tail(n: int, level: float) -> float:
    """Return the nominal tail probability with which the bootstrap has 2.5% in truth: Phi(-sqrt(n/(n-1)) t).

    2.5% at a level of 95%; half of what the level leaves at another.
    """
    return _NORMAL.cdf(-((n / (n - 1)) ** 0.5) * _t_quantile(n - 1, level))


def _t_quantile(freedom: int, level: float) -> float:
    """Return Student's t that leaves half of 1 - level above it, the 97.5% quantile for 95%.

    The Cornish-Fisher expansion of Abramowitz and Stegun (1964), 26.7.5, from 19 degrees of freedom exact to 1e-4 at
    95% and to 0.01 at 99.75%. SciPy has the exact value, but takes half a second to import.
    """
    z = _NORMAL.inv_cdf((1 + level) / 2)
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    return z + first / freedom + second / freedom**2 + third / freedom**3
