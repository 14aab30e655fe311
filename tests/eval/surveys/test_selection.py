"""A limited evaluation asks questions of every topic, the same ones again for the same seed."""

from collections import Counter

import numpy as np
import pytest

from eval.surveys.human_figures import choose, every_nth
from eval.surveys.loading import load_survey
from tests.eval.towns import many

QUESTIONS = many(30).questions


def test_without_a_limit_all_questions_are_asked() -> None:
    assert choose(QUESTIONS, None, 0) == QUESTIONS
    assert choose(QUESTIONS, 99, 0) == QUESTIONS


def test_the_choice_is_spread_evenly_over_the_topics() -> None:
    topics = Counter(question.topics[0] for question in choose(QUESTIONS, 12, 0))
    assert set(topics.values()) == {4}


def test_the_choice_keeps_the_order_of_the_survey() -> None:
    places = [QUESTIONS.index(question) for question in choose(QUESTIONS, 10, 0)]
    assert places == sorted(places)


def test_the_same_seed_chooses_the_same_and_another_seed_others() -> None:
    assert choose(QUESTIONS, 10, 1) == choose(QUESTIONS, 10, 1)
    assert choose(QUESTIONS, 10, 1) != choose(QUESTIONS, 10, 2)


@pytest.mark.parametrize(("total", "wanted"), [(62, 10), (62, 20), (62, 61), (30, 7), (7, 7), (5, 1)])
def test_over_all_starts_every_question_has_the_same_chance(total: int, wanted: int) -> None:
    counted = Counter(place for start in range(total) for place in every_nth(total, wanted, start))
    assert counted == dict.fromkeys(range(total), wanted)


def test_the_mean_of_the_chosen_questions_estimates_that_of_all() -> None:
    survey = load_survey("civic").survey.questions
    topics = sorted({question.topics[0] for question in survey})
    values = {question.id: topics.index(question.topics[0]) for question in survey}
    means = [np.mean([values[question.id] for question in choose(survey, 20, seed)]) for seed in range(500)]
    error = np.std(means, ddof=1) / len(means) ** 0.5
    assert np.mean(means) == pytest.approx(np.mean(list(values.values())), abs=4 * error)


def test_a_question_with_several_topics_has_no_better_chance() -> None:
    several = tuple(question.model_copy(update={"topics": (*question.topics, "other")}) for question in QUESTIONS[:5])
    both = [choose((*several, *QUESTIONS[5:]), 10, seed) for seed in range(20)]
    assert [[each.id for each in chosen] for chosen in both] == [
        [each.id for each in choose(QUESTIONS, 10, seed)] for seed in range(20)
    ]
