"""The p-value of paired differences is what counting all sign patterns gives, and is never too small."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import permutation_test

from eval.scoring.differences import FLIPS, sign_flip_p

DIFFERENCES = st.lists(st.integers(-20, 20), min_size=1, max_size=9)


@given(DIFFERENCES)
def test_with_few_questions_it_counts_every_pattern_of_signs(values: list[int]) -> None:
    patterns = list(product((1, -1), repeat=len(values)))
    sums = [sum(sign * value for sign, value in zip(signs, values, strict=True)) for signs in patterns]
    expected = sum(abs(found) >= abs(sum(values)) for found in sums) / len(patterns)
    assert sign_flip_p(np.array(values) / 7) == expected


def test_ten_questions_that_all_got_worse_leave_two_patterns_of_1024() -> None:
    assert sign_flip_p(np.full(10, -0.1)) == 2 / 1024


def test_13_questions_are_counted_and_14_are_drawn() -> None:
    assert sign_flip_p(np.full(13, 0.1)) == 2 / 2**13
    drawn = sign_flip_p(np.full(14, 0.1))
    assert drawn is not None
    assert drawn * (FLIPS + 1) == pytest.approx(round(drawn * (FLIPS + 1)))
    assert drawn >= 1 / (FLIPS + 1)


def test_drawn_p_values_agree_with_another_program() -> None:
    values = np.random.default_rng(5).normal(0.02, 0.1, 40)
    found = sign_flip_p(values)
    theirs = permutation_test(
        (values,), np.mean, permutation_type="samples", n_resamples=20_000, rng=np.random.default_rng(1)
    )
    assert found == pytest.approx(theirs.pvalue, abs=0.015)


def test_a_difference_that_is_sure_has_the_least_p_value_that_can_be_drawn() -> None:
    assert sign_flip_p(np.full(60, 0.3)) == 1 / (FLIPS + 1)


def test_no_difference_at_all_has_p_1() -> None:
    assert sign_flip_p(np.zeros(5)) == 1
    assert sign_flip_p(np.zeros(60)) == 1


def test_the_seed_decides_what_is_drawn() -> None:
    values = np.random.default_rng(5).normal(0.02, 0.1, 40)
    assert sign_flip_p(values, seed=1) == sign_flip_p(values, seed=1)
    assert sign_flip_p(values, seed=1) != sign_flip_p(values, seed=2)


def test_values_that_are_not_defined_are_left_out() -> None:
    assert sign_flip_p(np.array([0.1, np.nan, 0.2])) == sign_flip_p(np.array([0.1, 0.2]))
    assert sign_flip_p(np.array([np.nan])) is None
