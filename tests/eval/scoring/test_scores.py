"""Scores are worked out by hand here: two options, so that alignment is 1 - total variation."""

from dataclasses import replace
from math import comb

import numpy as np
import pytest
from scipy import stats

from benchmarks.simulations.skill import skill_of_truth
from eval.answers import Answer
from eval.errors import AnswerError
from eval.scoring.results import Score
from eval.scoring.scores import Scorecard, score, score_briefly
from eval.surveys.loading import Survey
from eval.surveys.model import Question
from tests.eval.towns import DEMOCRAT, FEMALE, REPUBLICAN, answer, many, question, town
from tests.examples import slow_but_first

BUS = question("BUS", {DEMOCRAT: (60, 40), REPUBLICAN: (20, 80)}, overall=(40, 60), topic="buses", refused=25)
TRAM = question("TRAM", {DEMOCRAT: (90, 10), REPUBLICAN: (30, 70)}, overall=(50, 50), topic="trams")
TWO = town(BUS, TRAM)
SAID = (answer("TRAM", [0.5, 0.3], [0.6, 0.2], refusal=0.2), answer("BUS", [0.56, 0.24], [0.56, 0.24]))


def mean(interval: Score | None) -> float:
    """Return the mean of a score that must be there."""
    assert interval is not None
    return interval.mean


def even(count: int, share: float, group_share: float, everyone: float, respondents: int = 4000) -> Survey:
    """Return a survey of equal questions: so many of the group and of everyone choose the first option."""
    group, total = group_share * respondents, everyone * respondents
    questions = [
        question(f"Q{number}", {DEMOCRAT: (group, respondents - group)}, overall=(total, respondents - total))
        for number in range(count)
    ]
    return town(*questions)


def all_say(survey: Survey, share: float) -> list[Answer]:
    """Return answers that give `share` of the mass to the first option, everywhere."""
    return [answer(each.id, [share, 1 - share], [share, 1 - share]) for each in survey.questions]


def test_scores_are_means_over_questions() -> None:
    card = score(TWO, (DEMOCRAT,), SAID)
    tram, bus = 0.9 - (5 / 8 + 6 / 8) / 2, 0.7 - 0.6
    assert mean(card.scores.total_variation) == pytest.approx((bus + tram) / 2)
    assert mean(card.scores.alignment) == pytest.approx(1 - (bus + tram) / 2)
    assert mean(card.scores.refusal) == pytest.approx(0.1)
    assert mean(card.scores.human_refusal) == pytest.approx((25 / 125) / 2)
    assert mean(card.scores.label_mass) == pytest.approx(0.9)
    assert mean(card.scores.order_bias) == pytest.approx((6 / 8 - 5 / 8) / 2)


def test_questions_come_out_in_the_order_of_the_survey_with_both_distributions() -> None:
    first, second = score(TWO, (DEMOCRAT,), SAID).questions
    assert (first.id, second.id) == ("BUS", "TRAM")
    np.testing.assert_allclose(first.human, [0.6, 0.4])
    np.testing.assert_allclose(first.model, [0.7, 0.3])
    assert (first.human_n, first.options, first.ordinal) == (100, ("option 1", "option 2"), (1, 2))


def test_no_groups_compare_with_everyone() -> None:
    card = score(TWO, (), SAID)
    assert card.questions[0].total_variation == pytest.approx(0.3)
    assert mean(card.references.population.total_variation) == 0
    assert card.scores.skill is None
    assert card.scores_against_opposite is None


def test_references_are_scored_as_if_they_were_the_prediction() -> None:
    found = score(TWO, (DEMOCRAT,), SAID).references
    assert mean(found.uniform.total_variation) == pytest.approx((0.1 + 0.4) / 2)
    assert mean(found.population.total_variation) == pytest.approx((0.2 + 0.4) / 2)
    assert mean(found.opposite.total_variation) == pytest.approx((0.4 + 0.6) / 2)
    assert 0 < mean(found.noise_floor.total_variation) < 0.06


def test_differences_are_reference_minus_persona() -> None:
    card = score(TWO, (DEMOCRAT,), SAID)
    uniform = card.references.uniform
    assert mean(uniform.minus_persona.total_variation) == pytest.approx(
        mean(uniform.total_variation) - mean(card.scores.total_variation)
    )
    assert mean(uniform.minus_persona.alignment) == pytest.approx(mean(uniform.alignment) - mean(card.scores.alignment))


