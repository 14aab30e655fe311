"""Measurements as they are read aloud."""

import re
from dataclasses import replace

import pytest

from chat_personas.conversation.reply import ReplyEnded, ReplyStatus
from chat_personas.monitor.drift import CoursePoint, Drift, Trajectory
from chat_personas.monitor.inside import Inside
from chat_personas.monitor.round import Coverage, Estimate
from chat_personas.reporting.in_sentences import (
    in_sentence,
    measured,
    question_read,
    questions_listed,
    reply_ended,
    spoken,
    under_way,
    whole,
)
from eval.answers import Failure
from eval.interventions import Fixed
from eval.scoring.results import PairedScore, Score
from eval.scoring.scores import Scorecard, score
from personas import Group
from tests.engines.llama.test_interventions import a_direction
from tests.eval.towns import answer, many

DEMOCRATS = Group(attribute="POLPARTY", value="Democrat")
TOWN = many(20)
HEADED = re.compile(
    r"(Measurement|A town|In short|Alignment|Verdict|Reference points|Course|Nearest groups|Other scores|Validity)\b"
    r".*[.]"
)


def card(questions: int = 20, groups: tuple[Group, ...] | None = (DEMOCRATS,)) -> Scorecard:
    """Score a persona that answers as the Democrats of the town do, in both orders."""
    given = []
    for question in TOWN.questions[:questions]:
        counts = question.responses["POLPARTY"]["Democrat"].counts
        assert counts is not None
        shares = [count / sum(counts) for count in counts]
        given.append(answer(question.id, shares, shares))
    return score(TOWN, groups, given)


def estimate(found: Scorecard | None, **more: object) -> Estimate:
    asked = len(found.questions) if found is not None else 0
    values = {"done": asked, "total": asked, "complete": True, "turn": 1, "coverage": Coverage(20, 5, asked)} | more
    return Estimate(found, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "aloud"),
    [
        ("0.87 [0.82, 0.91]", "0.87, from 0.82 to 0.91"),
        ("+0.02 [-0.01, +0.05]", "plus 0.02, from minus 0.01 to plus 0.05"),
        ("(difference -0.071 [-0.138, +0.006])", "(difference minus 0.071, from minus 0.138 to plus 0.006)"),
        ("paraphrased, 2017–2021 · model", "paraphrased, 2017 to 2021, model"),
        ("party +0.50", "party plus 0.50"),
        ("a 95% interval of 1-7 and well-known", "a 95% interval of 1-7 and well-known"),
        ("worth —", "worth not known"),
    ],
)
def test_signs_that_are_skipped_or_spelled_out_become_words(line: str, aloud: str) -> None:
    assert spoken(line) == aloud


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ("stopped", "Reply stopped before the first word."),
        ("interrupted", "Reply cut off before the first word: it is gone. /again asks once more."),
        ("error", "Reply failed before the first word: it is gone. /again asks once more."),
    ],
)
def test_of_a_reply_without_a_word_it_is_not_said_that_words_are_kept(status: ReplyStatus, told: str) -> None:
    ended = ReplyEnded(status, None if status == "stopped" else "it is gone")
    assert reply_ended(ended, said=False) == [told]
    assert "kept" in reply_ended(ended, said=True)[0]


def test_a_line_becomes_a_sentence_with_one_full_stop() -> None:
    assert in_sentence("the server went away; start it again") == "The server went away; start it again."
    assert in_sentence("did you mean x?") == "Did you mean x?"
    assert in_sentence("All is kept.") == "All is kept."


def test_what_was_measured_is_the_alignment_beside_everyones_answers() -> None:
    found = card()
    said = measured(estimate(found))
    assert found.references.population is not None
    assert found.references.population.alignment is not None
    everyone = found.references.population.alignment
    assert said == (
        "Measured after turn 1: alignment 1.00, from 1.00 to 1.00; "
        f"everyone's answers {everyone.mean:.2f}, from {everyone.low:.2f} to {everyone.high:.2f}."
    )


def test_before_the_first_message_and_under_way() -> None:
    assert measured(estimate(card(), turn=0)).startswith("Measured before the first message: alignment 1.00")
    assert under_way(estimate(None, done=24, total=62, complete=False)) == "Measuring, 24 of 62."


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        (PairedScore(mean=-0.2, low=-0.3, high=-0.1, p=0.0001), "Since the beginning: minus 0.20, from minus 0.30 to"),
        (PairedScore(mean=-0.2, low=-0.3, high=0.1, p=0.2), "No detectable change since the beginning."),
    ],
)
def test_a_drift_is_said_where_it_is_detectable_and_otherwise_that_it_is_not(
    difference: PairedScore, said: str
) -> None:
    assert said in measured(estimate(card(), trajectory=Trajectory((), Drift(0, 1, difference, 20, 0.99))))


def test_what_is_not_sound_has_no_figure_of_closeness() -> None:
    few = estimate(card(3))
    everything = [measured(few), *whole(few, "Democrat", "A town", None, halted=False)]
    assert "not sound" in everything[0]
    assert not [line for line in everything if re.search(r"[Aa]lignment,? \d|, from \d", line)]
    assert [line for line in everything if line.startswith("Validity, label mass")]
    assert "Alignment" not in " ".join(question_read(few.scorecard.questions[0], 1, "Why?", "Democrat", sound=False))  # type: ignore[union-attr]


