"""The line about a round says what was asked this turn, what is older, and how far the alignment moved."""

from dataclasses import replace

from chat_personas.cli.line_mode import estimate_line
from chat_personas.monitor.drift import Drift, Trajectory
from chat_personas.monitor.round import Coverage, Estimate
from eval.scoring.scores import score
from tests.eval.intervals import paired
from tests.eval.towns import DEMOCRAT, answer, many, question, town

CARD = score(town(question("BUS", {DEMOCRAT: (6, 4)}, overall=(6, 4))), (DEMOCRAT,), [answer("BUS", [0.6, 0.4])])


def test_answers_of_earlier_turns_are_said_to_be_so() -> None:
    asked = Coverage(questions=62, anchors=24, this_turn=28, older=34)
    line = estimate_line(Estimate(CARD, done=28, total=28, complete=True, turn=2, coverage=asked))
    assert line.startswith("[turn 2, 28 of 62 questions and 34 from earlier turns] alignment 1.000")


def test_where_nothing_older_counts_the_questions_of_this_turn_are_said_of_all() -> None:
    asked = Coverage(questions=62, anchors=24, this_turn=28)
    line = estimate_line(Estimate(CARD, done=28, total=28, complete=True, turn=2, coverage=asked))
    assert line.startswith("[turn 2, 28 of 62 questions] ")


def test_a_round_that_was_broken_off_claims_nothing() -> None:
    survey = many(24)
    republican = [answer(each.id, each.responses["POLPARTY"]["Republican"].options) for each in survey.questions]
    card = score(survey, (DEMOCRAT,), republican)
    card = replace(card, verdict=card.verdict.model_copy(update={"finding": "sound"}))
    ended, under_way = (
        estimate_line(Estimate(card, done=24, total=24, complete=complete, turn=1)) for complete in (True, False)
    )
    assert "this persona is closer to Republican answers than to its own group's (difference +" in ended
    assert "nearest group: Republican" in ended
    assert "this persona is" not in under_way
    assert "nearest group" not in under_way
    assert "alignment" in under_way


def test_the_drift_is_said_with_its_interval_and_its_questions() -> None:
    drift = Drift(0, 2, paired(-0.003, -0.008, 0.002), 24, 0.995)
    line = estimate_line(Estimate(CARD, done=62, total=62, complete=True, turn=2, trajectory=Trajectory((), drift)))
    assert (
        "; since turn 0: -0.003 [-0.008, +0.002] on the 24 questions asked every turn, "
        "no detectable change (99.5% interval, for a look after every turn);"
    ) in line