def test_the_persona_is_also_measured_against_the_opposite_group() -> None:
    against = score(TWO, (DEMOCRAT,), SAID).scores_against_opposite
    assert against is not None
    assert against.group == REPUBLICAN
    assert mean(against.total_variation) == pytest.approx(((0.7 - 0.2) + (11 / 16 - 0.3)) / 2)


def test_how_much_closer_to_its_own_group_is_paired_by_question() -> None:
    card = score(TWO, (DEMOCRAT,), SAID)
    against = card.scores_against_opposite
    assert against is not None
    for name in ("alignment", "total_variation"):
        own, opposite = getattr(card.scores, name), getattr(against, name)
        assert mean(getattr(against.minus_own, name)) == pytest.approx(mean(opposite) - mean(own))


def test_topics_are_scored_apart() -> None:
    buses, trams = score(TWO, (DEMOCRAT,), SAID).topics
    assert (buses.topic, buses.questions, trams.topic) == ("buses", 1, "trams")
    assert mean(buses.total_variation) == pytest.approx(0.1)


def test_skill_is_the_share_of_the_way_from_everyone_else_to_a_new_sample() -> None:
    survey = town(*(question(f"Q{n}", {DEMOCRAT: (80, 20)}, overall=(140, 160)) for n in range(25)))
    others, sample = 60 / 200, stats.binom(100, 80.5 / 101).expect(lambda count: abs(count / 100 - 80.5 / 101))
    half_way = score(survey, (DEMOCRAT,), all_say(survey, 0.55))
    assert mean(half_way.scores.skill) == pytest.approx(0.25 / (0.8 - others - sample))
    assert mean(score(survey, (DEMOCRAT,), all_say(survey, others)).scores.skill) == pytest.approx(0)
    assert mean(score(survey, (DEMOCRAT,), all_say(survey, 0.8 - sample)).scores.skill) == pytest.approx(1)
    assert mean(score(survey, (DEMOCRAT,), all_say(survey, 0.2)).scores.skill) < 0


def test_skill_of_combined_groups_is_taken_against_everyone_else_too() -> None:
    pair = {"POLPARTY x SEX": {"Democrat x Female": {"counts": (80, 20), "refused": 0}}}
    asked = [question(f"Q{n}", {}, overall=(140, 160)).model_dump() | {"responses": pair} for n in range(25)]
    survey = town(*map(Question.model_validate, asked))
    found = score(survey, (DEMOCRAT, FEMALE), all_say(survey, 0.3))
    assert mean(found.scores.skill) == pytest.approx(0)
    assert found.group_sample is not None
    assert (found.group_sample.people, found.group_sample.share) == (100, pytest.approx(1 / 3))


def test_skill_recomputes_from_the_two_ends_of_its_scale() -> None:
    survey = town(*(question(f"Q{n}", {DEMOCRAT: (80, 20)}, overall=(140, 160)) for n in range(25)))
    card = score(survey, (DEMOCRAT,), all_say(survey, 0.55))
    sample = card.group_sample
    assert sample is not None
    others, floor, own = mean(sample.everyone_else), mean(sample.sample), mean(card.scores.total_variation)
    assert mean(card.scores.skill) == pytest.approx((others - own) / (others - floor))


def test_with_refusals_as_an_option_everyone_else_refuses_as_they_did() -> None:
    survey = town(*(question(f"Q{n}", {DEMOCRAT: (80, 20)}, overall=(140, 160), refused=50) for n in range(25)))
    card = score(survey, (DEMOCRAT,), all_say(survey, 0.5), refusals="as-option")
    assert card.group_sample is not None
    own, others = np.array([80, 20, 50]) / 150, np.array([60, 140, 0]) / 200
    assert mean(card.group_sample.everyone_else) == pytest.approx(np.abs(own - others).sum() / 2)


def test_figures_that_were_not_counted_alike_give_no_skill() -> None:
    more = town(*(question(f"Q{n}", {DEMOCRAT: (80, 20)}, overall=(40, 60)) for n in range(25)))
    card = score(more, (DEMOCRAT,), all_say(more, 0.6))
    assert (card.scores.skill, card.group_sample) == (None, None)


def test_the_lean_of_even_answers_is_taken_off_that_of_the_persona() -> None:
    survey = town(question("BUS", {DEMOCRAT: (90, 10), REPUBLICAN: (40, 60)}, overall=(130, 70)))
    against = score(survey, (DEMOCRAT,), all_say(survey, 0.6)).scores_against_opposite
    assert against is not None
    own, even = (1 - 0.2) - (1 - 0.3), (1 - 0.1) - (1 - 0.4)
    assert mean(against.minus_own.alignment) == pytest.approx(own)
    assert mean(against.minus_even.alignment) == pytest.approx(own - even)


