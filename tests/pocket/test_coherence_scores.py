"""What hangs together and what does not is told by the recipe's own words."""

import re
from random import Random

import pytest

from eval.surveys.loading import load_survey
from personas import Group
from pocket import own_life
from pocket.cast import Role
from pocket.coherence_scores import reasons_in, repeats_itself
from pocket.conversation_scores import admits_not_knowing
from pocket.dialogue import begin
from pocket.limits import admit_not_knowing
from pocket.panel import Panel
from pocket.respondents import Respondent
from pocket.talk import Talk
from pocket.topics import SIDES, TOPICS, Side

PANEL = Panel(load_survey("civic").survey)
SOMEBODY = (Group(attribute="SEX", value="Female"), Group(attribute="RACE", value="Black"))
KINDS = ("years old", "I work|retired|student", "children|one child|alone|share a home|my parents", "free time")


def talk(seed: int, groups: tuple[Group, ...] = SOMEBODY, *, plain: bool = True) -> Talk:
    rng = Random(seed)
    return begin(Role("", groups, "usual"), Respondent(PANEL, PANEL.crowd(groups), rng), rng, plain=plain)


@pytest.mark.parametrize(
    ("introduction", "repeats"),
    [
        ("I am a Democrat. I am 30 years old and live in a suburb in the West. I work as a nurse.", False),
        ("I am a Democrat. I am married and have one child. In my free time I enjoy music. What about you?", False),
        ("I am retired. I used to work as a nurse. I live alone with a cat.", False),
        ("I am a woman. I am a woman. I work as a nurse.", True),
        ("I am married and have two children. I enjoy jazz. I am married and have one child.", True),
        ("I live alone. I work as a nurse. I share a home with a friend.", True),
        ("I am between 18 and 29 years old. I am 56 years old and live in a suburb.", True),
        ("I am retired. I used to work as a nurse. I work as a carpenter.", True),
    ],
)
def test_two_facts_of_one_kind_are_a_repetition(introduction: str, repeats: bool) -> None:
    assert repeats_itself(introduction) == repeats


def test_the_recipes_own_introductions_repeat_nothing_and_plain_ones_keep_one_order() -> None:
    for seed in range(60):
        one = talk(seed)
        own_life.introduce(one)
        reply = one.turns[-1].text
        assert not repeats_itself(reply), reply
        places = [found.start() for kind in KINDS if (found := re.search(kind, reply))]
        assert places == sorted(places), reply
        mixed = talk(seed, plain=False)
        own_life.introduce(mixed)
        assert sorted(reply) == sorted(mixed.turns[-1].text), "the order of what is told changes, and nothing else"


@pytest.mark.parametrize("plain", [True, False])
def test_an_admission_of_not_knowing_is_recognised_and_names_nothing_where_it_is_plain(plain: bool) -> None:
    for seed in range(30):
        one = talk(seed, plain=plain)
        admit_not_knowing(one)
        question, reply = one.turns[-2].text, one.turns[-1].text
        assert admits_not_knowing(reply)
        assert bool(re.search(r"(about|on) that\b", reply)) == plain, (question, reply)
    assert not admits_not_knowing("I think that gun laws should be stricter.")


@pytest.mark.parametrize("side", SIDES)
def test_a_reason_counts_for_the_side_that_gives_it(side: Side) -> None:
    for topic in TOPICS:
        for reason in topic.pole(side).reasons:
            assert side in reasons_in(topic, f"I might change my mind if I became sure that {reason}. So far, no.")
    assert reasons_in(TOPICS[0], "I try to keep an open mind.") == set()
