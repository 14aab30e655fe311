"""How much of what sets a group apart the persona carries: recovered where it is planted, null where it cannot be."""

import numpy as np
import pytest

from eval.answers import FloatArray
from eval.scoring.exaggeration import Shifts, group_shift, place, sampled, steering_slope
from eval.scoring.intervals import Bootstrap


def test_places_run_from_0_to_1_over_the_span_and_not_over_the_options() -> None:
    ordinals = np.array([1.0, 2.0, 5.0])
    assert place(np.array([1.0, 0, 0]), ordinals) == 0
    assert place(np.array([0, 1.0, 0]), ordinals) == pytest.approx(0.25)
    assert place(np.array([0.5, 0, 0.5]), ordinals) == pytest.approx(0.5)
    assert np.isnan(place(np.array([0.5, 0.5]), np.array([1.0, 1.0])))


def test_mean_and_variance_are_those_of_the_people_one_by_one() -> None:
    counts, ordinals = np.array([3.0, 5.0, 2.0]), np.array([1.0, 2.0, 3.0])
    people = np.repeat([0, 0.5, 1], [3, 5, 2])
    found = sampled(counts, ordinals)
    assert (found.place, found.variance) == (pytest.approx(people.mean()), pytest.approx(people.var(ddof=1)))


def test_the_group_differs_from_everyone_by_its_mean_less_that_of_all_people() -> None:
    ordinals = np.array([0.0, 1.0, 2.0])
    group, everyone = np.array([10.0, 20, 70]), np.array([100.0, 200, 200])
    shift, error = group_shift(sampled(group, ordinals), sampled(everyone - group, ordinals))
    means = [counts @ (ordinals / 2) / counts.sum() for counts in (group, everyone)]
    assert shift == pytest.approx(means[0] - means[1])
    rng = np.random.default_rng(0)
    draws = []
    for _ in range(4000):
        g, r = (rng.multinomial(int(c.sum()), c / c.sum()) for c in (group, everyone - group))
        draws.append(g @ ordinals / 2 / g.sum() * 0.8 + r @ ordinals / 2 / r.sum() * 0.2 - (r @ ordinals / 2 / r.sum()))
    assert error == pytest.approx(np.var(draws), rel=0.1)


def planted(slope: float, people: int, rng: np.random.Generator, questions: int = 62) -> Shifts:
    """A persona that carries `slope` of how a group of so many people truly differs from everyone."""
    ordinals = np.arange(4.0)
    persona, group, error = (np.zeros(questions) for _ in range(3))
    for row in range(questions):
        rest = rng.dirichlet(np.full(4, 2.0))
        ours = 0.6 * rest + 0.4 * rng.dirichlet(np.full(4, 2.0))
        others = 5 * people
        truly = (others / (others + people)) * (place(ours, ordinals) - place(rest, ordinals))
        persona[row] = slope * truly + rng.normal(0, 0.03)
        counts = rng.multinomial(people, ours).astype(float), rng.multinomial(others, rest).astype(float)
        group[row], error[row] = group_shift(sampled(counts[0], ordinals), sampled(counts[1], ordinals))
    return Shifts(persona, group, error)


@pytest.mark.parametrize("slope", [0, 0.5, 1, 1.5])
def test_the_planted_slope_is_recovered_on_average_also_from_small_groups(slope: float) -> None:
    rng = np.random.default_rng(7)
    found = [steering_slope(planted(slope, 100, rng), Bootstrap(resamples=200)) for _ in range(150)]
    assert np.mean([each.mean for each in found if each is not None]) == pytest.approx(slope, abs=0.05)


def test_a_group_that_differs_by_chance_alone_has_no_slope() -> None:
    ordinals, even = np.arange(4.0), np.full(4, 0.25)
    rng = np.random.default_rng(3)
    pairs = [
        group_shift(
            sampled(rng.multinomial(20, even) * 1.0, ordinals), sampled(rng.multinomial(99, even) * 1.0, ordinals)
        )
        for _ in range(62)
    ]
    group, error = (np.array(column) for column in zip(*pairs, strict=True))
    assert steering_slope(Shifts(group, group, error), Bootstrap()) is None


def test_nothing_is_said_without_questions_that_have_all_three() -> None:
    nothing: FloatArray = np.array([np.nan])
    assert steering_slope(Shifts(nothing, nothing, nothing), Bootstrap()) is None