@slow_but_first("people", [20, 200, 1000])
def test_the_truth_has_a_skill_of_1_however_few_people_its_figures_rest_on(people: int) -> None:
    rng = np.random.default_rng(people)
    found = [skill_of_truth(DEMOCRAT, people, rng) for _ in range(12)]
    assert np.mean([mean(each) for each in found]) == pytest.approx(1, abs=0.08)


def test_skill_is_null_where_the_group_does_not_differ_from_everyone_by_more_than_chance() -> None:
    same = even(25, 0.6, group_share=0.5, everyone=0.5)
    assert score(same, (DEMOCRAT,), all_say(same, 0.6)).scores.skill is None


def test_skill_is_null_without_enough_questions_or_without_counts() -> None:
    few = even(19, 0.6, group_share=0.8, everyone=0.5)
    assert score(few, (DEMOCRAT,), all_say(few, 0.6)).scores.skill is None
    survey = even(25, 0.6, group_share=0.8, everyone=0.5)
    shares = survey.questions[0].model_dump() | {
        "responses": {"POLPARTY": {"Democrat": {"proportions": (0.8, 0.2), "refused": 0.0}}}
    }
    uncounted = town(Question.model_validate(shares), *survey.questions[1:])
    card = score(uncounted, (DEMOCRAT,), all_say(uncounted, 0.6))
    assert card.scores.skill is None
    assert card.references.noise_floor is None
    assert card.questions[0].human_n is None
    assert card.scores.alignment is not None


def test_entropy_ratio_is_a_ratio_of_means() -> None:
    survey = town(
        question("A", {DEMOCRAT: (50, 50)}, overall=(50, 50)), question("B", {DEMOCRAT: (100, 0)}, overall=(50, 50))
    )
    card = score(survey, (DEMOCRAT,), [answer("A", [1.0, 0.0]), answer("B", [0.5, 0.5])])
    assert mean(card.scores.entropy_ratio) == pytest.approx(1)


def test_questions_that_are_not_valid_count_in_one_set_of_scores_and_not_in_the_other() -> None:
    weak = (answer("BUS", [0.28, 0.12], [0.28, 0.12]), SAID[0])
    card = score(TWO, (DEMOCRAT,), weak)
    assert [each.valid for each in card.questions] == [False, True]
    assert mean(card.scores.total_variation) == pytest.approx((0.1 + 0.9 - 11 / 16) / 2)
    assert mean(card.scores_valid_only.total_variation) == pytest.approx(0.9 - 11 / 16)


def test_options_without_order_count_in_total_variation_only() -> None:
    survey = town(BUS, question("HUE", {DEMOCRAT: (1, 1)}, overall=(1, 1), ordinals=(1, 1)))
    card = score(survey, (DEMOCRAT,), [SAID[1], answer("HUE", [1.0, 0.0])])
    assert card.questions[1].alignment is None
    assert mean(card.scores.alignment) == pytest.approx(0.9)
    assert mean(card.scores.total_variation) == pytest.approx((0.1 + 0.5) / 2)


def test_without_people_there_are_still_distributions_and_nearest_groups() -> None:
    for groups in (None, (FEMALE,)):
        card = score(TWO, groups, SAID)
        assert card.scores.alignment is None
        assert card.scores.total_variation is None
        assert card.references.population is None
        assert mean(card.scores.label_mass) == pytest.approx(0.9)
        assert card.nearest[0].group == DEMOCRAT
        np.testing.assert_allclose(card.questions[0].model, [0.7, 0.3])


def test_refusals_as_an_option_are_compared_with_the_peoples_refusals() -> None:
    shy = answer("BUS", [0.4, 0.2], [0.4, 0.2], refusal=0.4)
    card = score(TWO, (DEMOCRAT,), [shy], refusals="as-option")
    bus = card.questions[0]
    np.testing.assert_allclose(bus.human, [0.48, 0.32])
    np.testing.assert_allclose(bus.model, [0.4, 0.2])
    assert bus.total_variation == pytest.approx((0.08 + 0.12 + 0.2) / 2)
    assert bus.alignment == pytest.approx(1 - (2 / 3 - 0.6))


def test_intervals_stand_around_the_mean_from_twenty_questions_on() -> None:
    survey = many(24)
    answers = [answer(each.id, [1.0] * len(each.options)) for each in survey.questions]
    enough, few = (score(survey, (DEMOCRAT,), answers[:count]).scores.alignment for count in (20, 19))
    assert enough is not None
    assert enough.low is not None
    assert enough.high is not None
    assert enough.low < enough.mean < enough.high
    assert few is not None
    assert not few.bounded


