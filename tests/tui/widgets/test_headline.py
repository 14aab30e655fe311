"""The panel's first lines count the questions that the number above them is over."""

import re
from dataclasses import replace

import pytest

from chat_personas.monitor.drift import CoursePoint, Drift
from chat_personas.monitor.round import Coverage, Estimate
from chat_personas.tui.widgets.panel.headline import Figures, Headline, headline, in_short
from chat_personas.tui.widgets.panel.panel import LEAST
from chat_personas.tui.widgets.panel.sections import course, nearest, scale
from eval.answers import Failure
from eval.scoring.scores import score
from tests.eval.intervals import interval, paired
from tests.eval.towns import DEMOCRAT, REPUBLICAN, answer, many, question, town

BORDERS = 5
"""Cells of the panel that are not of a section: border, scroll bar and padding."""


def test_questions_without_figures_for_the_group_do_not_count_toward_its_interval() -> None:
    known = question("BUS", {DEMOCRAT: (6, 4)}, overall=(6, 4))
    unknown = [question(f"Q{number}", {REPUBLICAN: (6, 4)}, overall=(6, 4)) for number in range(30)]
    survey = town(known, *unknown)
    card = score(survey, (DEMOCRAT,), [answer(each.id, [0.6, 0.4]) for each in survey.questions])
    said = headline("Democrat", Figures(Estimate(card, done=31, total=31, complete=True), card)).plain
    assert "under 20 of 31 questions count: no intervals for alignment, they would be unreliable" in said


def test_a_new_round_without_figures_leaves_those_of_the_turn_before_and_says_so() -> None:
    survey = town(question("BUS", {DEMOCRAT: (6, 4)}, overall=(6, 4)))
    card = score(survey, (DEMOCRAT,), [answer("BUS", [0.6, 0.4])])

    before = Figures().after(Estimate(card, done=31, total=31, complete=True))
    said = headline("Democrat", before.after(Estimate(None, done=0, total=31, complete=False, turn=1))).plain

    assert "alignment 1.00" in said
    assert "turn 0: before the first message\nturn 1: measuring… 0 of 31 questions" in said


TOWN = town(*(question(f"Q{number}", {DEMOCRAT: (50, 50)}, overall=(50, 50)) for number in range(40)))


def said_by(share: float, done: int, *, complete: bool = False, turn: int = 1) -> Estimate:
    """An estimate over the first questions of a round of 40 in turn 1, whose alignment is 1 - |share - 0.5|."""
    answers = [answer(each.id, [share, 1 - share]) for each in TOWN.questions[:done]]
    card = score(TOWN, (DEMOCRAT,), answers) if answers else None
    return Estimate(card, done=done, total=40, complete=complete, turn=turn, message_id=f"reply {turn}")


def test_the_score_of_the_round_before_stays_until_the_new_one_has_an_interval() -> None:
    before = Figures().after(said_by(0.5, 0)).after(said_by(0.5, 40, complete=True))
    new = before.after(said_by(0.7, 0, turn=2)).after(said_by(0.7, 1, turn=2)).after(said_by(0.7, 19, turn=2))

    assert "alignment 1.00 [1.00, 1.00]" in headline("Democrat", new).plain
    assert "turn 1: after the reply to message 1\nturn 2: measuring… 19 of 40 questions" in (
        headline("Democrat", new).plain
    )
    assert in_short(new) == "alignment 1.00 [1.00, 1.00] · turn 1 · measuring… 19/40"
    assert "turn 2: stopped after 19 of 40 questions; off" in (
        headline("Democrat", replace(new, halted=True, state="off")).plain
    )

    enough = new.after(said_by(0.7, 20, turn=2))
    assert "alignment 0.80 [0.80, 0.80]" in headline("Democrat", enough).plain
    assert "turn 2: after the reply to message 2\nmeasuring… 20 of 40" in headline("Democrat", enough).plain
    of_a_side = headline("Democrat", enough, side="A Democrat").plain
    assert "turn 2: after contribution 2 of A Democrat\nmeasuring… 20 of 40" in of_a_side
    assert in_short(enough) == "alignment 0.80 [0.80, 0.80] · turn 2 · measuring… 20/40"


