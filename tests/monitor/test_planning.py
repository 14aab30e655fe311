"""Rounds share their anchors, all other questions come round, and what is asked is settled before a round begins."""

import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_personas.monitor.planning import ANCHORS, LEAST_REST, ProbePlan, agenda
from eval.scoring.intervals import MIN_QUESTIONS
from eval.surveys.loading import load_survey
from eval.surveys.model import Question
from personas import Group
from tests.eval.towns import DEMOCRAT, REPUBLICAN, question

CIVIC = load_survey("civic").survey.questions
SIZES = st.integers(1, 80)


def ids(questions: tuple[Question, ...]) -> list[str]:
    return [question.id for question in questions]


def some(count: int) -> tuple[Question, ...]:
    return tuple(question(f"Q{number}", {DEMOCRAT: (6, 4)}, overall=(6, 4)) for number in range(count))


def test_anchors_are_enough_for_an_interval_and_spread_over_the_topics() -> None:
    made = agenda(CIVIC, [DEMOCRAT], seed=0)
    assert len(made.anchors) == ANCHORS > MIN_QUESTIONS
    topics = [question.topics[0] for question in made.anchors]
    assert len(set(topics)) == min(ANCHORS, len({question.topics[0] for question in CIVIC}))
    assert sorted(ids(made.questions)) == sorted(question.id for question in CIVIC)


def test_the_same_seed_gives_the_same_anchors_and_another_seed_others() -> None:
    assert agenda(CIVIC, [DEMOCRAT], seed=3) == agenda(CIVIC, [DEMOCRAT], seed=3)
    assert agenda(CIVIC, [DEMOCRAT], seed=3).anchors != agenda(CIVIC, [DEMOCRAT], seed=4).anchors


def test_questions_with_figures_for_the_group_and_ordered_options_are_anchors_first() -> None:
    without = [question(f"N{number}", {REPUBLICAN: (5, 5)}, overall=(5, 5)) for number in range(30)]
    unordered = [question(f"U{number}", {DEMOCRAT: (5, 5)}, overall=(5, 5), ordinals=(1, 1)) for number in range(30)]
    anchors = set(ids(agenda([*without, *unordered, *some(10)], [DEMOCRAT], seed=0).anchors))
    assert {f"Q{number}" for number in range(10)} < anchors
    assert len(anchors) == ANCHORS


def test_a_group_without_figures_has_anchors_all_the_same() -> None:
    assert len(agenda(CIVIC, [Group(attribute="RELIG", value="Mormon")], seed=0).anchors) == ANCHORS


def test_a_model_not_yet_known_is_asked_the_least_at_first() -> None:
    assert agenda(some(62), [DEMOCRAT], seed=0).size(None, seconds=15) == 28
    assert agenda(some(25), [DEMOCRAT], seed=0).size(None, seconds=15) == 25


def test_a_fast_model_is_asked_everything() -> None:
    made = agenda(some(62), [DEMOCRAT], seed=0)
    assert made.size(0.2, seconds=15) == 62
    assert sorted(ids(made.round(62, {}))) == sorted(ids(made.questions))


@pytest.mark.parametrize(("seconds_per_question", "size"), [(0.3, 50), (0.5, 30), (0.6, 28), (10.0, 28)])
def test_a_slow_model_is_asked_what_fits_but_never_less_than_anchors_and_four(
    seconds_per_question: float, size: int
) -> None:
    assert agenda(some(62), [DEMOCRAT], seed=0).size(seconds_per_question, seconds=15) == size


@given(count=SIZES, size=SIZES, seed=st.integers(0, 5))
def test_every_round_begins_with_the_anchors_and_asks_no_question_twice(count: int, size: int, seed: int) -> None:
    made = agenda(some(count), [DEMOCRAT], seed)
    asked = ids(made.round(size, {}))
    assert asked[: len(made.anchors)] == ids(made.anchors)
    assert len(asked) == len(set(asked)) == min(count, max(size, len(made.anchors)))


@given(count=SIZES, sizes=st.lists(st.integers(ANCHORS + LEAST_REST, 80), min_size=1, max_size=30))
def test_every_question_comes_round_before_any_but_the_anchors_comes_again(count: int, sizes: list[int]) -> None:
    made = agenda(some(count), [DEMOCRAT], seed=0)
    times: Counter[str] = Counter()
    for size in sizes:
        times.update(ids(made.round(size, times)))
        of_rest = [times[question.id] for question in made.rest]
        assert not of_rest or max(of_rest) - min(of_rest) <= 1


def test_after_as_many_rounds_as_slices_everything_was_asked() -> None:
    made = agenda(CIVIC, [DEMOCRAT], seed=0)
    times: Counter[str] = Counter()
    for _ in range(math.ceil(len(made.rest) / 10)):
        times.update(ids(made.round(ANCHORS + 10, times)))
    assert times.keys() == {question.id for question in CIVIC}


def test_what_a_broken_off_round_did_not_come_to_is_asked_next() -> None:
    made = ProbePlan((), some(6))
    first = ids(made.round(3, {}))
    assert ids(made.round(3, {first[0]: 1})) == ["Q1", "Q2", "Q3"]
