"""The understanding gap: planted truths come back, noise is taken out; what cannot be said is null with a reason."""

import math
from collections.abc import Callable, Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchmarks.simulations.understanding import once, participants, study
from chat_personas.studies.understanding import (
    Estimate,
    Figures,
    Guesses,
    Shares,
    StudyError,
    UnderstandingGap,
    against_control,
    understanding_gap,
)

EXACT = 1e-9


def asked(questions: int) -> dict[str, Figures]:
    """Questions with two to four options, in which people and persona differ."""
    rng = np.random.default_rng(0)
    widths = [2 + number % 3 for number in range(questions)]
    return {
        f"q{number}": Figures(*rng.dirichlet(np.ones(width), 2), np.arange(float(width)))
        for number, width in enumerate(widths)
    }


def learners(
    figures: Mapping[str, Figures], planted: tuple[float, float], people: int = 12, name: str = "p"
) -> Guesses:
    """Participants who all learn exactly as planted."""
    rng = np.random.default_rng([people, len(name)])
    before, after = {}, {}
    for number in range(people):
        first = {question: rng.dirichlet(np.ones(len(each.people))) for question, each in figures.items()}
        before[f"{name}{number}"] = first
        after[f"{name}{number}"] = {
            question: guess
            + planted[0] * (figures[question].people - guess)
            + planted[1] * (figures[question].persona - guess)
            for question, guess in first.items()
        }
    return Guesses(before, after)


def exact(planted: tuple[float, float], people: int = 12, questions: int = 6) -> tuple[dict[str, Figures], Guesses]:
    """A study whose participants all learn exactly as planted."""
    figures = asked(questions)
    return figures, learners(figures, planted, people)


def stacked(figures: Mapping[str, Figures], guesses: Guesses) -> tuple[np.ndarray, np.ndarray]:
    """The regression as it is defined, one row per option of each pair of guesses."""
    rows = [
        (each.people - before, each.persona - before, guesses.after[who][name] - before)
        for who, all_of in guesses.before.items()
        for name, before in all_of.items()
        if name in guesses.after.get(who, {})
        for each in [figures[name]]
    ]
    people, persona, change = (np.concatenate(column) for column in zip(*rows, strict=True))
    return np.column_stack([people, persona]), change


def without(shares: Shares, drop: Callable[[str, str], bool]) -> dict[str, dict[str, np.ndarray]]:
    return {who: {name: x for name, x in asked.items() if not drop(who, name)} for who, asked in shares.items()}


def values(found: UnderstandingGap) -> list[float]:
    """All numbers of a result."""
    numbers: list[float] = []
    for _, value in found:
        numbers += [value.value, value.low, value.high] if isinstance(value, Estimate) else []
        numbers += [value] if isinstance(value, (int, float)) else []
    return numbers


@pytest.mark.parametrize("planted", [(0.0, 0.0), (0.3, 0.2), (0.0, 1.0), (1.0, 0.0)])
def test_what_all_learn_alike_is_found_exactly_and_without_doubt(planted: tuple[float, float]) -> None:
    figures, guesses = exact(planted)
    found = understanding_gap(figures, guesses)
    assert found.a is not None
    assert found.b is not None
    assert (found.a.value, found.b.value) == pytest.approx(planted, abs=EXACT)
    assert found.a.high - found.a.low == pytest.approx(0, abs=EXACT)


def test_a_and_b_are_those_of_least_squares_on_stacked_rows() -> None:
    made = study(14, 7, (0.3, 0.2), 0.5, np.random.default_rng(3), before=30)
    guesses = Guesses(
        made.guesses.before, without(made.guesses.after, lambda who, name: who == "p003" and name in {"q01", "q02"})
    )
    found = understanding_gap(made.figures, guesses)
    expected = np.linalg.lstsq(*stacked(made.figures, guesses))[0]
    assert found.a is not None
    assert found.b is not None
    assert [found.a.value, found.b.value] == pytest.approx(expected)
    assert found.condition == pytest.approx(np.linalg.cond(stacked(made.figures, guesses)[0]))


