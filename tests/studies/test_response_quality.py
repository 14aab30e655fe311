"""Careless answering, copies and names: each figure beside one that was counted by hand or over all pairs."""

import random
from itertools import combinations

import pytest

from chat_personas.studies.response_quality import (
    ScaleAnswer,
    longest_string,
    near_duplicates,
    possible_names,
    shingles,
    similarity,
    variability,
)


def answers(*values: float, low: float = 1, high: float = 7) -> list[ScaleAnswer]:
    return [ScaleAnswer(value, low, high) for value in values]


def test_the_longest_string_is_that_of_equal_answers_in_a_row() -> None:
    assert longest_string(answers(4, 4, 2, 2, 2, 4)) == 3
    assert longest_string(answers(1, 2, 3)) == 1
    assert longest_string([]) == 0


def test_a_scale_with_other_ends_begins_another_string() -> None:
    assert longest_string([*answers(5, 5), *answers(5, 5, 5, high=100), *answers(5)]) == 3


def test_variability_is_the_standard_deviation_over_items() -> None:
    assert variability(answers(1, 7, 1, 7)) == pytest.approx((1 / 3) ** 0.5)  # 0, 1, 0, 1 on the scale
    assert variability(answers(4, 4, 4)) == 0
    assert variability(answers(4)) is None


def test_scales_with_other_ends_count_alike() -> None:
    assert variability([*answers(1, 7), *answers(0, 100, low=0, high=100)]) == variability(answers(1, 7, 1, 7))


def test_similarity_is_the_share_of_common_words_in_a_row() -> None:
    one, other = shingles("Guns are a danger"), shingles("guns are a right!")
    assert one == {"guns are a", "are a danger"}
    assert similarity(one, other) == pytest.approx(1 / 3)
    assert similarity(one, shingles("GUNS, are a danger.")) == 1


def test_near_duplicates_are_the_groups_that_a_comparison_of_all_pairs_finds() -> None:
    pytest.importorskip("datasketch", reason="datasketch is not installed")
    choose = random.Random(4)
    words = [f"word{number}" for number in range(40)]
    said = [" ".join(choose.choices(words, k=40)) for _ in range(60)]
    for place in range(0, 30, 3):  # near-duplicates: a word of a text is another one
        changed = said[place].split()
        changed[choose.randrange(40)] = "other"
        said[place + 1] = " ".join(changed)
    messages = {f"m{place:02}": (f"c{place}", text) for place, text in enumerate(said)}
    sets = {key: shingles(text) for key, (_, text) in messages.items()}
    expected = {pair for pair in combinations(sorted(sets), 2) if similarity(sets[pair[0]], sets[pair[1]]) >= 0.8}
    found = near_duplicates(messages)
    assert {group.messages for group in found.groups} == expected
    assert len(expected) == 10
    assert all(0.8 <= group.similarity < 1 for group in found.groups)


def test_copies_in_several_conversations_are_one_group_and_short_answers_none() -> None:
    pytest.importorskip("datasketch", reason="datasketch is not installed")
    copied = "As an AI, I believe that taxes are far too high."
    messages = {
        "a": ("1", copied),
        "b": ("2", copied),
        "c": ("2", copied.upper()),
        "d": ("3", "yes"),
        "e": ("4", "yes"),
    }
    found = near_duplicates(messages)
    assert found.compared == 3
    (group,) = found.groups
    assert (group.messages, group.conversations, group.similarity) == (("a", "b", "c"), 2, 1.0)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("I live in New York with Anna.", ["Anna", "New York"]),
        ("My neighbour Peter O’Brien moved to Ohio", ["Ohio", "Peter O’Brien"]),
        ("Guns are bad. Anna says so.", []),  # the beginning of a sentence: not found, as the page says
        ("i live in springfield", []),
        ("I think Democrats in Congress are wrong, and I'm sure", []),
        ("He said: “Go home.”\nTaxes are high", []),
    ],
)
def test_words_with_a_capital_letter_inside_a_sentence_are_listed(text: str, names: list[str]) -> None:
    assert [found.text for found in possible_names({"m": text})] == names


def test_names_are_counted_over_all_texts_the_most_frequent_first() -> None:
    found = possible_names({"m1": "with Zoe in Bern", "m2": "near Bern and Bern"})
    assert [(name.text, name.times, name.where) for name in found] == [("Bern", 3, ("m1", "m2")), ("Zoe", 1, ("m1",))]
