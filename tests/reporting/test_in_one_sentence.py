"""The one sentence above a measurement claims what is detectable, says why there is no claim, and never mixes them."""

from dataclasses import replace
from itertools import cycle

import pytest

from chat_personas.cli.line_mode import estimate_line
from chat_personas.monitor.drift import Drift, Trajectory
from chat_personas.monitor.round import Estimate
from chat_personas.reporting.debate import course_of
from chat_personas.reporting.explained.in_one_sentence import in_one_sentence, measured_on, moved
from chat_personas.reporting.explained.sections import Measured, explain
from chat_personas.reporting.in_sentences import measured, whole
from chat_personas.reporting.wording.measurements import change_written, drifted
from chat_personas.tui.widgets.panel.headline import Figures, headline
from eval.engine import EngineInfo
from eval.scoring.scores import Scorecard, score
from eval.surveys.loading import Survey
from personas import Group
from tests.eval.intervals import paired
from tests.eval.towns import DEMOCRAT, REPUBLICAN, answer, question, town

QUESTIONS = 24
DEMOCRATS, REPUBLICANS = (400, 100), (100, 400)
"""On two options 1 apart, alignment is 1 - |p - q|: even answers are 0.70 from 80 of 100."""


def survey(
    everyone: tuple[int, int] = (500, 500),
    *,
    democrats: tuple[int, int] = DEMOCRATS,
    opposite: bool = True,
    count: int = QUESTIONS,
) -> Survey:
    figures = {DEMOCRAT: democrats, **({REPUBLICAN: REPUBLICANS} if opposite else {})}
    return town(*(question(f"Q{number}", figures, overall=everyone) for number in range(count)))


def card(
    share: float | tuple[float, float], asked: Survey, groups: tuple[Group, ...] | None = (DEMOCRAT,)
) -> Scorecard:
    """The scorecard of a persona that gives the first option this share, or two in turn, whatever the order."""
    shares = cycle(share if isinstance(share, tuple) else (share,))
    masses = [[first, 1 - first] for first, _ in zip(shares, asked.questions, strict=False)]
    answers = [answer(each.id, one, one) for each, one in zip(asked.questions, masses, strict=True)]
    return score(asked, groups, answers)


@pytest.mark.parametrize(
    ("share", "asked", "said"),
    [
        (
            0.7,
            survey(),
            "answers like its group: 0.90 [0.90, 0.90], better than everyone's answers 0.70 [0.70, 0.70]",
        ),
        (
            0.3,
            survey(),
            "closer to Republican answers than to its own group's: 0.50 [0.50, 0.50], "
            "beside everyone's answers 0.70 [0.70, 0.70]",
        ),
        (
            (0.6, 0.4),
            survey(),
            "not detectably closer to its group than everyone's answers: 0.70 [0.66, 0.74], "
            "beside everyone's answers 0.70 [0.70, 0.70]",
        ),
        (
            0.45,
            survey(opposite=False),
            "farther from its group than everyone's answers: 0.65 [0.65, 0.65], "
            "beside everyone's answers 0.70 [0.70, 0.70]",
        ),
        (
            0.45,
            survey((300, 700), opposite=False),
            "not detectably closer than even answers: 0.65 [0.65, 0.65], beside even answers 0.70 [0.70, 0.70]",
        ),
        (
            0.502,
            survey(opposite=False),
            "answers like its group: 0.702 [0.702, 0.702], better than everyone's answers 0.700 [0.700, 0.700]",
        ),
    ],
)
def test_a_whole_round_says_what_is_detectable_and_then_the_figures(
    share: float | tuple[float, float], asked: Survey, said: str
) -> None:
    assert in_one_sentence(card(share, asked), complete=True) == said


@pytest.mark.parametrize(
    ("share", "complete", "words"),
    [
        (0.7, True, "answers like its group"),
        ((0.6, 0.4), True, "not detectably closer to its group than everyone's answers"),
        (0.7, False, "what that means is said when the round is complete"),
    ],
)
def test_the_words_alone_are_a_sentence_too(share: float | tuple[float, float], complete: bool, words: str) -> None:
    assert in_one_sentence(card(share, survey()), complete=complete, figures=False) == words