def test_every_row_of_the_whole_has_its_heading_and_is_a_sentence_without_signs() -> None:
    points = (CoursePoint(0, Score(mean=0.9, low=0.8, high=0.95)), CoursePoint(1, Score(mean=1.0, low=1.0, high=1.0)))
    drift = Drift(0, 1, PairedScore(mean=0.1, low=0.05, high=0.2, p=0.001), 20, 0.99)
    lines = list(
        whole(estimate(card(), trajectory=Trajectory(points, drift)), "Democrat", "A town: 2020", None, halted=False)
    )
    assert [line for line in lines if HEADED.fullmatch(line) is None] == []
    assert [line for line in lines if re.search(r"[\[\]·−–—…]|(?<!\w)[+-]\d", line)] == []
    assert lines[0] == "Measurement after turn 1. Compared with Democrat. Measured with 20 questions."
    assert "Course, before the first message: Alignment 0.90, from 0.80 to 0.95." in lines
    assert "Nearest groups, 1 of 2: Democrat, its own group, alignment 1.00, from 1.00 to 1.00." in lines
    subjects = {line.partition(",")[0].partition(":")[0] for line in lines[2:]}
    assert (
        "In short, answers like its group: 1.00, from 1.00 to 1.00, better than everyone's answers 0.83, "
        "from 0.76 to 0.89."
    ) in lines
    assert subjects == {
        "In short",
        "Alignment",
        "Verdict",
        "Reference points",
        "Course",
        "Nearest groups",
        "Other scores",
        "Validity",
    }


def test_what_a_steering_removed_has_no_row_of_a_reading() -> None:
    inside = Inside(a_direction(), 1, 1, 0.2, (), fixed=Fixed(None))
    rows = [row for row in whole(estimate(card()), "Democrat", "", inside, halted=False) if "Inside" in row]
    assert rows[-1] == "Inside the model, removed: Nothing to read along it."
    assert not [row for row in rows if "turn" in row]


def test_a_round_that_was_stopped_says_how_far_it_came_and_failures_are_told() -> None:
    stopped = estimate(card(), done=12, total=20, complete=False, failures=(Failure("Q1", "no\x1b[Kwhere"),))
    lines = list(whole(stopped, "Democrat", "", None, halted=True))
    assert lines[0].endswith("Stopped after 12 of 20 questions.")
    assert "1 question failed: no␛[Kwhere." in lines
    assert "1 question failed" in measured(stopped)


def test_a_question_has_the_shares_of_both_sides_at_every_option() -> None:
    question = card().questions[0]
    assert question.human is not None
    lines = list(question_read(question, 1, "What about it? ┌\x1b[K", "Democrat", sound=True))
    people = [f"{100 * share:.0f}" for share in question.human]
    assert lines[0] == "Question 1: What about it? |␛[K"
    assert lines[1 : 1 + len(people)] == [
        f"Question 1, {option}: Democrat {share} percent, persona {share} percent."
        for option, share in zip(question.options, people, strict=True)
    ]
    assert "Question 1: Alignment 1.00." in lines


def test_of_a_question_that_is_being_guessed_nothing_of_people_is_said() -> None:
    found = card()
    guessed, other = found.questions[:2]
    assert guessed.human is not None
    assert guessed.alignment is not None
    said = " ".join(question_read(guessed, 1, "What about it?", "Democrat", sound=True, hidden=True))
    assert "Question 1: People's answers are hidden until the room reveals them. /reveal reads them." in said
    assert "persona" in said
    assert "Democrat" not in said
    assert "Alignment" not in said
    first, second, *_ = questions_listed(found, {}, hidden=guessed.id)
    assert first == f"Question 1: {guessed.id}"
    assert second == f"Question 2, alignment 1.00: {other.id}"


def test_the_list_of_questions_has_a_number_and_a_text_in_every_row() -> None:
    found = card()
    stems = {question.id: question.stem for question in TOWN.questions}
    rows = list(questions_listed(found, stems))
    assert rows[1] == f"Question 2, alignment 1.00: {TOWN.questions[1].stem}"
    assert len(rows) == 20


def test_a_row_says_that_its_group_is_tied() -> None:
    found = card()
    tied = replace(found, nearest=tuple(near.model_copy(update={"tied": True}) for near in found.nearest))
    lines = list(whole(estimate(tied), "Democrat", "A town: 2020", None, halted=False))
    assert "Nearest groups, 1 of 2: Democrat, its own group, tied, alignment 1.00, from 1.00 to 1.00." in lines
    under_way = list(whole(estimate(tied, complete=False), "Democrat", "A town: 2020", None, halted=False))
    assert not any("tied, alignment" in line for line in under_way)


@pytest.mark.parametrize("given_up", [False, True])
def test_a_reason_that_is_a_question_is_followed_by_a_sentence(given_up: bool) -> None:
    why = "connection refused; is the server running, and is the address right?"
    (line,) = reply_ended(ReplyEnded("error", why=why, given_up=given_up))
    assert "is the address right? " in line
    assert not re.search(r"[?!][.;]", line)
