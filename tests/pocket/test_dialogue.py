"""Conversations hold together: stances follow the person, and what is said later fits what was said before."""

import re
from random import Random

import pytest

from eval.surveys.loading import load_survey
from personas import Group
from pocket import asking, follow_ups, limits, politics, reading, recalling, views
from pocket.cast import Role
from pocket.dialogue import begin, converse
from pocket.panel import Panel
from pocket.respondents import Respondent
from pocket.talk import Talk
from pocket.topics import TOPICS

DEMOCRAT = Group(attribute="POLPARTY", value="Democrat")
ATHEIST = Group(attribute="RELIG", value="Atheist")
GUNS = next(topic for topic in TOPICS if topic.name == "guns")


@pytest.fixture(scope="module")
def panel() -> Panel:
    return Panel(load_survey("civic").survey)


def talk_of(panel: Panel, seed: int, *groups: Group) -> Talk:
    rng = Random(seed)
    return begin(Role("", groups, "usual"), Respondent(panel, panel.crowd(groups), rng), rng)


def test_a_view_is_a_stance_and_a_reason_of_the_persons_side(panel: Panel) -> None:
    for seed in range(20):
        talk = talk_of(panel, seed)
        views.give_view(talk, GUNS)
        pole = GUNS.pole(talk.person.side(GUNS))
        reply = talk.turns[-1].text.lower()
        assert any(stance.lower() in reply for stance in pole.stances)
        assert any(reason.lower() in reply for reason in pole.reasons)


def test_why_gives_a_reason_that_was_not_given_before(panel: Panel) -> None:
    talk = talk_of(panel, 1)
    views.give_view(talk, GUNS)
    assert talk.current is not None
    given = set(talk.current.used)
    follow_ups.give_reason(talk, talk.current)
    new = talk.current.used - given
    assert new
    assert any(reason.lower() in talk.turns[-1].text.lower() for reason in new)


def test_a_recalled_stance_is_the_one_that_was_taken(panel: Panel) -> None:
    talk = talk_of(panel, 2)
    views.give_view(talk, GUNS)
    views.give_view(talk, TOPICS[5])
    position = talk.positions["guns"]
    recalling.recall(talk, position)
    assert position.stance in talk.turns[-1].text
    recalling.recall_first(talk)
    assert position.stance in talk.turns[-1].text


def words_of(text: str) -> set[str]:
    return set(re.findall(r"[a-z-]+", text.lower()))


def test_an_unknown_thing_is_named_back(panel: Panel) -> None:
    talk = talk_of(panel, 3)
    for _ in range(50):
        limits.admit_not_knowing(talk)
    every_form = words_of(" ".join((*asking.UNKNOWN, *asking.ABOUT, *asking.NEXT)))
    for user, reply in zip(talk.turns[::2], talk.turns[1::2], strict=True):
        assert (words_of(user.text) - every_form) & words_of(reply.text)


def test_asked_whether_it_is_a_person_it_says_that_it_is_a_demonstration(panel: Panel) -> None:
    for seed in range(20):
        talk = talk_of(panel, seed, DEMOCRAT)
        limits.admit_machine(talk)
        assert "language model" in talk.turns[-1].text or "demonstration model" in talk.turns[-1].text


def test_people_without_faith_do_not_speak_of_their_church(panel: Panel) -> None:
    for seed in range(150):
        talk = talk_of(panel, seed, ATHEIST)
        converse(panel, talk, 6)
        said = " ".join(turn.text for turn in talk.turns if turn.role == "assistant")
        assert "our church" not in said
        assert "my faith" not in said.lower()


def test_members_of_a_party_name_it(panel: Panel) -> None:
    talk = talk_of(panel, 4, DEMOCRAT)
    politics.tell_party(talk, panel)
    assert "Democrat" in talk.turns[-1].text or "left" in talk.turns[-1].text


def test_people_with_a_side_pick_its_statement(panel: Panel) -> None:
    rng = Random(5)
    matches = total = 0
    for _ in range(600):
        person = Respondent(panel, panel.crowd(()), rng)
        user, reply = reading.reading_probe(person, rng)
        lines = dict(line.split(". ", 1) for line in user.text.splitlines() if line[1:3] == ". ")
        for topic in TOPICS:
            left = {text.lower() for text in topic.left.stances + topic.left.reasons}
            right = {text.lower() for text in topic.right.stances + topic.right.reasons}
            first, second = lines["A"].lower(), lines["B"].lower()
            if {first, second} & left and {first, second} & right and person.side(topic) != "middle":
                chosen = lines[reply.text].lower()
                total += 1
                matches += (chosen in right) == (person.lean(topic) > 0)
    assert total > 150
    assert matches / total > 0.9