def test_the_interval_is_the_two_way_jackknife_by_refitting() -> None:
    made = study(11, 6, (0.3, 0.2), 0.5, np.random.default_rng(4))
    guesses, figures = once(made.guesses), made.figures

    def fitted(drop: Callable[[str, str], bool]) -> np.ndarray:
        left = Guesses(without(guesses.before, drop), guesses.after)
        return np.linalg.lstsq(*stacked(figures, left))[0]

    all_of_them = fitted(lambda *_: False)
    people = sum((fitted(lambda who, _, out=out: who == out) - all_of_them) ** 2 for out in guesses.before)
    questions = sum((fitted(lambda _, name, out=out: name == out) - all_of_them) ** 2 for out in figures)
    cells = sum(
        (fitted(lambda *cell, out=(who, name): cell == out) - all_of_them) ** 2
        for who in guesses.before
        for name in figures
    )
    variance = np.maximum(people + questions - cells, np.maximum(people, questions))
    found = understanding_gap(figures, guesses)
    for estimate, each in zip((found.a, found.b), variance, strict=True):
        assert estimate is not None
        assert estimate.high - estimate.value == pytest.approx(stats.t.ppf(0.975, 5) * each**0.5)
        assert estimate.value - estimate.low == pytest.approx(estimate.high - estimate.value)


@given(st.integers(0, 10**6))
def test_names_and_orders_of_participants_questions_and_options_do_not_matter(seed: int) -> None:
    made = study(10, 5, (0.3, 0.2), 0.5, np.random.default_rng(7), before=30)
    rng = np.random.default_rng(seed)
    options = {name: rng.permutation(len(each.people)) for name, each in made.figures.items()}
    called = {who: f"x{number}" for who, number in zip(made.guesses.before, rng.permutation(10), strict=True)}
    named = {name: f"y{number}" for name, number in zip(made.figures, rng.permutation(5), strict=True)}

    def mixed(shares: Shares) -> Shares:
        return {
            called[who]: {named[name]: x[options[name]] for name, x in reversed(list(asked.items()))}
            for who, asked in reversed(list(shares.items()))
        }

    figures = {
        named[name]: Figures(*(part[options[name]] for part in (each.people, each.persona, each.ordinals)))
        for name, each in made.figures.items()
    }
    guesses = Guesses(mixed(made.guesses.before), mixed(made.guesses.after), mixed(made.guesses.again))
    again = understanding_gap(figures, guesses)
    assert values(again) == pytest.approx(values(understanding_gap(made.figures, made.guesses)))


def test_people_and_persona_change_places_with_a_and_b() -> None:
    made = study(12, 6, (0.3, 0.2), 0.5, np.random.default_rng(8))
    swapped = {name: Figures(each.persona, each.people, each.ordinals) for name, each in made.figures.items()}
    one, other = (understanding_gap(figures, once(made.guesses)) for figures in (made.figures, swapped))
    for ours, theirs in ((one.a, other.b), (one.b, other.a)):
        assert ours is not None
        assert theirs is not None
        assert (ours.value, ours.low, ours.high) == pytest.approx((theirs.value, theirs.low, theirs.high))


def test_those_who_left_and_single_guesses_are_left_out_and_counted() -> None:
    figures, guesses = exact((0.3, 0.2))
    after = without(guesses.after, lambda who, name: who == "p0" or (who == "p1" and name in {"q1", "q4"}))
    found = understanding_gap(figures, Guesses(guesses.before, after))
    assert (found.participants, found.questions, found.pairs) == (11, 6, 11 * 6 - 2)
    assert (found.participants_left_out, found.guesses_left_out) == (1, 2)
    assert found.a is not None
    assert found.a.value == pytest.approx(0.3)


def test_rounded_percentages_are_taken_for_shares() -> None:
    figures, guesses = exact((0.3, 0.2))
    guesses.before["p0"]["q0"] *= 0.995
    found = understanding_gap(figures, guesses)
    assert found.a is not None
    assert found.a.value == pytest.approx(0.3, abs=EXACT)


