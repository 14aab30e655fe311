"""Intervals resample questions, repeat exactly, and agree with SciPy's bootstrap at the widened level."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy import optimize, stats

from eval.scoring.intervals import Bootstrap
from eval.scoring.results import Score
from tests.eval.intervals import interval


def skewed(n: int, seed: int = 5) -> np.ndarray:
    """Return values as alignment scores are: near 1 with a tail below."""
    return 1 - np.random.default_rng(seed).beta(1.5, 8, n)


def widened_level(n: int) -> float:
    """Return the confidence level to ask of a bootstrap of n values for 95%, after Hesterberg (2015)."""
    return float(1 - 2 * stats.norm.cdf(-np.sqrt(n / (n - 1)) * stats.t.ppf(0.975, n - 1)))


def scipy_interval(values: tuple[np.ndarray, ...], statistic: Callable[..., np.ndarray]) -> tuple[float, float]:
    """Return SciPy's BCa interval at the widened level."""
    found = stats.bootstrap(
        values,
        statistic,
        paired=True,
        vectorized=True,
        n_resamples=20_000,
        confidence_level=widened_level(len(values[0])),
        method="BCa",
        rng=np.random.default_rng(1),
    )
    return found.confidence_interval.low, found.confidence_interval.high


@pytest.mark.parametrize("n", [20, 40])
def test_the_interval_of_a_mean_is_scipys_bca_at_the_widened_level(n: int) -> None:
    values = skewed(n)
    interval = Bootstrap(seed=3, resamples=20_000).mean(values)
    standard_error = values.std() / np.sqrt(n)
    assert interval is not None
    assert interval.mean == pytest.approx(values.mean())
    expected = scipy_interval((values,), lambda x, axis: x.mean(axis=axis))
    assert (interval.low, interval.high) == pytest.approx(expected, abs=0.08 * standard_error)


def test_the_interval_of_a_ratio_of_means_is_scipys_bca_at_the_widened_level() -> None:
    above, below = skewed(30), 1 + skewed(30, seed=6)
    interval = Bootstrap(seed=3, resamples=20_000).ratio(above, below)
    low, high = scipy_interval((above, below), lambda x, y, axis: x.mean(axis=axis) / y.mean(axis=axis))
    assert interval is not None
    assert interval.mean == pytest.approx(above.mean() / below.mean())
    assert (interval.low, interval.high) == pytest.approx((low, high), abs=0.03 * (high - low))


def test_under_twenty_questions_there_is_a_mean_and_no_interval() -> None:
    assert Bootstrap().mean(np.arange(19.0)) == interval(9.0, None, None)
    twenty = Bootstrap().mean(np.arange(20.0))
    assert twenty is not None
    assert twenty.low is not None


def test_without_a_single_value_there_is_nothing() -> None:
    assert Bootstrap().mean(np.array([])) is None
    assert Bootstrap().mean(np.array([np.nan, np.nan])) is None


def test_questions_without_a_value_are_left_out() -> None:
    values = skewed(40)
    holes = np.concatenate([values, [np.nan] * 7])
    assert Bootstrap().mean(holes) == Bootstrap().mean(values)


def test_the_same_seed_gives_the_same_interval_and_another_seed_another() -> None:
    values = skewed(40)
    assert Bootstrap(seed=1).mean(values) == Bootstrap(seed=1).mean(values)
    assert Bootstrap(seed=1).mean(values) != Bootstrap(seed=2).mean(values)


def test_values_that_do_not_vary_have_an_interval_of_no_width() -> None:
    found = Bootstrap().mean(np.full(25, 0.7))
    assert found is not None
    assert found.model_dump() == pytest.approx({"mean": 0.7, "low": 0.7, "high": 0.7})


@pytest.mark.parametrize("n", [20, 62])
def test_what_held_nowhere_or_everywhere_has_the_exact_binomial_interval(n: int) -> None:
    never, always, sometimes = np.zeros(n), np.ones(n), np.arange(n) % 4 == 0
    columns = np.stack([never, always, sometimes], axis=1)
    shares = Bootstrap().shares(columns)
    for share, count in zip(shares[:2], (0, n), strict=True):
        exact = stats.binomtest(count, n).proportion_ci(0.95, "exact")
        assert (share.mean, share.low, share.high) == pytest.approx((count / n, exact.low, exact.high), abs=1e-12)
    assert shares[2] == Bootstrap().means(columns)[2]


def test_what_held_nowhere_among_a_few_has_no_interval_either() -> None:
    assert Bootstrap().shares(np.zeros((19, 1))) == (interval(0.0, None, None),)


def test_one_question_that_differs_from_all_others_keeps_the_bounds_within_the_values() -> None:
    values = np.zeros(30)
    values[4] = 1
    interval = Bootstrap().mean(values)
    assert interval is not None
    assert interval.low is not None
    assert interval.high is not None
    assert 0 <= interval.low < interval.mean < interval.high < 1