def test_nothing_is_said_about_everyone_where_their_answers_hold_the_few_people_of_the_group() -> None:
    small = survey((60, 40), democrats=(40, 10), opposite=False)
    assert in_one_sentence(card((0.5, 0.7), small), complete=True) == (
        "alignment 0.80 [0.76, 0.84], beside everyone's answers 0.80 [0.80, 0.80]"
    )
    assert "0.80 [0.76, 0.84]" in in_one_sentence(card((0.5, 0.7), small), complete=True, figures=False)


def test_a_round_under_way_claims_nothing() -> None:
    for share in (0.7, 0.3, 0.45):
        said = in_one_sentence(card(share, survey()), complete=False)
        assert said == (
            f"so far {1 - abs(share - 0.8):.2f} [{1 - abs(share - 0.8):.2f}, {1 - abs(share - 0.8):.2f}], "
            "beside everyone's answers 0.70 [0.70, 0.70]; "
            "what that means is said when the round is complete"
        )


def test_without_an_interval_nothing_is_claimed() -> None:
    few = card(0.7, survey(count=19))
    assert in_one_sentence(few, complete=False) == (
        "too early to say: 19 questions answered in both orders, at least 20 needed"
    )
    assert in_one_sentence(few, complete=True) == (
        "cannot be checked: 19 questions answered in both orders, at least 20 needed"
    )
    given = replace(few, verdict=few.verdict.model_copy(update={"finding": "given"}))
    assert in_one_sentence(given, complete=True) == "too few questions to say how close its answers come"


def test_of_a_few_questions_of_a_round_under_way_it_is_not_said_that_the_model_cannot_be_measured() -> None:
    few = card(0.7, survey(count=1))
    silent = replace(few, verdict=few.verdict.model_copy(update={"finding": "does_not_answer"}))
    assert in_one_sentence(silent, complete=False).startswith("too early to say: ")
    assert in_one_sentence(silent, complete=True).startswith("cannot be measured with this model: ")


def test_what_cannot_be_measured_says_why_in_words_without_a_figure() -> None:
    asked = survey()
    letters = score(asked, (DEMOCRAT,), [answer(each.id, [0.7, 0.3], [0.3, 0.7]) for each in asked.questions])
    assert in_one_sentence(letters, complete=True) == (
        "cannot be measured with this model: it picks the letter, not the answer"
    )
    assert in_one_sentence(card(0.5, asked), complete=True) == (
        "cannot be measured with this model: it prefers no answer to another"
    )
    silent = score(asked, (DEMOCRAT,), [answer(each.id, [0.07, 0.03], [0.07, 0.03]) for each in asked.questions])
    assert in_one_sentence(silent, complete=True) == (
        "cannot be measured with this model: it does not answer the questions"
    )


@pytest.mark.parametrize(
    ("turn", "not_sound", "blames"),
    [
        (0, (0,), "cannot be measured with this model: it"),
        (9, (0, 4), "cannot be measured with this model: it"),
        (9, (4,), "cannot be measured at this point: the model"),
        (9, (), "cannot be measured at this point: the model"),
    ],
)
def test_a_model_is_not_blamed_for_what_came_with_the_talk(turn: int, not_sound: tuple[int, ...], blames: str) -> None:
    asked = survey()
    letters = score(asked, (DEMOCRAT,), [answer(each.id, [0.7, 0.3], [0.3, 0.7]) for each in asked.questions])
    estimate = Estimate(letters, 20, 20, complete=True, turn=turn, trajectory=Trajectory(left_out=not_sound))
    assert in_one_sentence(letters, estimate, complete=True) == f"{blames} picks the letter, not the answer"


