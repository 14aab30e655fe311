"""Synthetic people answer as their groups do, and as one mind."""

from collections import Counter
from random import Random

import pytest

from eval.surveys.human_figures import human_figures
from eval.surveys.loading import load_survey
from personas import Group
from pocket.panel import Panel
from pocket.respondents import Respondent
from pocket.topics import TOPICS

DEMOCRAT = Group(attribute="POLPARTY", value="Democrat")
FEMALE = Group(attribute="SEX", value="Female")
ATHEIST = Group(attribute="RELIG", value="Atheist")


@pytest.fixture(scope="module")
def panel() -> Panel:
    return Panel(load_survey("civic").survey)


def shares(panel: Panel, groups: tuple[Group, ...], key: str, people: int = 6000) -> list[float]:
    rng = Random(1)
    drawn = Counter(Respondent(panel, panel.crowd(groups), rng).answer(key) for _ in range(people))
    return [drawn[option] / people for option in range(len(panel.questions[key].leans))]


@pytest.mark.parametrize("key", ["ABORTION_W32", "POORASSIST_W92", "SOCIETY_GUNS_W92"])
def test_answers_have_the_distribution_of_the_group(panel: Panel, key: str) -> None:
    figures = human_figures(panel.questions[key].question, (DEMOCRAT,))
    assert figures is not None
    assert shares(panel, (DEMOCRAT,), key) == pytest.approx(list(figures.distribution), abs=0.025)


def test_people_of_a_pair_follow_the_figures_of_the_pair(panel: Panel) -> None:
    figures = human_figures(panel.questions["ABORTION_W32"].question, (DEMOCRAT, FEMALE))
    assert figures is not None
    assert panel.crowd((DEMOCRAT, FEMALE)).answers["ABORTION_W32"].shares == pytest.approx(tuple(figures.distribution))


def test_without_pair_figures_the_groups_pulls_multiply(panel: Panel) -> None:
    question = panel.questions["GOVTHC_W92"].question
    parts = [human_figures(question, groups) for groups in ((DEMOCRAT,), (FEMALE,), ())]
    (democrats, women, everyone) = [part.distribution for part in parts if part is not None]
    product = democrats * women / everyone
    expected = tuple(product / product.sum())
    assert panel.crowd((DEMOCRAT, FEMALE)).answers["GOVTHC_W92"].shares == pytest.approx(expected)


def test_groups_without_figures_answer_as_everyone(panel: Panel) -> None:
    assert panel.crowd((ATHEIST,)).answers == panel.crowd(()).answers


def test_answers_of_one_person_hang_together(panel: Panel) -> None:
    rng = Random(2)
    people = [Respondent(panel, panel.crowd(()), rng) for _ in range(3000)]
    both = Counter((one.answer("GOVSIZE1_W92"), one.answer("GOVTHC_W92")) for one in people)
    against_coverage_if_small = both[0, 1] / (both[0, 0] + both[0, 1])
    against_coverage_if_big = both[1, 1] / (both[1, 0] + both[1, 1])
    assert against_coverage_if_small > against_coverage_if_big + 0.2


def test_an_anchored_person_gives_the_answer_of_that_quantile(panel: Panel) -> None:
    crowd = panel.crowd((DEMOCRAT,))
    permitted = crowd.answers["ABORTION_W32"].shares[0]
    low = Respondent.anchored(panel, crowd, "ABORTION_W32", permitted - 0.01, Random(3))
    high = Respondent.anchored(panel, crowd, "ABORTION_W32", permitted + 0.01, Random(3))
    assert (low.answer("ABORTION_W32"), high.answer("ABORTION_W32")) == (0, 1)


def test_the_parties_stand_on_different_sides_of_most_topics(panel: Panel) -> None:
    rng = Random(4)
    for topic in TOPICS:
        democrats = sum(Respondent(panel, panel.democrats, rng).lean(topic) for _ in range(200)) / 200
        republicans = sum(Respondent(panel, panel.republicans, rng).lean(topic) for _ in range(200)) / 200
        assert democrats < republicans