def test_columns_are_scored_as_they_would_be_alone() -> None:
    values = np.column_stack([skewed(40), skewed(40, seed=8)])
    first, second = Bootstrap().means(values)
    assert first.low == pytest.approx(Bootstrap().mean(values[:, 0]).low)
    assert second.high == pytest.approx(Bootstrap().mean(values[:, 1]).high)


def test_a_ratio_over_nothing_is_null() -> None:
    assert Bootstrap().ratio(np.ones(30), np.zeros(30)) is None
    assert Bootstrap().ratio(np.ones(3), np.full(3, np.nan)) is None


def test_a_ratio_of_few_questions_has_no_bounds() -> None:
    assert Bootstrap().ratio(np.array([1.0, 2.0]), np.array([2.0, 4.0])) == interval(0.5, None, None)


@pytest.mark.parametrize(
    ("score", "includes"),
    [
        (interval(0.5, -0.1, 1.0), True),
        (interval(0.5, 0.1, 1.0), False),
        (interval(-0.5, -1.0, -0.1), False),
        (interval(0.5, None, None), True),
    ],
)
def test_zero_is_ruled_out_only_by_an_interval_that_leaves_it_out(score: Score, includes: bool) -> None:
    assert score.includes_zero is includes


@pytest.mark.parametrize("sign", [1, -1])
def test_the_interval_of_a_skewed_difference_reaches_as_far_to_the_tail_as_halls(sign: int) -> None:
    values = sign * np.random.default_rng(4).lognormal(0, 1, 30)
    n, error, skewness = 30, values.std(ddof=1) / 30**0.5, stats.skew(values, bias=False)

    def transformed(mean: float) -> float:
        t = (values.mean() - mean) / error
        return float(t + skewness * t**2 / (3 * n**0.5) + skewness**2 * t**3 / (27 * n) + skewness / (6 * n**0.5))

    tail = values.mean() + sign * 9 * error
    quantile = stats.t.ppf(0.975, n - 1)
    expected = optimize.brentq(lambda mean: transformed(mean) + sign * quantile, values.mean(), tail)
    found, bca = Bootstrap().difference(values), Bootstrap().mean(values)
    assert found is not None
    assert bca is not None
    assert (found.high if sign > 0 else found.low) == pytest.approx(expected, abs=1e-3)
    student = values.mean() - sign * quantile * error
    bounds = (bca.low, student) if sign > 0 else (bca.high, student)
    assert (found.low if sign > 0 else found.high) == pytest.approx((min if sign > 0 else max)(bounds), abs=1e-3)


def test_differences_that_are_all_alike_have_an_interval_without_width() -> None:
    assert Bootstrap().difference(np.full(25, 0.25)) == interval(0.25, 0.25, 0.25)


def test_an_interval_for_several_looks_holds_with_what_they_leave_of_the_level() -> None:
    values = np.random.default_rng(2).normal(0.1, 1, 40)
    one, ten = Bootstrap().difference(values), Bootstrap().for_looks(10).difference(values)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.995)
    assert one is not None
    assert ten is not None
    assert (ten.low, ten.high) == (pytest.approx(expected.low, abs=0.06), pytest.approx(expected.high, abs=0.06))
    assert ten.low < one.low < one.high < ten.high  # type: ignore[operator]


def tied_one_by_one(columns: np.ndarray, draws: int = 4000) -> list[bool]:
    """Compare each column with all others by a studentised max-t bootstrap, written out as it is defined."""
    rng, n = np.random.default_rng(7), len(columns)
    rows = rng.integers(0, n, size=(draws, n))
    tied = []
    for one in range(columns.shape[1]):
        ahead = np.delete(columns, one, axis=1) - columns[:, [one]]
        errors = ahead.std(axis=0, ddof=1) / n**0.5
        again = ahead[rows]
        by_chance = (again.mean(axis=1) - ahead.mean(axis=0)) / (again.std(axis=1, ddof=1) / n**0.5)
        tied.append(bool((ahead.mean(axis=0) / errors).max() <= np.quantile(by_chance.max(axis=1), 0.95)))
    return tied


def test_groups_are_tied_that_may_be_the_best_as_comparisons_with_the_best_define_it() -> None:
    rng = np.random.default_rng(3)
    columns = 0.8 + 0.1 * rng.normal(0, 1, (60, 1)) + 0.05 * rng.normal(0, 1, (60, 12)) - np.linspace(0, 0.06, 12)
    found = Bootstrap().tied_with_best(columns).tolist()
    assert found == tied_one_by_one(columns)
    assert True in found
    assert False in found


def test_equal_groups_are_tied_and_one_that_is_ahead_on_every_question_is_alone() -> None:
    same = skewed(30)[:, None]
    assert Bootstrap().tied_with_best(np.hstack([same, same, same])).all()
    assert Bootstrap().tied_with_best(np.hstack([same, same + 0.01, same])).tolist() == [False, True, False]
    assert Bootstrap().tied_with_best(skewed(30)[:, None]).tolist() == [True]
    few = skewed(19)[:, None]
    assert Bootstrap().tied_with_best(np.hstack([few, few + 0.1])).all(), "too few questions to tell"
