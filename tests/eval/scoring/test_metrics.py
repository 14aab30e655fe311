"""The measures agree with SciPy and with figures worked out by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from eval.scoring.metrics import alignment, entropy, normalised, scale_of, stack_scales, total_variation


@st.composite
def two_distributions_on_a_scale(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, list[float]]:
    """Two distributions over 2 to 8 options with any ordinal values, ascending or not."""
    ordinals = draw(st.lists(st.integers(-40, 40).map(lambda n: n / 4), min_size=2, max_size=8))
    masses = st.lists(st.integers(0, 1000), min_size=len(ordinals), max_size=len(ordinals)).filter(any)
    p, q = (np.array(draw(masses), dtype=float) for _ in range(2))
    return p / p.sum(), q / q.sum(), ordinals


@given(two_distributions_on_a_scale())
def test_alignment_is_one_minus_scipys_wasserstein_distance_over_the_span(
    case: tuple[np.ndarray, np.ndarray, list[float]],
) -> None:
    p, q, ordinals = case
    span = max(ordinals) - min(ordinals)
    found = float(alignment(p, q, scale_of(ordinals)))
    if span == 0:
        assert math.isnan(found)
    else:
        assert found == pytest.approx(1 - wasserstein_distance(ordinals, ordinals, p, q) / span, abs=1e-12)


def test_an_option_that_sits_between_others_is_measured_where_it_sits() -> None:
    ordinals = [1, 2, 3, 2.5]
    from_two_to_between = alignment(np.array([0, 1, 0, 0.0]), np.array([0, 0, 0, 1.0]), scale_of(ordinals))
    from_one_to_between = alignment(np.array([1, 0, 0, 0.0]), np.array([0, 0, 0, 1.0]), scale_of(ordinals))
    assert float(from_two_to_between) == pytest.approx(1 - 0.5 / 2)
    assert float(from_one_to_between) == pytest.approx(1 - 1.5 / 2)


def test_opposite_ends_have_alignment_0_and_equal_distributions_1() -> None:
    scale = scale_of([1, 2, 3, 4])
    left, right = np.array([1, 0, 0, 0.0]), np.array([0, 0, 0, 1.0])
    assert float(alignment(left, right, scale)) == 0
    assert float(alignment(left, left, scale)) == 1


def test_options_without_order_have_no_alignment() -> None:
    assert np.isnan(alignment(np.array([0.5, 0.5]), np.array([0.5, 0.5]), scale_of([1, 1])))


def test_a_single_option_has_no_order_beside_longer_questions_either() -> None:
    alone = np.array([1.0, 0.0, 0.0])
    assert np.isnan(alignment(alone, alone, scale_of([1], width=3)))
    assert np.isnan(alignment(alone[:1], alone[:1], scale_of([1])))


def test_questions_of_different_length_can_be_compared_in_one_call() -> None:
    scale = stack_scales([scale_of([3, 1], 4), scale_of([1, 2, 4, 3], 4), scale_of([2, 2], 4)])
    p = np.array([[0.2, 0.8, 0, 0], [0.1, 0.2, 0.3, 0.4], [0.5, 0.5, 0, 0]])
    q = np.array([[0.6, 0.4, 0, 0], [0.4, 0.3, 0.2, 0.1], [0.5, 0.5, 0, 0]])
    together = alignment(p, q, scale)
    assert together[0] == pytest.approx(float(alignment(p[0, :2], q[0, :2], scale_of([3, 1]))))
    assert together[1] == pytest.approx(float(alignment(p[1], q[1], scale_of([1, 2, 4, 3]))))
    assert np.isnan(together[2])


def test_total_variation_is_half_the_sum_of_differences() -> None:
    assert float(total_variation(np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5]))) == pytest.approx(0.3)
    assert float(total_variation(np.array([1.0, 0.0]), np.array([0.0, 1.0]))) == 1


def test_entropy_is_that_of_the_even_spread_at_most_and_0_for_a_single_answer() -> None:
    assert float(entropy(np.array([0.25] * 4))) == pytest.approx(math.log(4))
    assert float(entropy(np.array([0.0, 1.0]))) == 0


def test_no_mass_at_all_has_no_normalised_form() -> None:
    assert np.isnan(normalised(np.zeros(3))).all()
    np.testing.assert_allclose(normalised(np.array([1.0, 3.0])), [0.25, 0.75])