@pytest.mark.parametrize("masses", [[0.7, 0.3], [0.07, 0.03]], ids=["letters", "no answer"])
@pytest.mark.parametrize(("turn", "not_sound", "another"), [(0, (0,), True), (9, (0, 4), True), (9, (4,), False)])
def test_another_model_is_advised_everywhere_only_where_the_talk_is_not_blamed(
    masses: list[float], turn: int, not_sound: tuple[int, ...], another: bool
) -> None:
    asked = survey()
    found = score(asked, (DEMOCRAT,), [answer(each.id, masses, masses[::-1]) for each in asked.questions])
    estimate = Estimate(found, 20, 20, complete=True, turn=turn, trajectory=Trajectory(left_out=not_sound))
    shown = Measured("Democrats", estimate, found, complete=True)
    faces = {
        "the panel": headline("Democrats", Figures().after(estimate)).plain,
        "/explain": " ".join(explain("alignment", shown).says),
        "/explain validity": " ".join(explain("validity", shown).says),
        "spoken": measured(estimate),
        "/panel": " ".join(whole(estimate, "Democrats", "", None, halted=False)),
        "a debate": course_of(estimate).why or "",
        "the line mode": estimate_line(estimate),
    }
    for face, said in faces.items():
        assert ("option_texts" in said) is another, face
        assert ("begin a new conversation, or fork this one" in said) is not another, face


def test_who_has_no_figures_or_no_group_is_said_to_be_so() -> None:
    assert in_one_sentence(card(0.7, survey(), None), complete=True) == (
        "no human figures for this group: how close the answers come is not known"
    )
    assert in_one_sentence(card(0.7, survey((600, 400)), ()), complete=True) == (
        "compared with everyone's answers: 0.90 [0.90, 0.90], even answers 0.90 [0.90, 0.90]"
    )


def test_the_model_that_is_measured_is_named_where_another_one_replied_or_its_kind_matters() -> None:
    base = EngineInfo("gemma", "llama", prompt_format="plain")
    assert list(measured_on(base, "SmolLM2", "party, add in layer 3")) == [
        "measured is gemma; some of the replies came from SmolLM2",
        "steered inside the model: party, add in layer 3",
        "a base model: it continues text, and is asked in plain text",
    ]
    assert list(measured_on(EngineInfo("pocket", "llama", demonstration=True))) == [
        "demonstration model: says nothing about real people"
    ]


@pytest.mark.parametrize(
    ("mean", "low", "high", "decimals", "said"),
    [
        (-0.02, -0.03, -0.01, 2, "-0.02 [-0.03, -0.01]"),
        (-0.001, -0.012, 0.004, 2, "-0.001 [-0.012, +0.004]"),
        (-0.0004, -0.02, 0.02, 2, "0.00 [-0.02, +0.02]"),
        (-0.0004, -0.0011, 0.0003, 2, "0.000 [-0.001, +0.000]"),
        (-0.00003, -0.00004, 0.00002, 3, "-0.00003 [-0.00004, +0.00002]"),
        (0.0, 0.0, 0.0, 2, "no change"),
        (-1e-9, -2e-9, 1e-9, 3, "no change"),
    ],
)
def test_a_change_over_the_turns_has_the_digits_that_tell_it_from_none(
    mean: float, low: float, high: float, decimals: int, said: str
) -> None:
    assert change_written(paired(mean, low, high), decimals=decimals) == said


def test_a_change_without_an_interval_is_written_as_such() -> None:
    few = paired(0.0, 0.0, 0.0).model_copy(update={"low": None, "high": None})
    assert change_written(few, decimals=2) == "no change"
    assert change_written(few.model_copy(update={"mean": 0.004}), decimals=2) == "+0.004"


def test_a_move_says_from_where_to_where_and_at_which_level() -> None:
    assert moved(Drift(0, 2, paired(-0.06, -0.09, -0.03), 62, 0.99), "Democrat") == (
        "after the reply to message 2, the answers were farther from Democrat answers than before the first message: "
        "-0.06 [-0.09, -0.03] (99% interval, 62 questions asked every turn)"
    )


@pytest.mark.parametrize(
    ("skipped", "asked"),
    [
        ((), "62 questions asked every turn"),
        ((2,), "62 questions asked every turn except turn 2"),
        ((2, 3, 5), "62 questions asked every turn except turns 2, 3 and 5"),
    ],
)
def test_turns_that_were_not_asked_the_questions_of_a_drift_are_named(skipped: tuple[int, ...], asked: str) -> None:
    drift = Drift(0, 6, paired(-0.06, -0.09, -0.03), 62, 0.99, skipped)
    assert moved(drift, "Democrat").endswith(f"interval, {asked})")
    assert next(drifted(drift)).endswith(f" on the {asked}")
