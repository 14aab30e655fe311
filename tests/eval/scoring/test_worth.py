"""How many people a persona is worth: against brute force, and recovered where it is known."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from eval.answers import FloatArray
from eval.scoring.intervals import Bootstrap
from eval.scoring.worth import SIZES, curve, sample_distance, worth_in_people


@given(
    st.lists(st.floats(0.01, 1), min_size=2, max_size=6).map(lambda masses: np.array(masses) / sum(masses)),
    st.integers(1, 300),
)
def test_the_distance_of_a_sample_is_the_expectation_over_all_samples(proportions: FloatArray, people: int) -> None:
    counts = np.arange(people + 1)
    expected = sum(binom.pmf(counts, people, p) @ np.abs(counts / people - p) for p in proportions) / 2
    assert sample_distance(proportions, people) == pytest.approx(expected, rel=1e-7)


def test_one_person_misses_by_what_the_others_answered() -> None:
    assert sample_distance([0.5, 0.3, 0.2], 1) == pytest.approx(1 - 0.25 - 0.09 - 0.04)
    assert sample_distance([1.0, 0.0], 5) == 0


def test_it_falls_as_one_over_the_root_of_people() -> None:
    limit = sum(np.sqrt(p * (1 - p) / (2 * np.pi)) for p in (0.5, 0.3, 0.2))
    assert sample_distance([0.5, 0.3, 0.2], 100_000) * np.sqrt(100_000) == pytest.approx(limit, rel=1e-3)


@pytest.mark.parametrize("people", [3, 10, 30, 100])
def test_a_persona_that_misses_as_samples_do_is_worth_as_many_people(people: int) -> None:
    rng = np.random.default_rng(people)
    groups = [rng.dirichlet(np.ones(4)) for _ in range(62)]
    misses = np.array([sample_distance(group, people) for group in groups])
    found = worth_in_people(misses, np.stack([curve(group) for group in groups]), Bootstrap())
    assert found is not None
    assert found.mean == pytest.approx(people, rel=0.02)
    assert found.low is not None
    assert found.high is not None
    assert found.low <= people * 1.001
    assert found.high >= people * 0.999


def test_worse_than_one_person_and_better_than_all_stay_at_the_ends() -> None:
    curves = np.stack([curve([0.5, 0.3, 0.2])] * 25)
    worst, best = (worth_in_people(np.full(25, miss), curves, Bootstrap()) for miss in (1.0, 0.0))
    assert worst is not None
    assert best is not None
    assert (worst.mean, best.mean) == (pytest.approx(SIZES[0]), pytest.approx(SIZES[-1]))


def test_questions_without_figures_are_left_out_and_under_twenty_have_no_interval() -> None:
    curves = np.stack([curve([0.5, 0.5])] * 10)
    curves[0] = np.nan
    found = worth_in_people(np.full(10, 0.1), curves, Bootstrap())
    assert found is not None
    assert found.low is None
    assert worth_in_people(np.full(1, 0.1), curves[:1], Bootstrap()) is None
