"""Every topic has enough to say, in clauses that fit into the grammar, for every side and every answer."""

import pytest

from eval.surveys.loading import load_survey
from pocket.held_out import HELD_OUT
from pocket.phrasing import sentence
from pocket.topics import SIDES, TOPICS, Topic

CIVIC = {question.id: question for question in load_survey("civic").survey.questions}
by_topic = pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)


def test_there_are_at_least_24_topics() -> None:
    assert len({topic.name for topic in TOPICS}) >= 24


@by_topic
def test_each_side_has_stances_reasons_and_examples(topic: Topic) -> None:
    for side in SIDES:
        pole = topic.pole(side)
        assert len(set(pole.stances)) >= 5
        assert len(set(pole.reasons)) >= 6
        assert len(pole.examples) >= 2


@by_topic
def test_clauses_stand_after_i_think(topic: Topic) -> None:
    proper = ("I ", "America", "Black", "Washington")
    clauses = [text for side in SIDES for text in topic.pole(side).stances + topic.pole(side).reasons]
    clauses += [text for options in topic.statements.values() for variants in options for text in variants]
    for text in clauses:
        assert text[-1].isalpha(), text
        assert text[0].islower() or text.startswith(proper), text


@by_topic
def test_examples_are_sentences(topic: Topic) -> None:
    assert all(text == sentence(text) for side in SIDES for text in topic.pole(side).examples)


@by_topic
def test_statements_cover_every_option_of_trained_questions_only(topic: Topic) -> None:
    assert set(topic.questions) <= set(topic.statements)
    for key, options in topic.statements.items():
        assert key not in HELD_OUT
        assert len(options) == len(CIVIC[key].options)


def test_every_trained_question_belongs_to_one_topic() -> None:
    keys = [key for topic in TOPICS for key in topic.statements]
    assert sorted(keys) == sorted(set(CIVIC) - HELD_OUT)
