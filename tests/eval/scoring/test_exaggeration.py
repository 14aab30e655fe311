"""How much of what sets a group apart the persona carries: recovered where it is planted, null where it cannot be."""

import numpy as np
import pytest

from eval.answers import FloatArray
from eval.scoring.exaggeration import Shifts, group_shift, place, sampled, shift_of, steering_slope
from eval.scoring.intervals import Bootstrap
from eval.scoring.results import Effect
from eval.scoring.scores import score
from eval.surveys.model import Responses
from tests.eval.towns import DEMOCRAT, answer, question, town
from tests.examples import slow_but_first


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


@slow_but_first("slope", [0, 0.5, 1, 1.5], quick=2)
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


LARGE = 100_000
GROUP_SHARES = np.linspace(0.3, 0.9, 24)
"""The group's share of the first option on each of 24 questions; everyone's is 0.5, the unsteered model's 0.4."""


def effect_of(times: float, *, letters: float = 0.0, noise: float = 0.0) -> Effect:
    """Return the effect of a persona that moves by so many times what sets the group apart; `letters`: it likes A."""
    questions = [
        question(f"Q{number}", {DEMOCRAT: (LARGE * share, LARGE * (1 - share))}, overall=(5 * LARGE, 5 * LARGE))
        for number, share in enumerate(GROUP_SHARES)
    ]

    def said(first: float) -> tuple[list[float], list[float]]:
        return [first + letters, 1 - first - letters], [first - letters, 1 - first + letters]

    moved = [0.4 + times * (share - 0.5) + noise * (-1) ** i for i, share in enumerate(GROUP_SHARES)]
    persona = [answer(f"Q{i}", *said(first)) for i, first in enumerate(moved)]
    without = [answer(f"Q{i}", *said(0.4)) for i in range(len(GROUP_SHARES))]
    found = score(town(*questions), (DEMOCRAT,), persona, unsteered=without).effect
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("times", "finding"),
    [(0, "not_steered"), (0.5, "flattened"), (1, "as_the_group"), (1.5, "caricature"), (-0.5, "moves_away")],
)
def test_the_slope_says_how_far_the_persona_goes_with_its_group(times: float, finding: str) -> None:
    found = effect_of(times, noise=0.02)
    assert found.slope is not None
    assert found.slope.mean == pytest.approx(times, abs=0.01)
    assert found.finding == finding


def test_what_a_persona_changes_is_its_distance_from_the_unsteered_model() -> None:
    found = effect_of(0.5)
    assert found.change is not None
    assert found.change.mean == pytest.approx(np.abs(0.5 * (GROUP_SHARES - 0.5)).mean())
    assert found.repeat is not None
    assert found.repeat.mean == pytest.approx(0)


def test_a_persona_that_changes_nothing_changes_no_more_than_the_letters_do() -> None:
    found = effect_of(0, letters=0.2)
    assert found.change is not None
    assert found.repeat is not None
    assert found.change_minus_repeat is not None
    assert found.change.mean == pytest.approx(0)
    assert found.repeat.mean == pytest.approx(0.4)
    assert found.change_minus_repeat.mean == pytest.approx(0)
    assert found.change_minus_repeat.includes_zero


def test_without_the_unsteered_model_nothing_is_said_of_what_the_persona_changes() -> None:
    one = question("Q0", {DEMOCRAT: (60, 40)}, overall=(50, 50))
    assert score(town(one), (DEMOCRAT,), [answer("Q0", [0.5, 0.5], [0.5, 0.5])]).effect is None


def test_weights_that_are_all_alike_change_nothing() -> None:
    plain = question("Q0", {DEMOCRAT: (60, 40)}, overall=(90, 110))

    def weighted(responses: Responses, people: float) -> Responses:
        return Responses(counts=tuple(2 * each for each in responses.options), refused=0, n_effective=people)

    doubled = plain.model_copy(
        update={
            "overall": weighted(plain.overall or Responses(counts=()), 200),
            "responses": {"POLPARTY": {"Democrat": weighted(plain.responses["POLPARTY"]["Democrat"], 100)}},
        }
    )
    assert shift_of(doubled, (DEMOCRAT,)) == pytest.approx(shift_of(plain, (DEMOCRAT,)))
    assert shift_of(plain, (DEMOCRAT,))[0] == pytest.approx(0.4 - 0.55), "the shares of the second option"