def test_figures_about_a_message_that_is_no_longer_on_the_path_are_dropped() -> None:
    first = Figures(state="off", halted=True).after(said_by(0.5, 40, complete=True))
    new = first.after(said_by(0.7, 0, turn=2)).after(said_by(0.7, 3, turn=2))

    assert new.of_path({None, "reply 1", "reply 2"}) is new
    assert "alignment" not in headline("Democrat", new.of_path({None, "another", "reply 2"})).plain
    assert "measuring… 3 of 40 questions" in headline("Democrat", new.of_path({None, "another", "reply 2"})).plain
    assert headline("Democrat", replace(first, halted=True).of_path({None, "another"})).plain == "Democrat\noff"
    assert in_short(replace(first, halted=True, state="not measuring (F4 starts it)")) == (
        "alignment 1.00 [1.00, 1.00] · turn 1 · not measuring"
    )


def test_a_first_round_is_shown_from_its_first_answer_and_grows() -> None:
    first = Figures().after(said_by(0.7, 0)).after(said_by(0.7, 1))
    assert "alignment 0.80" in headline("Democrat", first).plain
    assert "under 20 questions: no intervals, they would be unreliable" in headline("Democrat", first).plain
    assert "measuring… 2 of 40 questions" in headline("Democrat", first.after(said_by(0.7, 2))).plain


def test_a_score_without_an_interval_is_never_bold_and_says_so_at_every_width() -> None:
    few, enough = Figures().after(said_by(0.7, 1)), Figures().after(said_by(0.7, 20))
    bold = [
        {said.plain[span.start : span.end] for span in said.spans if "bold" in str(span.style)} - {""}
        for said in (headline("Democrat", few), headline("Democrat", enough))
    ]
    assert bold == [{"Democrat"}, {"Democrat", "0.80 [0.80, 0.80]"}]
    assert "alignment 0.80  no interval yet" in headline("Democrat", few).plain
    assert in_short(few) == "alignment 0.80 (no interval yet) · turn 1 · measuring… 1/40"
    whole = few.after(said_by(0.7, 5, complete=True))
    assert in_short(whole) == "alignment 0.80 (no interval) · turn 1"


@pytest.mark.parametrize("compact", [False, True])
@pytest.mark.parametrize("complete", [False, True])
def test_a_number_and_its_interval_stand_on_one_line_at_every_width(compact: bool, complete: bool) -> None:
    drawn = Headline()
    drawn.compact = compact
    drawn.show("Democrat", Figures().after(said_by(0.7, 40, complete=complete)))
    for width in range(LEAST - BORDERS, 120):
        rows = [row.plain for row in drawn.draw(width).wrap(width)]  # as Textual breaks what is drawn
        whole = re.findall(r"\d\.\d+ \[\d\.\d+, \d\.\d+\]", "\n".join(rows))
        assert len(whole) == "\n".join(rows).count("[") > 1, width


def test_a_round_takes_the_place_of_a_shorter_one_once_it_has_asked_as_many() -> None:
    before = Figures().after(said_by(0.5, 0)).after(said_by(0.5, 3))
    new = before.after(said_by(0.7, 0)).after(said_by(0.7, 2))
    assert "alignment 1.00" in headline("Democrat", new).plain
    assert "alignment 0.80" in headline("Democrat", new.after(said_by(0.7, 3))).plain


def test_a_whole_round_is_shown_however_short_it_is() -> None:
    before = Figures().after(said_by(0.5, 40, complete=True))
    whole = before.after(said_by(0.7, 0)).after(said_by(0.7, 5, complete=True))
    assert "alignment 0.80" in headline("Democrat", whole).plain


def test_questions_that_failed_are_counted_with_a_reason() -> None:
    failed = (Failure("BUS", "the answer was no letter"), Failure("TRAM", "the server gave up"))

    said = headline("Democrat", Figures(Estimate(None, done=2, total=2, complete=True, failures=failed))).plain

    assert "! 2 questions failed; BUS: the answer was no letter" in said


def test_a_round_that_was_stopped_says_how_far_it_came() -> None:
    stopped = Figures(Estimate(None, done=12, total=62, complete=False), halted=True, state="not measuring")

    assert "stopped after 12 of 62 questions; not measuring" in headline("Democrat", stopped).plain


def test_a_score_that_rests_on_no_valid_question_is_not_shown() -> None:
    survey = town(question("BUS", {DEMOCRAT: (6, 4)}, overall=(6, 4)))
    card = score(survey, (DEMOCRAT,), [answer("BUS", [0.06, 0.04])])
    figures = Figures(Estimate(card, done=1, total=1, complete=True), card)

    said = headline("Democrat", figures).plain

    assert "not sound: the model does not answer the questions (0 of 1 question valid" in said
    assert "alignment" not in said
    assert in_short(figures) == "not sound: the model does not answer the questions · turn 0"


