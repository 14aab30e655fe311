"""The card's party scores mean what they say: against each party, on the chosen questions only."""

from types import SimpleNamespace

import pytest

from eval.surveys.human_figures import human_figures
from eval.surveys.loading import load_survey
from personas import Group
from pocket.party_scores import party_scores

DEMOCRAT = Group(attribute="POLPARTY", value="Democrat")
REPUBLICAN = Group(attribute="POLPARTY", value="Republican")
SURVEY = load_survey("civic").survey
IDS = [question.id for question in SURVEY.questions]


def report_of(answering: Group) -> SimpleNamespace:
    """A report on the Democratic persona whose model answers exactly as `answering` does."""
    answers = [
        SimpleNamespace(id=question.id, model=human_figures(question, (answering,)).distribution)
        for question in SURVEY.questions
    ]
    return SimpleNamespace(persona=SimpleNamespace(groups=(DEMOCRAT,)), questions=answers)


def test_a_model_that_answers_as_its_party_aligns_fully_and_has_the_peoples_gap() -> None:
    scores = party_scores(report_of(DEMOCRAT), SURVEY, REPUBLICAN, IDS)
    assert scores.questions == len(IDS)
    assert scores.own.mean == pytest.approx(1)
    assert scores.gap.mean == pytest.approx(scores.human_gap.mean)
    assert scores.gap.low > 0


def test_a_model_that_answers_as_the_other_party_has_the_opposite_gap() -> None:
    scores = party_scores(report_of(REPUBLICAN), SURVEY, REPUBLICAN, IDS)
    assert scores.opposite.mean == pytest.approx(1)
    assert scores.gap.mean == pytest.approx(-scores.human_gap.mean)


def test_only_the_chosen_questions_count_and_few_have_no_interval() -> None:
    scores = party_scores(report_of(DEMOCRAT), SURVEY, REPUBLICAN, IDS[:3])
    assert scores.questions == 3
    assert (scores.own.low, scores.own.high) == (None, None)
