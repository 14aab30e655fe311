"""The second estimate in a scorecard: the planted opinion where only letters stand between it and the answers."""

from collections.abc import Sequence

import numpy as np
import pytest

from eval.answers import Answer, FloatArray
from eval.scoring.results import Score
from eval.scoring.scores import score
from eval.surveys.model import Question
from tests.eval.towns import DEMOCRAT, answer, question, town

HABIT = np.array([1.5, 0.0, -1.0])


def mean(found: Score | None) -> float:
    """Return the mean of a score that must be there."""
    assert found is not None
    return found.mean


def softmax(logs: FloatArray) -> FloatArray:
    return np.asarray(np.exp(logs) / np.exp(logs).sum())


def leanings(count: int) -> list[FloatArray]:
    """Return opinions that lean to one side; over all of them nothing leans."""
    return [np.array([lean, 0.0, -lean]) for lean in np.random.default_rng(3).normal(size=count)]


def people(opinions: Sequence[FloatArray]) -> tuple[Question, ...]:
    """Return questions that the group answers as these opinions say."""
    return tuple(
        question(f"Q{n}", {DEMOCRAT: 1e6 * softmax(each)}, overall=(1, 1, 1), ordinals=(1, 2, 3))
        for n, each in enumerate(opinions)
    )


def with_habit(opinions: Sequence[FloatArray], refusal: float = 0.0) -> list[Answer]:
    """Return the answers of a model that holds these opinions and likes the first letters."""
    return [
        answer(f"Q{n}", *((1 - refusal) * softmax(each + habit) for habit in (HABIT, HABIT[::-1])), refusal=refusal)
        for n, each in enumerate(opinions)
    ]


def test_a_persona_with_the_groups_opinions_and_a_love_of_a_is_found_out_to_be_the_group() -> None:
    opinions = leanings(30)
    card = score(town(*people(opinions)), (DEMOCRAT,), with_habit(opinions))
    assert mean(card.scores.total_variation) > 0.1
    assert card.letters_removed is not None
    assert card.letters_removed.questions == 30
    assert mean(card.letters_removed.total_variation) == pytest.approx(0, abs=1e-6)
    assert mean(card.letters_removed.minus_score.total_variation) == pytest.approx(-mean(card.scores.total_variation))
    for each in card.questions:
        assert each.letters_removed == pytest.approx(each.human, abs=1e-6)


def test_letters_alone_score_like_a_persona_without_an_opinion() -> None:
    nothing = [np.zeros(3)] * 30
    card = score(town(*people(leanings(30))), (DEMOCRAT,), with_habit(nothing))
    assert card.references.letters is not None
    assert mean(card.references.letters.minus_persona.total_variation) == pytest.approx(0)


def test_refusals_stay_as_they_are_when_letters_are_removed() -> None:
    opinions = leanings(8)
    card = score(town(*people(opinions)), (DEMOCRAT,), with_habit(opinions, refusal=0.2), refusals="as-option")
    for each in card.questions:
        assert each.letters_removed is not None
        assert each.letters_removed.sum() == pytest.approx(0.8)


def test_there_is_no_second_estimate_from_one_order_or_from_few_questions() -> None:
    opinions = leanings(8)
    one_order = [answer(each.question_id, each.by_order[0].options) for each in with_habit(opinions)]
    for answers in (one_order, with_habit(opinions)[:4]):
        card = score(town(*people(opinions)), (DEMOCRAT,), answers)
        assert card.letters_removed is None
        assert card.references.letters is None
        assert [each.letters_removed for each in card.questions] == [None] * len(answers)


def test_a_question_with_an_option_that_nobody_drew_has_no_second_estimate() -> None:
    opinions = leanings(8)
    answers = [*with_habit(opinions)[:-1], answer("Q7", [0.5, 0.5, 0.0], [0.4, 0.3, 0.3])]
    card = score(town(*people(opinions)), (DEMOCRAT,), answers)
    assert card.letters_removed is not None
    assert card.letters_removed.questions == 7
    assert card.questions[-1].letters_removed is None
