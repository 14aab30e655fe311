"""What users rely on in the built-in survey `civic`."""

from collections import Counter
from itertools import pairwise

import pytest

from eval.expression.rendering import render
from eval.surveys.human_figures import groups_with_figures
from eval.surveys.loading import Question, Responses, load_survey
from personas import CATALOGUE
from pocket.held_out import HELD_OUT

CIVIC = load_survey("civic").survey
BY_ID = {question.id: question for question in CIVIC.questions}
ATTRIBUTES = ("CREGION", "AGE", "SEX", "EDUCATION", "POLPARTY", "INCOME", "POLIDEOLOGY", "RACE")
PAIRS = ("POLPARTY x RACE", "POLPARTY x SEX", "RACE x SEX")

every_question = pytest.mark.parametrize("question", CIVIC.questions, ids=lambda question: question.id)


def people(responses: Responses | None) -> tuple[float, ...]:
    """Return how many people chose each option, and last how many refused."""
    assert responses is not None
    assert responses.counts is not None
    return (*responses.counts, responses.refused)


def added(parts: list[Responses]) -> tuple[float, ...]:
    """Return the people of all parts together."""
    return tuple(map(sum, zip(*map(people, parts), strict=True)))


def at_most(parts: tuple[float, ...], whole: tuple[float, ...]) -> bool:
    """Say whether no option has more people in the parts than in the whole."""
    return all(part <= limit for part, limit in zip(parts, whole, strict=True))


def test_it_asks_many_questions_on_many_topics_topic_by_topic() -> None:
    topics = [question.topics[0] for question in CIVIC.questions]
    assert len(BY_ID) == len(CIVIC.questions) == 62
    assert len(CIVIC.topics) == 24
    assert sum(one != other for one, other in pairwise(topics)) == 23


def test_it_says_that_the_wording_is_ours_and_the_figures_are_unweighted_pew_figures() -> None:
    assert all(question.paraphrased for question in CIVIC.questions)
    assert not CIVIC.weighted
    assert CIVIC.years == (2017, 2018, 2019, 2021)
    assert "Pew Research Center" in CIVIC.source
    assert "OpinionQA" in CIVIC.source


def test_every_id_names_a_wave_whose_year_is_given() -> None:
    for question in CIVIC.questions:
        assert f"{question.id.rpartition('_')[2]} 20" in CIVIC.source


def test_the_35_groups_of_8_attributes_have_figures() -> None:
    groups = groups_with_figures(CIVIC)
    assert tuple(dict.fromkeys(group.attribute for group in groups)) == ATTRIBUTES
    assert len(groups) == sum(len(CATALOGUE[attribute].values) for attribute in ATTRIBUTES) == 35


def test_26_questions_have_figures_for_pairs_of_party_race_and_sex() -> None:
    assert sum("POLPARTY x SEX" in question.responses for question in CIVIC.questions) == 26


def test_questions_that_the_pocket_model_must_not_see_are_there() -> None:
    assert len(HELD_OUT) == 12
    assert set(BY_ID) >= HELD_OUT


@every_question
def test_every_value_of_the_catalogue_has_figures_and_no_other(question: Question) -> None:
    for attribute in ATTRIBUTES:
        assert tuple(question.responses[attribute]) == CATALOGUE[attribute].values
    assert set(question.responses) - set(ATTRIBUTES) in (set(), set(PAIRS))


@every_question
def test_groups_of_an_attribute_are_never_more_people_than_everyone(question: Question) -> None:
    for attribute in ATTRIBUTES:
        parts = list(question.responses[attribute].values())
        assert at_most(added(parts), people(question.overall)), attribute


@every_question
def test_pairs_are_never_more_people_than_the_groups_they_are_in(question: Question) -> None:
    for pair in PAIRS:
        for side, attribute in enumerate(pair.split(" x ")):
            for value, group in question.responses[attribute].items():
                pairs = question.responses.get(pair, {}).items()
                parts = [responses for key, responses in pairs if key.split(" x ")[side] == value]
                assert not parts or at_most(added(parts), people(group)), (pair, value)


