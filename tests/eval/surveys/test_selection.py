"""A limited evaluation asks questions of every topic, the same ones again for the same seed."""

from collections import Counter

from eval.surveys.human_figures import choose
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


def test_a_larger_limit_only_adds_questions() -> None:
    fewer = {question.id for question in choose(QUESTIONS, 7, 3)}
    more = {question.id for question in choose(QUESTIONS, 14, 3)}
    assert fewer < more
