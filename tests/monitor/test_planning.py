"""Rounds share their anchors, every other question has its turn, and what is asked is decided before a round begins."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat_personas.monitor.drift import turn_values
from chat_personas.monitor.history import EarlierRound, RepeatedRound
from chat_personas.monitor.planning import ANCHORS, ENOUGH, LEAST_REST, ProbePlan
from eval.scoring.intervals import MIN_QUESTIONS
from eval.surveys.loading import load_survey
from eval.surveys.model import Question
from personas import Group
from tests.eval.towns import DEMOCRAT, REPUBLICAN, answer, question

CIVIC = load_survey("civic").survey.questions
SIZES = st.integers(1, 80)


def ids(questions: tuple[Question, ...]) -> list[str]:
    return [question.id for question in questions]


def plan_of(
    questions: Sequence[Question],
    groups: Sequence[Group] = (DEMOCRAT,),
    seed: int = 0,
    speed: float | None = None,
) -> ProbePlan:
    """A plan for rounds of 15 seconds, by a model that took `speed` seconds for a question."""
    plan = ProbePlan.of(questions, groups, seed=seed, seconds=15)
    plan.learn(speed)
    return plan


def some(count: int) -> tuple[Question, ...]:
    return tuple(question(f"Q{number}", {DEMOCRAT: (6, 4)}, overall=(6, 4)) for number in range(count))


def test_anchors_are_enough_for_an_interval_and_spread_over_the_topics() -> None:
    made = plan_of(CIVIC)
    assert len(made.anchors) == ANCHORS > MIN_QUESTIONS
    topics = Counter(anchor.topics[0] for anchor in made.anchors)
    for topic, count in Counter(each.topics[0] for each in CIVIC).items():
        share = count * ANCHORS / len(CIVIC)
        assert math.floor(share) - 1 <= topics[topic] <= math.ceil(share) + 1, topic
    assert sorted(ids(made.questions)) == sorted(question.id for question in CIVIC)


def test_the_same_seed_gives_the_same_anchors_and_another_seed_others() -> None:
    assert plan_of(CIVIC, seed=3) == plan_of(CIVIC, seed=3)
    assert plan_of(CIVIC, seed=3).anchors != plan_of(CIVIC, seed=4).anchors


def test_questions_with_figures_for_the_group_and_ordered_options_are_anchors_first() -> None:
    without = [question(f"N{number}", {REPUBLICAN: (5, 5)}, overall=(5, 5)) for number in range(30)]
    unordered = [question(f"U{number}", {DEMOCRAT: (5, 5)}, overall=(5, 5), ordinals=(1, 1)) for number in range(30)]
    anchors = set(ids(plan_of([*without, *unordered, *some(10)]).anchors))
    assert {f"Q{number}" for number in range(10)} < anchors
    assert len(anchors) == ANCHORS


def test_a_group_without_figures_has_anchors_all_the_same() -> None:
    assert len(plan_of(CIVIC, [Group(attribute="RELIG", value="Mormon")]).anchors) == ANCHORS


def test_a_model_not_yet_known_is_asked_the_least_at_first() -> None:
    assert plan_of(some(62)).size(None) == 28
    assert plan_of(some(25)).size(None) == 25


def test_a_fast_model_is_asked_everything() -> None:
    made = plan_of(some(62))
    assert made.size(0.2) == 62
    assert sorted(ids(made.round(62, {}))) == sorted(ids(made.questions))


@pytest.mark.parametrize(("seconds_per_question", "size"), [(0.3, 50), (0.5, 30), (0.6, 28), (10.0, 28)])
def test_a_slow_model_is_asked_what_fits_but_never_less_than_anchors_and_four(
    seconds_per_question: float, size: int
) -> None:
    assert plan_of(some(62)).size(seconds_per_question) == size


@given(count=SIZES, size=SIZES, seed=st.integers(0, 5))
def test_every_round_begins_with_the_anchors_and_asks_no_question_twice(count: int, size: int, seed: int) -> None:
    made = plan_of(some(count), seed=seed)
    asked = ids(made.round(size, {}))
    assert asked[: len(made.anchors)] == ids(made.anchors)
    assert len(asked) == len(set(asked)) == min(count, max(size, len(made.anchors)))


@given(count=SIZES, sizes=st.lists(st.integers(ANCHORS + LEAST_REST, 80), min_size=1, max_size=30))
def test_every_question_comes_round_before_any_but_the_anchors_comes_again(count: int, sizes: list[int]) -> None:
    made = plan_of(some(count))
    times: Counter[str] = Counter()
    for size in sizes:
        times.update(ids(made.round(size, times)))
        of_rest = [times[question.id] for question in made.rest]
        assert not of_rest or max(of_rest) - min(of_rest) <= 1


def test_after_as_many_rounds_as_slices_everything_was_asked() -> None:
    made = plan_of(CIVIC)
    times: Counter[str] = Counter()
    for _ in range(math.ceil(len(made.rest) / 10)):
        times.update(ids(made.round(ANCHORS + 10, times)))
    assert times.keys() == {question.id for question in CIVIC}


def test_what_a_broken_off_round_did_not_come_to_is_asked_next() -> None:
    made = ProbePlan(some(6), (), some(6), seconds=15)
    first = ids(made.round(3, {}))
    assert ids(made.round(3, {first[0]: 1})) == ["Q1", "Q2", "Q3"]


def repeated(names: Iterable[str], *, complete: bool = True) -> RepeatedRound:
    """A round that answered the questions of these ids before."""
    return RepeatedRound(tuple(answer(name, [0.5, 0.5]) for name in names), complete=complete)


def earlier_round(questions: Sequence[Question], asked: Iterable[str]) -> EarlierRound:
    """A round that asked the questions of these ids."""
    return EarlierRound(turn_values(1, questions, (DEMOCRAT,), asked, []), {})


def test_a_round_asks_what_fits_and_what_earlier_rounds_asked_least_often() -> None:
    made = plan_of(some(62), speed=0.5)
    first = made.plan([], RepeatedRound())
    second = made.plan([earlier_round(made.questions, ids(first))], RepeatedRound())
    assert len(first) == len(second) == 30
    assert set(ids(first)) & set(ids(second)) == set(ids(made.anchors))


def test_what_a_round_that_ended_has_shown_of_the_speed_goes_before_what_the_round_itself_shows() -> None:
    assert len(plan_of(some(62)).plan([], RepeatedRound(), seconds_per_question=0.3)) == 50
    assert len(plan_of(some(62), speed=0.5).plan([], RepeatedRound(), seconds_per_question=0.3)) == 30


def test_a_complete_round_is_reused_whole_and_not_made_again() -> None:
    made = plan_of(some(62))
    before = repeated(ids(made.anchors + made.rest[:LEAST_REST]))
    assert made.reusable(before) == before
    assert set(ids(made.plan([], before))) == before.asked


def test_anchors_of_an_incomplete_round_are_asked_again_only_while_the_speed_is_unknown() -> None:
    names = ids(plan_of(some(62)).anchors + plan_of(some(62)).rest[:6])
    before = repeated(names, complete=False)
    assert plan_of(some(62)).reusable(before).asked == set(names[ANCHORS:])
    assert plan_of(some(62), speed=0.5).reusable(before) == before


def test_while_the_speed_is_unknown_a_few_questions_come_on_top_of_those_that_are_reused() -> None:
    made = plan_of(some(62))
    reused = made.reusable(repeated(ids(made.questions[:40]), complete=False))
    asked = set(ids(made.plan([], reused)))
    assert asked > reused.asked
    assert len(asked) == ANCHORS + len(reused.asked) + LEAST_REST


@pytest.mark.parametrize(("size", "again"), [(math.ceil(ENOUGH * 62), False), (math.ceil(ENOUGH * 62) - 1, True)])
def test_a_complete_round_that_is_much_smaller_than_one_of_today_is_filled_up(size: int, again: bool) -> None:
    made = plan_of(some(62), speed=0.2)
    before = repeated(ids(made.anchors + made.rest)[:size])
    assert len(made.plan([], before)) == (62 if again else size)
