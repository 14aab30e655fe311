"""Sides and recollections are counted by the recipe's own words, and unknown things are really unknown."""

from itertools import islice

import pytest

from pocket.conversation_scores import NEW_THINGS, side_taken, stances_in
from pocket.text import documents
from pocket.topics import SIDES, TOPICS, Side

GUNS = next(topic for topic in TOPICS if topic.name == "guns")


@pytest.mark.parametrize("side", SIDES)
def test_a_stance_counts_for_its_side_wherever_it_stands_in_the_reply(side: Side) -> None:
    for stance in GUNS.pole(side).stances:
        assert side_taken(GUNS, f"All in all, I think {stance}. That is how I see it.") == side
        assert side_taken(GUNS, f"{stance.capitalize()}.") == side


def test_of_two_stances_the_first_counts() -> None:
    left, right = GUNS.left.stances[0], GUNS.right.stances[0]
    assert side_taken(GUNS, f"I think {right}. Others say that {left}.") == "right"


def test_words_that_are_no_stance_count_for_nobody() -> None:
    assert side_taken(GUNS, "I do not know enough about guns.") is None


def test_a_view_is_recalled_when_the_same_stance_comes_again() -> None:
    first, second = GUNS.left.stances[:2]
    said = stances_in(GUNS, f"I think {first}.")
    assert said & stances_in(GUNS, f"As I said, I think that {first}.")
    assert not said & stances_in(GUNS, f"As I said, I think that {second}.")


def test_no_text_is_about_the_things_that_are_called_new() -> None:
    for lesson in ("copying", "people"):
        for document in islice(documents(5, lesson=lesson), 400):
            text = " ".join(turn.text for turn in document.turns).lower()
            assert not [thing for thing in NEW_THINGS if thing.lower() in text]