def test_guesses_that_cannot_be_improved_give_no_a_and_b() -> None:
    figures = {f"q{n}": Figures(*[np.array([0.3, 0.7])] * 2, np.arange(2.0)) for n in range(6)}
    right = {f"p{n}": {name: np.array([0.3, 0.7]) for name in figures} for n in range(12)}
    found = understanding_gap(figures, Guesses(right, right))
    assert found.a is None
    assert found.why_null == "the first guesses, the people and the persona are all alike"
    assert value_and_ends(found.accuracy_before) == [1.0, 1.0, 1.0]


def test_figures_in_rounded_percentages_are_taken_for_shares() -> None:
    figures, guesses = exact((0.3, 0.2))
    rounded = {
        name: Figures(1.004 * each.people, 0.996 * each.persona, each.ordinals) for name, each in figures.items()
    }
    found = understanding_gap(rounded, guesses)
    assert found.a is not None
    assert found.a.value == pytest.approx(0.3, abs=EXACT)


@pytest.mark.parametrize(
    ("people", "questions", "words"),
    [(9, 6, "fewer than 10 participants"), (12, 4, "fewer than 5 questions"), (0, 6, "fewer than 10 participants")],
)
def test_too_few_participants_or_questions_give_no_a_and_b(people: int, questions: int, words: str) -> None:
    found = understanding_gap(*exact((0.3, 0.2), people, questions))
    assert (found.a, found.b, found.accuracy_change) == (None, None, None)
    assert found.why_null is not None
    assert words in found.why_null


def test_a_persona_that_answers_as_the_people_do_gives_no_a_and_b() -> None:
    figures, guesses = exact((0.5, 0.0))
    same = {name: Figures(each.people, each.people, each.ordinals) for name, each in figures.items()}
    found = understanding_gap(same, guesses)
    assert (found.a, found.b) == (None, None)
    assert (
        found.why_null
        == "people and persona lie in one direction from the guesses, so that a and b cannot be told apart"
    )
    assert found.condition is not None
    assert found.condition > 1e6
    assert found.accuracy_change is not None
    written = UnderstandingGap.model_validate_json(found.model_copy(update={"condition": math.inf}).model_dump_json())
    assert written == found.model_copy(update={"condition": None}), "JSON has no infinity"


def test_a_and_b_that_a_single_question_tells_apart_are_null() -> None:
    figures, guesses = exact((0.5, 0.0))
    same = {name: Figures(each.people, each.people, each.ordinals) for name, each in figures.items()}
    found = understanding_gap({**same, "q0": figures["q0"]}, guesses)
    assert found.a is None
    assert found.why_null is not None
    assert found.why_null.startswith("without one of the questions, people and persona lie in one direction")


def test_accuracy_is_the_alignment_of_guesses_with_people() -> None:
    figures = {f"q{n}": Figures(np.array([0.5, 0.5]), np.array([0.9, 0.1]), np.array([1.0, 2.0])) for n in range(5)}
    before = {f"p{n}": {name: np.array([0.2, 0.8]) for name in figures} for n in range(10)}
    after = {f"p{n}": {name: np.array([0.6, 0.4]) for name in figures} for n in range(10)}
    found = understanding_gap(figures, Guesses(before, after))
    assert value_and_ends(found.accuracy_before) == [pytest.approx(0.7)] * 3
    assert value_and_ends(found.accuracy_after) == [pytest.approx(0.9)] * 3
    assert value_and_ends(found.accuracy_change) == [pytest.approx(0.2)] * 3


def test_options_without_an_order_have_no_accuracy_but_are_learnt() -> None:
    figures, guesses = exact((0.3, 0.2))
    unordered = {name: Figures(each.people, each.persona, 0 * each.ordinals) for name, each in figures.items()}
    found = understanding_gap(unordered, guesses)
    assert found.accuracy_before is None
    assert found.a is not None
    assert found.a.value == pytest.approx(0.3)


def test_the_interval_of_felt_understanding_is_students() -> None:
    rng = np.random.default_rng(1)
    before, after = rng.integers(1, 8, (2, 12)).astype(float)
    felt = [{f"p{n}": float(x) for n, x in enumerate(ratings)} for ratings in (before, after)]
    felt[0]["who left"] = 7.0
    figures, guesses = exact((0.3, 0.2))
    found = understanding_gap(figures, Guesses(guesses.before, guesses.after, {}, *felt)).felt_change
    expected = stats.t.interval(0.95, 11, (after - before).mean(), stats.sem(after - before))
    assert found is not None
    assert (found.low, found.high) == pytest.approx(expected)


