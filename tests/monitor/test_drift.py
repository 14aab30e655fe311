"""Turns are compared over the questions that all of them were asked, and the drift is paired within questions."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from chat_personas.monitor.drift import Drift, TurnValues, course, turn_values
from eval.scoring.scores import score
from tests.eval.intervals import paired
from tests.eval.towns import DEMOCRAT, answer, question, town

RNG = np.random.default_rng(0)
EASY_AND_HARD = RNG.uniform(0.3, 1.0, 30)
NOISE = np.random.default_rng(2).normal(0, 0.02, (7, 30))
RNG_OF_CHANCE = np.random.default_rng(3)
NAN = float("nan")
ALL = np.ones(30, dtype=np.bool_)


def values(turn: int, alignments: list[float] | np.ndarray, asked: list[bool] | None = None) -> TurnValues:  # type: ignore[type-arg]
    given = np.array(alignments, dtype=np.float64)
    return TurnValues(turn, np.array(asked) if asked is not None else np.ones(len(given), dtype=np.bool_), given)


def test_points_are_the_means_of_the_turns_in_order() -> None:
    found = course([values(2, EASY_AND_HARD - 0.1), values(0, EASY_AND_HARD)], ALL)
    assert [(point.turn, point.alignment.mean) for point in found.points] == [
        (0, pytest.approx(EASY_AND_HARD.mean())),
        (2, pytest.approx(EASY_AND_HARD.mean() - 0.1)),
    ]


def test_the_drift_is_known_far_better_than_either_turn_because_it_is_paired() -> None:
    moved = EASY_AND_HARD - 0.05 + RNG.normal(0, 0.02, 30)
    found = course([values(0, EASY_AND_HARD), values(4, moved)], ALL)
    assert found.drift is not None
    assert (found.drift.first_turn, found.drift.turn, found.drift.questions) == (0, 4, 30)
    drift, first = found.drift.difference, found.points[0].alignment
    assert drift.mean == pytest.approx((moved - EASY_AND_HARD).mean())
    expected = stats.ttest_1samp(moved - EASY_AND_HARD, 0).confidence_interval(0.99)
    assert drift.low == pytest.approx(expected.low, abs=0.003)
    assert drift.high == pytest.approx(expected.high, abs=0.003)
    assert first.high is not None
    assert first.low is not None
    assert drift.high - drift.low < (first.high - first.low) / 3  # type: ignore[operator]
    assert found.drift.detectable


def test_a_drift_names_the_turns_in_between_that_were_not_asked_or_are_not_sound() -> None:
    unsound = replace(values(3, EASY_AND_HARD), sound=False)
    rounds = [values(turn, EASY_AND_HARD) for turn in (0, 1, 4)]
    assert [found.skipped for found in (course([*rounds, unsound], ALL).drift,) if found is not None] == [(2, 3)]
    whole = course(rounds[:2], ALL).drift
    assert whole is not None
    assert whole.skipped == ()


def test_the_more_turns_the_more_a_change_must_stand_out_because_every_turn_is_a_look() -> None:
    moved = EASY_AND_HARD - 0.05 + np.random.default_rng(1).normal(0, 0.09, 30)
    few, many = (
        course([*(values(turn, EASY_AND_HARD) for turn in range(turns)), values(turns, moved)], ALL).drift
        for turns in (10, 40)
    )
    assert few is not None
    assert many is not None
    assert (few.level, many.level) == (pytest.approx(1 - 0.05 / 14), pytest.approx(1 - 0.05 / 44))
    assert many.difference.low < few.difference.low  # type: ignore[operator]


def test_a_change_needs_both_its_interval_and_its_test() -> None:
    aside = Drift(0, 2, paired(-0.1, -0.2, -0.01, p=0.004), 24, 0.995)
    assert aside.detectable
    assert not replace(aside, difference=paired(-0.1, -0.2, -0.01, p=0.006)).detectable
    assert not replace(aside, difference=paired(-0.1, -0.2, 0.01, p=0.001)).detectable
    assert not replace(aside, difference=paired(-0.1, None, None, p=0.001)).detectable


def test_a_turn_is_a_move_where_the_drift_is_first_told_and_again_where_it_is_told_to_the_other_side() -> None:
    by = [0.0, 0.0, -0.06, -0.06, 0.0, 0.06, 0.06]
    found = course([values(turn, EASY_AND_HARD + each + NOISE[turn]) for turn, each in enumerate(by)], ALL)
    assert [(move.first_turn, move.turn) for move in found.moves] == [(0, 2), (0, 5)]
    fallen, risen = found.moves
    assert fallen.difference.mean == pytest.approx(-0.06 + float((NOISE[2] - NOISE[0]).mean()))
    assert (fallen.level, risen.level) == (pytest.approx(1 - 0.05 / 6), pytest.approx(1 - 0.05 / 9))
    assert risen.detectable


def test_what_was_told_of_a_turn_does_not_change_with_those_that_follow() -> None:
    moved = values(1, EASY_AND_HARD - 0.06 + NOISE[1])
    later = values(2, [NAN, *EASY_AND_HARD[1:]])
    (then,) = course([values(0, EASY_AND_HARD), moved], ALL).moves
    (now,) = course([values(0, EASY_AND_HARD), moved, later], ALL).moves
    assert then == now
    assert now.questions == 30


def test_a_change_that_is_small_or_may_be_chance_or_rests_on_unsound_answers_is_no_move() -> None:
    start = values(0, EASY_AND_HARD)
    small = course([start, values(1, EASY_AND_HARD - 0.019)], ALL)
    assert small.drift is not None
    assert small.drift.detectable
    assert small.moves == ()
    assert course([start, values(1, EASY_AND_HARD - 0.05 + RNG_OF_CHANCE.normal(0, 0.3, 30))], ALL).moves == ()
    assert course([start, replace(values(1, EASY_AND_HARD - 0.2), sound=False)], ALL).moves == ()
    few = np.arange(30) < 19
    assert course([values(0, EASY_AND_HARD[few]), values(1, EASY_AND_HARD[few] - 0.2)], ALL[few]).moves == ()


def test_only_questions_that_every_turn_answered_count_for_any_of_them() -> None:
    anchors = np.array([True, True, False, False])
    found = course(
        [
            values(0, [0.5, 0.7, 0.1, NAN], [True, True, True, False]),
            values(1, [0.6, 0.8, NAN, 0.9], [True, True, False, True]),
        ],
        anchors,
    )
    assert [point.alignment.mean for point in found.points] == pytest.approx([0.6, 0.7])
    assert found.drift is not None
    assert found.drift.questions == 2
    assert found.drift.difference.mean == pytest.approx(0.1)
    assert found.drift.difference.low is None, "two questions are too few for an interval"


def test_a_round_that_ended_before_all_anchors_were_asked_gives_no_point() -> None:
    anchors = np.array([True, True, False])
    broken_off = values(1, [0.1, NAN, NAN], [True, False, False])
    found = course([values(0, [0.5, 0.5, 0.5]), broken_off, values(2, [0.6, 0.6, NAN], [True, True, False])], anchors)
    assert [point.turn for point in found.points] == [0, 2]


def test_an_anchor_that_failed_once_is_left_out_of_all_turns() -> None:
    anchors = np.ones(2, dtype=np.bool_)
    found = course([values(0, [0.5, 0.9]), values(1, [0.6, NAN])], anchors)
    assert [point.alignment.mean for point in found.points] == pytest.approx([0.5, 0.6])


def test_where_a_turn_was_measured_twice_the_later_round_counts() -> None:
    found = course([values(1, [0.2]), values(1, [0.8])], np.ones(1, dtype=np.bool_))
    assert [point.alignment.mean for point in found.points] == [0.8]
    assert found.drift is None


def test_without_figures_there_is_no_course() -> None:
    assert course([values(0, [NAN, NAN])], np.ones(2, dtype=np.bool_)).points == ()
    assert course([], ALL).points == ()


def test_values_by_question_are_those_of_the_scorecard() -> None:
    survey = town(
        question("BUS", {DEMOCRAT: (80, 20)}, overall=(1, 1)),
        question("TRAM", {DEMOCRAT: (60, 30, 10)}, overall=(1, 1, 1), ordinals=(1, 2, 4)),
        question("BIKE", {DEMOCRAT: (40, 60)}, overall=(1, 1)),
        question("SHOP", {}, overall=(1, 1)),
    )
    answers = [answer("BUS", [0.5, 0.3]), answer("TRAM", [0.1, 0.2, 0.3]), answer("SHOP", [0.5, 0.5])]
    found = turn_values(3, survey.questions, (DEMOCRAT,), ["BUS", "TRAM", "BIKE", "SHOP"], answers)
    card = {scored.id: scored.alignment for scored in score(survey, (DEMOCRAT,), answers).questions}
    assert found.asked.all()
    assert found.alignments[:2] == pytest.approx([card["BUS"], card["TRAM"]])
    assert np.isnan(found.alignments[2:]).all(), "one has no answer, one no figures"
