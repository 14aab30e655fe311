"""What the figures mean is said in words, and nothing is claimed that they do not show."""

from chat_personas.in_words import doubts, sounds_like
from eval.intervals import Interval
from eval.references import Difference, Reference, References


def beside(low: float, high: float) -> References:
    """References of which answering as everyone scores this much more than the persona."""
    difference = Interval((low + high) / 2, low, high)
    return References(None, Reference(None, None, Difference(difference, None)), None, None)


HIGH, MIDDLE, LOW = Interval(0.9, 0.88, 0.92), Interval(0.87, 0.84, 0.9), Interval(0.7, 0.65, 0.75)


def test_a_persona_that_is_clearly_its_own_group_is_not_doubted() -> None:
    assert list(doubts(HIGH, LOW, "Republican", beside(-0.1, -0.02))) == []


def test_overlapping_intervals_are_no_closeness_to_its_own_group() -> None:
    (said,) = doubts(HIGH, MIDDLE, "Republican", None)
    assert said.endswith("cannot be told apart from one that is as close to Republican as to its own group")


def test_a_persona_that_sounds_like_the_opposite_is_called_that() -> None:
    assert list(doubts(LOW, HIGH, "Republican", None)) == ["this persona is closer to Republican than to its own group"]


def test_a_difference_that_includes_zero_cannot_be_told_apart_from_everyone() -> None:
    (said,) = doubts(HIGH, None, "", beside(-0.01, 0.03))
    assert said == "this persona cannot be told apart from answering as everyone"
    (worse,) = doubts(HIGH, None, "", beside(0.01, 0.03))
    assert "farther from its group than answering as everyone" in worse


def test_ties_are_counted_before_they_are_named() -> None:
    said = sounds_like(["A", "B, or C", "D", "E"], 35, "0.812", bounded=True)
    assert said == "sounds most like: 4 of 35 tied, among them: A 0.812; B, or C; D"
    assert sounds_like(["A"], 35, "0.812", bounded=True) == "sounds most like A 0.812"


def test_under_twenty_questions_no_group_is_named() -> None:
    assert "A" not in sounds_like(["A", "B"], 35, "0.812", bounded=False)
