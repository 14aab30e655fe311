"""What a section of the panel means is said with the conversation's own figures, and with no others."""

from dataclasses import replace
from pathlib import Path

import pytest

from chat_personas.monitor.drift import CoursePoint, Drift, Trajectory
from chat_personas.monitor.inside import Inside, InsidePoint
from chat_personas.monitor.round import Coverage, Estimate
from chat_personas.reporting.explained.in_one_sentence import after_which
from chat_personas.reporting.explained.sections import SECTIONS, Measured, explain, section_named
from chat_personas.reporting.in_sentences import spoken
from eval.interventions import Fixed
from personas import Group
from tests.engines.llama.test_interventions import a_direction
from tests.eval.intervals import interval, paired
from tests.reporting.test_in_one_sentence import card, survey

CARD = card(0.7, survey())
"""24 questions of which Democrats answer 80% "option 1", everyone 50%, and the persona 70%: 0.90 beside 0.70."""
ALL = Coverage(questions=24, anchors=24, this_turn=24)


def estimate(**changes: object) -> Estimate:
    made = Estimate(CARD, done=24, total=24, complete=True, turn=3, message_id="reply 3", coverage=ALL)
    return replace(made, **changes)  # type: ignore[arg-type]


MEASURED = Measured("Democrat", estimate(), CARD, complete=True)


def said(section: str, measured: Measured = MEASURED) -> tuple[str, ...]:
    return explain(section, measured).says


def test_the_alignment_is_explained_with_its_questions_its_interval_and_what_it_does_not_say() -> None:
    found = said("alignment")
    assert found[0] == "Answers like its group: 0.90 [0.90, 0.90], better than everyone's answers 0.70 [0.70, 0.70]."
    assert found[1] == "All 24 questions of the survey were answered after the reply to message 3."
    assert "compared with Democrat answers" in found[2]
    assert found[2].endswith("the mean over 24 questions is 0.90 [0.90, 0.90].")
    assert found[3] == (
        "The two numbers after it are the ends of its 95% interval: in 95 of 100 such measurements, each with other "
        "questions of the kind, an interval holds the value over all of them."
    )
    assert found[-1].endswith("nor whether what the persona says in the conversation is true.")


def test_answers_of_earlier_turns_are_counted_apart() -> None:
    slow = Coverage(questions=62, anchors=24, this_turn=28, older=30)
    found = said("alignment", replace(MEASURED, estimate=estimate(coverage=slow)))
    assert found[1] == (
        "Of the 62 questions of the survey, 28 were answered after the reply to message 3; 30 more count with their "
        "answers after earlier messages."
    )


def test_in_a_debate_it_is_said_after_which_contribution_of_which_side() -> None:
    slow = Coverage(questions=62, anchors=24, this_turn=28, older=30)
    side = replace(MEASURED, estimate=estimate(coverage=slow), side="A Democrat")
    assert said("alignment", side)[1] == (
        "Of the 62 questions of the survey, 28 were answered after contribution 3 of A Democrat; 30 more count with "
        "their answers after earlier contributions."
    )
    inside = Inside(a_direction(), 1, 1, 0.2, (InsidePoint(1, 0.5), InsidePoint(2, 0.8)))
    everything = " ".join(line for section in SECTIONS for line in said(section, replace(side, inside=inside)))
    assert "Contribution 2 of A Democrat lies at 0.80." in everything
    assert "to message" not in everything
    assert after_which(0, "A Democrat") == "before A Democrat spoke"


def test_each_reference_point_is_compared_with_the_persona_question_by_question() -> None:
    _, everyone, republicans, even, *_ = said("references")
    assert everyone == (
        "Everyone's answers, 0.70 [0.70, 0.70]: the answers of all people asked, as if they were the persona's: what "
        "is reached without any persona; the persona is closer by 0.200 [0.200, 0.200]."
    )
    assert republicans == (
        "Republican answers, 0.40 [0.40, 0.40]: what the opposite group answered, compared with what the persona's "
        "group did; the persona is closer by 0.500 [0.500, 0.500]."
    )
    assert even.startswith("Even answers, 0.70 [0.70, 0.70]: every option equally often")


