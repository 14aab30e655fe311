"""What the figures mean is said in words, and nothing is claimed that they do not show."""

from chat_personas.reporting.wording import doubts, nearest_groups
from eval.scoring.results import Difference, Reference, References, Score
from tests.eval.intervals import interval


def beside(low: float, high: float) -> References:
    """References of which answering as everyone scores this much more than the persona."""
    return everyones(None, interval((low + high) / 2, low, high))


def everyones(alignment: Score | None, minus_persona: Score) -> References:
    """References of which there is only answering as everyone."""
    difference = Difference(alignment=minus_persona, total_variation=None)
    population = Reference(alignment=alignment, total_variation=None, minus_persona=difference)
    return References(uniform=None, population=population, opposite=None, noise_floor=None)


CLOSER, UNSURE, FARTHER = interval(-0.2, -0.25, -0.15), interval(-0.02, -0.05, 0.01), interval(0.2, 0.1, 0.3)


def test_a_persona_that_is_clearly_its_own_group_is_not_doubted() -> None:
    assert list(doubts(CLOSER, "Republican", beside(-0.1, -0.02), of_everyone=False)) == []


def test_a_paired_difference_that_includes_zero_is_no_closeness_to_its_own_group() -> None:
    (said,) = doubts(UNSURE, "Republican", None, of_everyone=False)
    assert said == "this persona is not detectably closer to its own group's answers than to Republican answers"


def test_a_persona_that_sounds_like_the_opposite_is_called_that() -> None:
    assert list(doubts(FARTHER, "Republican", None, of_everyone=False)) == [
        "this persona is closer to Republican answers than to its own group's"
    ]


def test_a_difference_that_includes_zero_cannot_be_told_apart_from_everyone() -> None:
    (said,) = doubts(None, "", beside(-0.01, 0.03), of_everyone=False)
    assert said == "this persona is not detectably closer to its group than everyone's answers are"
    (worse,) = doubts(None, "", beside(0.01, 0.03), of_everyone=False)
    assert "farther from its group than everyone's answers" in worse


def test_a_persona_that_is_compared_with_everyone_is_not_said_to_be_farther_from_them_than_they_are() -> None:
    assert list(doubts(None, "", beside(0.03, 0.06), of_everyone=True)) == []


def test_a_group_that_answers_exactly_as_everyone_is_a_group_all_the_same() -> None:
    same = everyones(interval(1.0, 1.0, 1.0), interval(0.04, 0.03, 0.06))
    (said,) = doubts(None, "", same, of_everyone=False)
    assert said == "this persona is farther from its group than everyone's answers are"


def test_ties_are_counted_before_they_are_named() -> None:
    said = nearest_groups(["A", "B, or C", "D", "E"], 35, "0.812", bounded=True)
    assert said == "nearest groups: 4 of 35 tied (paired differences): A 0.812; B, or C; D; …"
    first = nearest_groups(["A"], 35, "0.812", bounded=True)
    assert first == "nearest group: A 0.812, clearly first (paired differences)"


def test_under_twenty_questions_no_group_is_named() -> None:
    said = nearest_groups(["A", "B"], 35, "0.812", bounded=False)
    assert said == "nearest groups: too few questions (under 20) to rank groups"
