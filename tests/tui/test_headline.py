"""The panel's first lines count the questions that the number above them is over."""

from chat_personas.monitor import Estimate
from chat_personas.tui.widgets.panel.headline import Figures, headline, in_short
from eval.answers import Failure
from eval.scoring import score
from tests.eval.towns import DEMOCRAT, REPUBLICAN, answer, question, town


def test_questions_without_figures_for_the_group_do_not_count_toward_its_interval() -> None:
    known = question("BUS", {DEMOCRAT: (6, 4)}, overall=(6, 4))
    unknown = [question(f"Q{number}", {REPUBLICAN: (6, 4)}, overall=(6, 4)) for number in range(30)]
    survey = town(known, *unknown)
    card = score(survey, (DEMOCRAT,), [answer(each.id, [0.6, 0.4]) for each in survey.questions])
    said = headline("Democrat", Figures(Estimate(card, done=31, total=31, complete=True), card)).plain
    assert "no interval yet: 1 question, 20 are needed" in said


def test_a_new_round_without_figures_leaves_those_of_the_turn_before_and_says_so() -> None:
    survey = town(question("BUS", {DEMOCRAT: (6, 4)}, overall=(6, 4)))
    card = score(survey, (DEMOCRAT,), [answer("BUS", [0.6, 0.4])])

    said = headline("Democrat", Figures(Estimate(None, done=0, total=31, complete=False), card)).plain

    assert "alignment 1.00" in said
    assert "measuring… 0 of 31 questions (above: before)" in said


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

    assert "not valid: the model does not answer with letters" in said
    assert "alignment" not in said
    assert in_short(figures) == "not valid: the model does not answer with letters"