def test_the_two_figures_with_the_opposite_group_say_which_is_which() -> None:
    _, _, republicans, *others = said("references")
    assert republicans.startswith(
        "Republican answers, 0.40 [0.40, 0.40]: what the opposite group answered, compared with what the persona's "
        "group did"
    )
    (persona,) = [line for line in others if line.startswith("This persona vs. Republican answers, 0.")]
    assert persona.endswith("own answers, compared with those of the opposite group instead of its own.")


def test_what_marks_a_tie_is_said_and_why_a_farther_group_can_be_tied() -> None:
    tied = replace(CARD, nearest=tuple(near.model_copy(update={"tied": True}) for near in CARD.nearest))
    found = said("nearest", replace(MEASURED, card=tied))
    (why,) = [line for line in found if line.startswith("A group is tied with the first (=) where")]
    assert "a farther group can be tied while a nearer one is not" in why


@pytest.mark.parametrize("section", SECTIONS)
def test_what_is_read_aloud_explains_no_sign_that_is_not_read(section: str) -> None:
    tied = tuple(near.model_copy(update={"tied": True}) for near in CARD.nearest)
    worth = CARD.scores.model_copy(update={"worth": interval(16, 8.6, 29)})
    measured = replace(MEASURED, card=replace(CARD, nearest=tied, scores=worth))
    found = [spoken(line) for line in said(section, measured)]
    assert not [line for line in found if any(sign in line for sign in ("bracket", "[", "="))]
    if section == "alignment":
        as_close = "A random sample of so many people of the group would come as close (worth in people): "
        assert f"{as_close}16, from 8.6 to 29." in found


def test_a_round_under_way_compares_and_ranks_nothing() -> None:
    under_way = replace(MEASURED, estimate=estimate(complete=False), complete=False)
    claims = ("closer by", "cannot be told apart", "that floor is reached", "are tied:", "no other may be")
    for section in SECTIONS:
        assert not any(claim in line for line in said(section, under_way) for claim in claims), section
    assert said("nearest", under_way)[1] == "So far first comes Democrat, 0.90 [0.90, 0.90]."


def test_the_course_says_what_moved_with_which_level_and_where_a_mark_stands() -> None:
    points = (CoursePoint(0, interval(0.9, 0.85, 0.95)), CoursePoint(3, interval(0.84, 0.8, 0.88)))
    drift = Drift(0, 3, paired(-0.06, -0.09, -0.03), 24, 0.99)
    found = said("course", replace(MEASURED, estimate=estimate(trajectory=Trajectory(points, drift, moves=(drift,)))))
    assert found[1:] == (
        "Before the first message: 0.90 [0.85, 0.95].",
        "After the reply to message 3: 0.84 [0.80, 0.88].",
        "The drift, from the first row to the last, question by question: -0.06 [-0.09, -0.03].",
        "That is more than chance: every turn is another look, so the interval is one of 99% and not of 95%.",
        "Where it moved: after the reply to message 3, the answers were farther from Democrat answers than "
        "before the first message: -0.06 [-0.09, -0.03] (99% interval, 24 questions asked every turn).",
        "It is about the answers to the survey: not about what was said, nor why the answers moved or did not.",
    )


def test_a_course_of_one_turn_and_one_of_too_few_questions_say_so() -> None:
    points = (CoursePoint(1, interval(0.9)), CoursePoint(2, interval(0.8)))
    assert said("course", replace(MEASURED, estimate=estimate(trajectory=Trajectory(points[:1]))))[-1] == (
        "With one row there is nothing yet to compare it with."
    )
    few = Drift(1, 2, paired(-0.1), 7, 0.99)
    assert said("course", replace(MEASURED, estimate=estimate(trajectory=Trajectory(points, few))))[-3:-1] == (
        "Changes count from turn 1: nothing before it was measured in this way.",
        "Too few questions (under 20) to detect a change.",
    )


def test_the_nearest_groups_are_ranked_and_the_own_group_has_its_place() -> None:
    assert said("nearest") == (
        "2 groups are ranked by how close the persona's answers are to theirs, over the 24 questions that all of them "
        "were asked.",
        "First comes Democrat, 0.90 [0.90, 0.90].",
        "Its own group, Democrat, is number 1, 0.90 [0.90, 0.90].",
        "No other may be the nearest in truth.",
    )


