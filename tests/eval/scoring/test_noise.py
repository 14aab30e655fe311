"""The noise floor is the distance between two samples of the same people, as theory has it."""

import math

import numpy as np
import pytest

from eval.scoring.comparison import noise_floor


def test_two_single_respondents_disagree_as_often_as_chance_says() -> None:
    floor = noise_floor((0.3, 0.7), 1, (1, 2), draws=40_000)
    assert floor.total_variation == pytest.approx(2 * 0.3 * 0.7, rel=0.03)


def test_large_samples_differ_as_the_normal_approximation_says() -> None:
    expected = math.sqrt(4 * 0.4 * 0.6 / (math.pi * 500))
    assert noise_floor((0.4, 0.6), 500, (1, 2)).total_variation == pytest.approx(expected, rel=0.06)


def test_with_two_options_alignment_is_what_total_variation_leaves() -> None:
    floor = noise_floor((0.4, 0.6), 80, (1, 2))
    assert floor.alignment == pytest.approx(1 - floor.total_variation)


def test_more_respondents_lower_the_floor() -> None:
    assert noise_floor((0.2, 0.3, 0.5), 1000, (1, 2, 3)).total_variation < (
        noise_floor((0.2, 0.3, 0.5), 100, (1, 2, 3)).total_variation / 2
    )


def test_options_without_order_have_a_floor_in_total_variation_only() -> None:
    floor = noise_floor((0.5, 0.5), 50, (1, 1))
    assert floor.total_variation > 0
    assert math.isnan(floor.alignment)


def test_refusals_count_in_total_variation_and_have_no_place_on_the_scale() -> None:
    with_refusals = noise_floor((0.36, 0.54, 0.1), 100, (1, 2), refusals_last=True)
    without = noise_floor((0.4, 0.6), 90, (1, 2))
    assert with_refusals.alignment == pytest.approx(without.alignment, abs=0.005)
    assert with_refusals.total_variation > without.total_variation


def test_nobody_has_no_floor() -> None:
    assert np.isnan(noise_floor((0.5, 0.5), 0, (1, 2)).total_variation)