def test_the_same_answers_score_the_same_in_any_order() -> None:
    survey = many(22)
    answers = [answer(each.id, [1.0] * len(each.options)) for each in survey.questions]
    assert plain(score(survey, (DEMOCRAT,), answers)) == plain(score(survey, (DEMOCRAT,), answers[::-1]))


def test_refusals_are_compared_on_the_questions_that_people_were_asked() -> None:
    unknown = question("FERRY", {REPUBLICAN: (3, 7)}, overall=(3, 7))
    answers = [answer("BUS", [0.56, 0.24], refusal=0.2), answer("FERRY", [0.2, 0.2], refusal=0.6)]
    card = score(town(BUS, unknown), (DEMOCRAT,), answers)
    assert mean(card.scores.refusal) == pytest.approx(0.2)
    assert mean(card.scores.human_refusal) == pytest.approx(25 / 125)
    assert mean(score(town(BUS, unknown), None, answers).scores.refusal) == pytest.approx((0.2 + 0.6) / 2)


def test_no_answers_score_nothing() -> None:
    card = score(TWO, (DEMOCRAT,), [])
    assert card.scores.alignment is None
    assert card.nearest == ()
    assert card.questions == ()


@pytest.mark.parametrize(
    ("answers", "why"),
    [
        ([answer("FERRY", [0.5, 0.5])], "no question FERRY"),
        ([SAID[1], SAID[1]], "two answers to the question BUS"),
        ([answer("BUS", [0.5, 0.3, 0.2])], "masses for 3 options; the survey has 2"),
    ],
)
def test_answers_that_do_not_fit_the_survey_are_refused(answers: list[Answer], why: str) -> None:
    with pytest.raises(AnswerError, match=why):
        score(TWO, (DEMOCRAT,), answers)


def plain(card: Scorecard) -> Scorecard:
    """Return the scorecard without its arrays, so that it can be compared."""
    return replace(card, questions=())


def test_alignment_is_told_apart_where_people_agree_and_where_they_are_divided() -> None:
    shares = [0.99, 0.5, 0.8, 0.97, 0.55, 0.85]
    questions = [
        question(f"Q{number}", {DEMOCRAT: (1000 * share, 1000 - 1000 * share)}, overall=(600, 400))
        for number, share in enumerate(shares)
    ]
    answers = [answer(f"Q{number}", [0.7, 0.3], [0.7, 0.3]) for number in range(len(shares))]
    thirds = score(town(*questions), (DEMOCRAT,), answers).entropy_thirds
    assert [third.third for third in thirds] == ["agree", "between", "divided"]
    by_hand = [1 - np.mean([abs(0.7 - share) for share in pair]) for pair in ((0.99, 0.97), (0.8, 0.85), (0.5, 0.55))]
    assert [mean(third.persona) for third in thirds] == pytest.approx(by_hand)
    assert [mean(third.uniform) for third in thirds] == pytest.approx([0.52, 0.675, 0.975])
    assert thirds[-1].high == pytest.approx(1)


def test_a_persona_is_worth_the_people_whose_answers_miss_the_group_by_as_much() -> None:
    survey = even(24, 0.3, 0.3, 0.3)
    misses = sum(abs(k / 9 - 0.3) * comb(9, k) * 0.3**k * 0.7 ** (9 - k) for k in range(10))
    card = score(survey, (DEMOCRAT,), all_say(survey, 0.3 + misses))
    assert mean(card.scores.worth) == pytest.approx(9)
    everyone = card.references.population
    assert everyone is not None
    assert mean(everyone.worth) == pytest.approx(100_000), "everyone answers as the group does"


def test_a_brief_scorecard_has_the_figures_of_the_whole_one() -> None:
    survey = many(24)
    rising = {each.id: np.arange(1, 1 + len(each.options)) / 20 for each in survey.questions}
    answers = [answer(name, list(masses), list(0.9 * masses)) for name, masses in rising.items()]
    whole, brief = score(survey, (DEMOCRAT,), answers, seed=3), score_briefly(survey, (DEMOCRAT,), answers, seed=3)
    assert (brief.scores, brief.verdict) == (whole.scores, whole.verdict)
    assert brief.scores.alignment is not None
    assert brief.scores.alignment.bounded
    assert [(each.id, each.alignment, each.valid) for each in brief.questions] == [
        (each.id, each.alignment, each.valid) for each in whole.questions
    ]
