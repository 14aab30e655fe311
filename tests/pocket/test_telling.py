"""What sets a group apart is what its people say more often than everyone does."""

from random import Random

import pytest

from eval.surveys.loading import load_survey
from personas import Group
from pocket import answers, views
from pocket.cast import Role
from pocket.dialogue import begin
from pocket.panel import Panel
from pocket.respondents import Respondent
from pocket.topics import SIDES, TOPICS, Side

DEMOCRATS = (Group(attribute="POLPARTY", value="Democrat"),)


@pytest.fixture(scope="module")
def panel() -> Panel:
    return Panel(load_survey("civic").survey)


def test_the_telling_answer_is_the_one_that_is_most_above_everyones_share(panel: Panel) -> None:
    crowd, everyone = panel.crowd(DEMOCRATS), panel.crowd(())
    told = {key: panel.telling_answer(crowd, key) for key in panel.questions}
    assert sum(option is not None for option in told.values()) > len(told) / 2
    for key, option in told.items():
        lifts = [own / all_ for own, all_ in zip(crowd.answers[key].shares, everyone.answers[key].shares, strict=True)]
        if option is not None:
            assert lifts[option] >= 1.15
            frequent = [lift for lift, own in zip(lifts, crowd.answers[key].shares, strict=True) if own >= 0.05]
            assert lifts[option] == pytest.approx(max(frequent)) or everyone.answers[key].shares[option] < 0.05


def test_everyone_has_no_telling_answer(panel: Panel) -> None:
    assert {panel.telling_answer(panel.crowd(()), key) for key in panel.questions} == {None}


def test_a_telling_person_gives_the_telling_answers_as_letters_in_either_order(panel: Panel) -> None:
    person = Respondent.telling(panel, panel.crowd(DEMOCRATS), Random(1))
    for key, trained in panel.questions.items():
        option = panel.telling_answer(person.crowd, key)
        if option is None:
            continue
        assert person.answer(key) == option
        user, reply = answers.telling_probe(panel, person, key, Random(2))
        printed = dict(line.split(". ", 1) for line in user.text.splitlines() if line[1:3] == ". ")
        assert printed[reply.text] == trained.question.option_texts[option]


@pytest.mark.parametrize(("party", "other"), [("Democrat", "right"), ("Republican", "left")])
def test_a_telling_persons_view_never_is_a_stance_of_the_other_side(panel: Panel, party: str, other: Side) -> None:
    groups = (Group(attribute="POLPARTY", value=party),)
    role = Role("", groups, "long")
    for seed, topic in enumerate(TOPICS * 5):
        rng = Random(seed)
        talk = begin(role, Respondent.telling(panel, panel.crowd(groups), rng), rng)
        views.give_view(talk, topic)
        said = talk.turns[-1].text.lower()
        taken = {side for side in SIDES if any(stance.lower() in said for stance in topic.pole(side).stances)}
        assert taken
        assert other not in taken