SLOW = Coverage(questions=62, anchors=24, this_turn=28, older=30)


def test_answers_of_earlier_turns_are_counted_apart_from_those_of_this_turn() -> None:
    survey = town(question("BUS", {DEMOCRAT: (6, 4)}, overall=(6, 4)))
    card = score(survey, (DEMOCRAT,), [answer("BUS", [0.6, 0.4])])
    ended = Figures(Estimate(card, done=28, total=28, complete=True, coverage=SLOW, turn=3), card)
    under_way = Figures(Estimate(card, done=12, total=28, complete=False, coverage=SLOW, turn=3), card)

    assert "measured 58 of 62 questions:\n28 this turn (24 anchors), 30 older" in headline("Democrat", ended).plain
    assert in_short(ended) == "alignment 1.00 (no interval) · turn 3 · 30 older answers"
    assert "measuring… 12 of 28 questions, and 30 from earlier turns" in headline("Democrat", under_way).plain
    assert in_short(under_way) == "alignment 1.00 (no interval yet) · turn 3 · measuring… 12/28 · 30 older answers"


def test_a_round_that_has_no_answer_yet_counts_nothing_older() -> None:
    begun = Figures(Estimate(None, done=0, total=28, complete=False, coverage=SLOW))

    assert "measuring… 0 of 28 questions" in headline("Democrat", begun).plain
    assert "older" not in headline("Democrat", begun).plain


def test_the_course_says_how_far_it_moved_over_which_questions_and_whether_that_is_chance() -> None:
    points = [CoursePoint(turn, interval(mean, mean - 0.05, mean + 0.05)) for turn, mean in ((0, 0.8), (3, 0.782))]
    moved = course(points, Drift(0, 3, paired(-0.018, -0.031, -0.005), 24, 0.995), 45, None)
    unmoved = course(points, Drift(0, 3, paired(-0.018, -0.041, 0.005), 24, 0.995), 45, None)
    few = course(points, Drift(0, 3, paired(-0.018), 7, 0.995), 45, None)

    assert moved is not None
    assert "since turn 0: -0.02 [-0.03, -0.01] on the 24 questions asked every turn\na detectable" in moved.plain
    assert unmoved is not None
    assert unmoved.plain.endswith(
        "asked every turn\nno detectable change (99.5% interval, for a look after every turn)"
    )
    assert few is not None
    assert few.plain.endswith(
        "since turn 0: -0.02 on the 7 questions asked every turn\ntoo few questions (under 20) to detect a change"
    )


def test_claims_are_made_of_a_completed_round_only() -> None:
    survey = many(24)
    republican = [answer(each.id, each.responses["POLPARTY"]["Republican"].options) for each in survey.questions]
    card = score(survey, (DEMOCRAT,), republican)
    (ended, ties), (under_way, no_ties) = (
        [made.plain for draw in (scale, nearest) if (made := draw(card, 60, complete=complete)) is not None]
        for complete in (True, False)
    )
    assert "! this persona is closer to Republican answers than to its own group's (difference +" in ended
    assert "the nearest is clearly first (24 questions)" in ties
    assert "! " not in under_way
    assert no_ties.endswith("which groups are tied: when the round is complete")
    assert "= " not in no_ties


def test_what_the_comparison_rests_on_is_said_without_alarm_and_failures_with_it() -> None:
    failed = (Failure("BUS", "the answer was no letter"),)
    figures = Figures(
        Estimate(None, done=1, total=1, complete=True, failures=failed, message="survey data for 26 of 62 questions")
    )
    said = headline("Democrat", figures)
    styles = {said.plain[span.start : span.end]: span.style for span in said.spans}

    assert "! survey data" not in said.plain
    assert styles["survey data for 26 of 62 questions"] == "italic"
    assert "$warning" in str(styles["! 1 question failed; BUS: the answer was no letter"])


def test_before_the_persona_is_read_the_panel_says_nothing_of_groups() -> None:
    assert headline("", Figures(state="measuring starts soon")).plain == "measuring starts soon"
    assert headline("Democrat", Figures(state="measuring starts soon")).plain == "Democrat\nmeasuring starts soon"