@every_question
def test_options_are_ordered_and_no_two_share_a_place(question: Question) -> None:
    places = sorted(question.ordinals)
    assert places in ([1, 2], [1, 1.5, 2], [1, 2, 3], [1, 2, 3, 4], [1, 2, 3, 4, 5])
    assert question.ordinals[0] == 1


@every_question
def test_a_probe_is_short_enough_for_a_small_model(question: Question) -> None:
    assert len(question.stem.split()) < 30
    assert all(len(text.split()) < 14 for text in question.option_texts)
    assert question.refusals == ("I would rather not say",)
    assert len(render(question, "survey").probe.labels) <= 6


def test_no_two_questions_have_the_same_stem() -> None:
    assert Counter(question.stem for question in CIVIC.questions).most_common(1)[0][1] == 1


@pytest.mark.parametrize(
    ("question_id", "attribute", "value", "published"),
    [
        ("SOCIETY_GUNS_W92", "POLPARTY", "Democrat", (53, 85, 285, 647, 2150, 11)),
        ("POORASSIST_W92", "POLPARTY", "Republican", (237, 1904, 724, 21)),
        ("GOVTHC_W92", "AGE", "18-29", (781, 267, 5)),
        ("ABORTION_W32", "POLIDEOLOGY", "Very liberal", (543, 36, 9)),
        ("FUD37C_W34", "EDUCATION", "Postgraduate", (107, 142, 201, 28, 4)),
        ("IMMCULT2_W32", "CREGION", "South", (1124, 1110, 57)),
        ("INEQ1_W54", "INCOME", "$100,000 or more", (1102, 83, 430, 28)),
        ("GUNCONTRIBA_W26", "POLPARTY x SEX", "Democrat x Female", (460, 282, 91, 29, 6)),
        ("GAYMARR2_W32", "RACE x SEX", "Black x Male", (50, 57, 51, 76, 8)),
        ("MARRFAM2_W32", "POLPARTY x RACE", "Republican x White", (1102, 516, 31)),
    ],
)
def test_figures_are_those_of_the_source(
    question_id: str, attribute: str, value: str, published: tuple[int, ...]
) -> None:
    assert people(BY_ID[question_id].responses[attribute][value]) == published


@pytest.mark.parametrize(
    ("question_id", "published"),
    [
        ("SOCIETY_GUNS_W92", (961, 1163, 2497, 1874, 3680, 46)),
        ("RACESURV17_W43", (2548, 2063, 1091, 850, 85)),
    ],
)
def test_everyone_includes_people_whose_group_is_not_known(question_id: str, published: tuple[int, ...]) -> None:
    assert people(BY_ID[question_id].overall) == published


@pytest.mark.parametrize(
    ("question_id", "option", "by_democrats", "by_republicans"),
    [
        ("GOVTHC_W92", "Yes, it has that duty", 0.92, 0.23),
        ("ABORTION_W32", "Yes, always or in most situations", 0.83, 0.25),
        ("SOCIETY_GUNS_W92", "It harms a lot", 0.67, 0.08),
        ("VTRGHTPRIV1_W92", "A basic right of all adult citizens that nothing should limit", 0.85, 0.26),
        ("GOVSIZE1_W92", "Small, with fewer services", 0.14, 0.87),
        ("PEACESTR_W92", "A strong military", 0.09, 0.59),
        ("WORK2_W27", "Too little weight", 0.33, 0.76),
    ],
)
def test_an_option_stands_with_the_people_who_chose_it(
    question_id: str, option: str, by_democrats: float, by_republicans: float
) -> None:
    question = BY_ID[question_id]
    index = question.option_texts.index(option)
    for value, share in (("Democrat", by_democrats), ("Republican", by_republicans)):
        counts = question.responses["POLPARTY"][value].counts
        assert counts is not None
        assert counts[index] / sum(counts) == pytest.approx(share, abs=0.006)