def test_a_combined_persona_has_several_groups_of_its_own() -> None:
    both = replace(CARD, groups=(*(CARD.groups or ()), Group(attribute="SEX", value="Female")))
    found = said("nearest", replace(MEASURED, card=both))
    assert "One of its groups, Democrat, is number 1, 0.90 [0.90, 0.90]." in found


def test_the_probe_on_the_screen_is_the_one_that_is_explained() -> None:
    found = said("question", replace(MEASURED, question=2, stems={"Q1": "Should trams be free?"}))
    assert found[:3] == (
        "Question 2 of 24: Should trams be free?",
        "The most frequent answer of people (Democrat) is “option 1”, 80%.",
        "The answer that the model gives most is “option 1”, 70%.",
    )
    assert found[-1] == "One question has no interval, so nothing can be concluded from it alone."


def test_a_question_of_a_longer_round_before_is_explained_by_the_last_one_that_there_is() -> None:
    assert said("question", replace(MEASURED, question=62))[0].startswith("Question 24 of 24: ")


def test_validity_gives_each_figure_with_its_meaning_from_the_glossary() -> None:
    found = said("validity")
    assert (
        "Order agreement 1.00 [1.00, 1.00]: how far the answers in both orders of the options agree: 1 is wholly, "
        "under 0.5 the answers follow the letters and not what the options say."
    ) in found
    assert "0 of 24 questions not valid." in found


def test_the_inside_is_explained_with_its_poles_and_its_change() -> None:
    party = a_direction(pole_names=("republican", "democrat"))
    needle = Inside(party, 1, 1, 0.2, (InsidePoint(1, 0.5), InsidePoint(2, 0.8)))
    found = said("inside", replace(MEASURED, inside=needle))
    assert "leads from republican (0) to democrat (1)" in found[0]
    assert found[1] == "The reply to message 2 lies at 0.80."
    assert "Since turn 1 the replies moved by +0.30 toward democrat." in found


def test_where_the_setting_leaves_nothing_to_read_inside_that_is_explained_in_its_place() -> None:
    needle = Inside(a_direction(pole_names=("republican", "democrat")), 1, 1, 0.2, (), fixed=Fixed(None))
    _, why = said("inside", replace(MEASURED, inside=needle))
    assert why == "Under this persona's steering it is removed: nothing to read along it."


def test_where_nothing_is_measured_every_section_says_why() -> None:
    off = Measured("Democrat", state="not measuring (F4 starts it)")
    for section in SECTIONS:
        assert said(section, off) == ("Nothing is measured yet.", "Not measuring (F4 starts it).")
    begun = Measured("Democrat", estimate(complete=False, done=3, scorecard=None))
    assert said("alignment", begun)[1] == "3 of 24 questions are answered so far, in both orders of their options."


def test_a_group_without_figures_is_said_to_have_none() -> None:
    alone = replace(MEASURED, card=card(0.7, survey(), None))
    nothing = "No human figures for this group: how close the answers come is not known."
    for section in ("alignment", "references"):
        assert said(section, alone)[0] == nothing
    assert said("question", alone)[1] == "The survey has no figures of this group for it."


def test_words_that_a_sentence_uses_are_defined_once() -> None:
    words = dict(explain("alignment", MEASURED).words)
    assert words["everyone's answers"].startswith("The answers of all people asked")
    assert "order agreement" not in words
    assert "order agreement" not in dict(explain("validity", MEASURED).words), "its sentence has the meaning already"


def test_a_section_is_found_by_the_word_in_its_title_on_the_panel_and_by_its_own() -> None:
    for word in ("probe", "Probe", "question"):
        assert section_named(word) == "question"


@pytest.mark.parametrize("section", SECTIONS)
def test_the_page_that_has_more_exists_and_has_that_heading(section: str) -> None:
    page, _, heading = explain(section, MEASURED).page.partition(", ")
    lines = (Path(__file__).parents[2] / page).read_text(encoding="utf-8").splitlines()
    assert any(line.startswith("#") and line.lstrip("# ") == heading for line in lines)