def test_felt_understanding_that_rose_while_accuracy_fell_is_visible() -> None:
    rng = np.random.default_rng(2)
    made = study(30, 10, (0.0, 0.6), 0.0, rng)
    near = {who: {name: made.figures[name].people for name in asked} for who, asked in made.guesses.before.items()}
    felt_before = {who: float(rng.integers(2, 5)) for who in near}
    felt_after = {who: rating + float(rng.integers(1, 3)) for who, rating in felt_before.items()}
    fell = understanding_gap(made.figures, Guesses(near, made.guesses.after, {}, felt_before, felt_after))
    assert fell.felt_rose_accuracy_fell
    rose = understanding_gap(made.figures, Guesses(made.guesses.after, near, {}, felt_before, felt_after))
    assert not rose.felt_rose_accuracy_fell
    assert not understanding_gap(made.figures, Guesses(near, made.guesses.after)).felt_rose_accuracy_fell


def renamed(guesses: Guesses) -> Guesses:
    """The guesses of a control group, whose participants have names of their own."""
    before, after = ({f"control {who}": x for who, x in of.items()} for of in (guesses.before, guesses.after))
    return Guesses(before, after)


def value_and_ends(estimate: Estimate | None) -> list[float]:
    assert estimate is not None
    return [estimate.value, estimate.low, estimate.high]


def means(found: list[tuple[Estimate | None, Estimate | None]]) -> tuple[float, float]:
    a, b = zip(*found, strict=True)
    return tuple(float(np.mean([each.value for each in column])) for column in (a, b))


@pytest.mark.parametrize("planted", [(0.0, 0.0), (0.3, 0.2), (0.0, 0.4)])
def test_what_is_planted_is_recovered_on_average_also_where_the_persona_resembles_the_people(
    planted: tuple[float, float],
) -> None:
    rng = np.random.default_rng(11)
    found = []
    for _ in range(25):
        made = study(30, 10, planted, 0.8, rng)
        gap = understanding_gap(made.figures, once(made.guesses))
        found.append((gap.a, gap.b))
    assert means(found) == pytest.approx(planted, abs=0.05)


def test_noise_in_first_guesses_looks_like_learning_and_each_remedy_takes_it_out() -> None:
    rng = np.random.default_rng(9)
    plain, noise, twice, control = [], [], [], []
    for _ in range(12):
        made = study(40, 20, (0.0, 0.3), 0.5, rng, before=10)
        others = renamed(participants(made.figures, 40, (0.0, 0.0), 10, rng)[0])
        for found, each in (
            (plain, understanding_gap(made.figures, once(made.guesses))),
            (noise, understanding_gap(made.figures, once(made.guesses), made.noise)),
            (twice, understanding_gap(made.figures, made.guesses)),
            (control, against_control(made.figures, once(made.guesses), others)),
        ):
            found.append((each.a, each.b))
    assert min(np.subtract(means(plain), (0.0, 0.3))) > 0.05
    for remedied in (noise, twice, control):
        assert means(remedied) == pytest.approx((0.0, 0.3), abs=0.03)


def test_two_equal_first_guesses_are_as_good_as_one() -> None:
    made = study(12, 6, (0.3, 0.2), 0.5, np.random.default_rng(8), before=30)
    twice = Guesses(made.guesses.before, made.guesses.after, made.guesses.before)
    one, other = understanding_gap(made.figures, once(made.guesses)), understanding_gap(made.figures, twice)
    assert (one.noise, other.noise) == ("ignored", "second guess")
    assert other.a == one.a


def test_noise_larger_than_what_there_is_to_learn_gives_no_a_and_b() -> None:
    found = understanding_gap(*exact((0.3, 0.2)), noise=2.0)
    assert found.a is None
    assert found.why_null == "the noise of the guesses is as large as their distance from the figures"


