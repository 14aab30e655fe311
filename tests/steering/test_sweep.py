"""A sweep tells the strength that leads closer on the training half, and figures of the held-out half alone."""

import numpy as np
import pytest

from chat_personas.cli.errors import UsageError
from chat_personas.cli.evaluation.sweeping import layers_meant, strengths_meant
from chat_personas.steering.contrast import survey_halves
from chat_personas.steering.sweep import Measured, Sides, Sweep, swept
from eval.answers import Answer, OrderAnswer
from eval.scoring.scores import Scorecard, score
from eval.surveys.human_figures import human_figures
from eval.surveys.loading import load_survey
from eval.surveys.model import Question
from personas import Group

SURVEY = load_survey("civic").survey
DEMOCRATS, REPUBLICANS = ((Group.parse(f"POLPARTY={party}"),) for party in ("Democrat", "Republican"))
SIDES = Sides(DEMOCRATS, REPUBLICANS)


def shares(question: Question, groups: tuple[Group, ...]) -> np.ndarray:
    figures = human_figures(question, groups)
    assert figures is not None
    assert figures.counts is not None
    counts = np.array(figures.counts, dtype=float)
    return counts / counts.sum()


def answered(question: Question, lean: float) -> Answer:
    """Answers between the parties: 0 as Republicans, 1 as Democrats give them, the same in both orders."""
    options = lean * shares(question, DEMOCRATS) + (1 - lean) * shares(question, REPUBLICANS)
    orders = [
        OrderAnswer(order=order, options=options, refusal=0.0, label_mass=1.0) for order in ("survey", "reversed")
    ]
    return Answer(question.id, tuple(orders))


def measured(strength: float | None, training: float, held_out: float) -> Measured:
    """What is found where the answers lean so far on either half."""

    def cards(half: tuple[Question, ...], lean: float) -> tuple[Scorecard, Scorecard]:
        answers = [answered(question, lean) for question in half]
        return score(SURVEY, SIDES.toward, answers), score(SURVEY, SIDES.against, answers)

    one, other = survey_halves(SURVEY)
    return Measured(strength, cards(one, training), cards(other, held_out), cost=0.1)


def of(*leans: tuple[float, float, float]) -> Sweep:
    return swept([measured(*each) for each in leans], measured(None, 0.5, 0.5))


def test_the_strength_is_chosen_on_the_training_half_and_told_on_the_other() -> None:
    found = of((-1, 0.2, 0.9), (0.5, 0.8, 0.6), (1, 0.7, 1.0))
    assert found.best == 0.5
    assert [step.strength for step in found.steps] == [-1, 0.5, 1]
    leanings = [step.leaning.mean for step in found.steps if step.leaning is not None]
    assert sorted(leanings) == [leanings[1], leanings[0], leanings[2]]


def test_where_no_strength_leads_closer_none_is_best() -> None:
    assert of((-1, 0.2, 0.2), (-0.5, 0.4, 0.4)).best is None


def test_the_people_themselves_lean_as_far_as_they_differ() -> None:
    (step,) = of((1, 1.0, 1.0)).steps
    assert step.toward.alignment is not None
    assert step.toward.alignment.mean == pytest.approx(1.0)
    assert step.leaning is not None
    assert step.against is not None
    assert step.leaning.mean == pytest.approx(1.0 - step.against.mean)


def test_questions_that_move_with_the_strength_are_not_astray() -> None:
    found = of((-1, 0.1, 0.1), (0, 0.5, 0.5), (1, 0.9, 0.9)).anti_steerable
    assert found is not None
    assert (found.count, found.questions) == (0, 31)
    assert pytest.approx(found.low, abs=1e-9) == 0
    assert 0.05 < found.high < 0.15  # Wilson: z²/(n + z²) = 0.110
    away = of((-1, 0.9, 0.9), (0, 0.5, 0.5), (1, 0.1, 0.1)).anti_steerable
    assert away is not None
    assert away.count == 31


@pytest.mark.parametrize(
    ("text", "strengths"),
    [("-1:1:0.5", (-1, -0.5, 0, 0.5, 1)), ("2,1,-0.5,1", (-0.5, 1, 2)), ("0:0.3:0.1", (0, 0.1, 0.2, 0.3))],
)
def test_strengths_are_a_range_or_a_list(text: str, strengths: tuple[float, ...]) -> None:
    assert strengths_meant(text) == strengths


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "1:-1:0.5", "-1:1:0", "0:1:0.0001"])
def test_what_is_not_a_list_of_strengths_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--strengths"):
        strengths_meant(text)


def test_layers_are_one_or_a_range() -> None:
    assert (layers_meant("3"), layers_meant("3-5"), layers_meant(None)) == ((3,), (3, 4, 5), None)
    with pytest.raises(UsageError, match="--layers"):
        layers_meant("5-3")