def test_a_control_group_that_learnt_nothing_changes_nothing() -> None:
    figures, guesses = exact((0.3, 0.2))
    found = against_control(figures, guesses, learners(figures, (0.0, 0.0), name="control "))
    assert value_and_ends(found.a) == [pytest.approx(0.3)] * 3
    assert value_and_ends(found.b_difference) == [pytest.approx(0.2)] * 3
    assert (found.participants, found.control_participants, found.questions) == (12, 12, 6)


def test_the_part_that_a_control_group_seems_to_learn_is_taken_out_in_proportion() -> None:
    # With k = 0.2 + 0.1, plain (0.4, 0.3) leaves a share of 0.3 / 0.7 of the apparent learning.
    figures, guesses = exact((0.4, 0.3))
    control = learners(figures, (0.2, 0.1), name="control ")
    found = against_control(figures, guesses, control)
    assert value_and_ends(found.a) == [pytest.approx(0.4 - 0.2 * 0.3 / 0.7)] * 3
    assert value_and_ends(found.b) == [pytest.approx(0.3 - 0.1 * 0.3 / 0.7)] * 3
    assert value_and_ends(found.a_difference) == [pytest.approx(0.2)] * 3
    assert value_and_ends(found.b_control) == [pytest.approx(0.1)] * 3


def test_a_control_group_whose_guesses_are_nearly_all_noise_says_nothing() -> None:
    figures, guesses = exact((0.4, 0.3))
    found = against_control(figures, guesses, learners(figures, (0.6, 0.35), name="control "))
    assert found.a is None
    assert found.why_null == "the first guesses of the control group are nearly all noise"


def test_a_small_control_group_is_named() -> None:
    figures, guesses = exact((0.4, 0.3))
    control = learners(figures, (0.0, 0.0), people=3, name="control ")
    assert against_control(figures, guesses, control).why_null == (
        "control group: fewer than 10 participants guessed before and after"
    )


def test_nobody_is_in_both_groups() -> None:
    figures, guesses = exact((0.4, 0.3))
    with pytest.raises(StudyError, match=r"Participant p0 is in both groups\."):
        against_control(figures, guesses, guesses)


@pytest.mark.parametrize(
    ("guess", "words"),
    [
        ([0.5, 0.3], "is not a distribution"),
        ([1.2, -0.2], "is not a distribution"),
        ([np.nan, 1.0], "is not a distribution"),
        ([0.2, 0.3, 0.5], "has 3 shares for 2 options"),
    ],
)
def test_a_guess_that_cannot_be_one_is_named(guess: list[float], words: str) -> None:
    figures, guesses = exact((0.3, 0.2))
    guesses.after["p2"]["q0"] = np.array(guess)
    with pytest.raises(StudyError, match=f"The guess of participant p2 to question q0 {words}"):
        understanding_gap(figures, guesses)


def test_figures_that_cannot_be_right_are_named() -> None:
    figures, guesses = exact((0.3, 0.2))
    with pytest.raises(StudyError, match="question q5 has no figures to compare with"):
        understanding_gap({name: each for name, each in figures.items() if name != "q5"}, guesses)
    with pytest.raises(StudyError, match="The figures of question q0 are not distributions"):
        understanding_gap({**figures, "q0": Figures(*np.ones((3, 2)))}, guesses)
    with pytest.raises(StudyError, match="The figures of question q0 do not have the same number of options"):
        understanding_gap({**figures, "q0": Figures(np.array([1.0]), np.array([0.5, 0.5]), np.arange(2.0))}, guesses)


def test_a_noise_that_cannot_be_and_a_rating_that_is_no_number_are_refused() -> None:
    figures, guesses = exact((0.3, 0.2))
    with pytest.raises(StudyError, match="cannot be -1"):
        understanding_gap(figures, guesses, -1)
    with pytest.raises(StudyError, match="is not given beside second guesses"):
        understanding_gap(figures, Guesses(guesses.before, guesses.after, guesses.before), 0.01)
    felt = {who: float("nan") for who in guesses.before}
    with pytest.raises(StudyError, match="A rating of felt understanding is not a number"):
        understanding_gap(figures, Guesses(guesses.before, guesses.after, {}, felt, felt))
