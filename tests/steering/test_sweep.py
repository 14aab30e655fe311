"""A sweep tells the strength that leads closer on the training half, and figures of the held-out half alone."""

import json
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chat_personas.cli.errors import UsageError
from chat_personas.cli.evaluation.sweeping import layers_meant, strengths_meant
from chat_personas.reporting.html.steering_page import sweep_page_document
from chat_personas.reporting.wording.steering import best_strength
from chat_personas.steering.contrast import survey_halves
from chat_personas.steering.direction_file import DirectionFile
from chat_personas.steering.sweep import (
    Cost,
    Measured,
    Sides,
    Sweep,
    SweepSource,
    cost_of,
    distinctness,
    repetition,
    swept,
)
from eval.answers import Answer, OrderAnswer
from eval.engine import EngineInfo, LabelScore, Message, Probe, ProbeScore, Sampling
from eval.scoring.scores import BriefScorecard, score_briefly
from eval.states import Opening
from eval.surveys.human_figures import human_figures
from eval.surveys.loading import load_survey
from eval.surveys.model import Question
from personas import Group
from tests.eval.fake_engine import FakeEngine
from tests.steering.directions import DIRECTION

CIVIC = load_survey("civic")
SURVEY = CIVIC.survey
DEMOCRATS, REPUBLICANS = ((Group.parse(f"POLPARTY={party}"),) for party in ("Democrat", "Republican"))
SIDES = Sides(DEMOCRATS, REPUBLICANS)
SOURCE = SweepSource(
    direction=DirectionFile(DIRECTION, None),
    kind="add",
    layers=(1,),
    sides=SIDES,
    survey=CIVIC,
    model=EngineInfo("toy", "llama", "a" * 64, demonstration=True),
)
COST = Cost(divergence=0.1, log_likelihood=-2.0, repetition=0.0, distinct=1.0)


def shares(question: Question, groups: tuple[Group, ...]) -> np.ndarray:
    figures = human_figures(question, groups)
    assert figures is not None
    assert figures.counts is not None
    counts = np.array(figures.counts, dtype=float)
    return counts / counts.sum()


def answered(question: Question, lean: float) -> Answer:
    """Answers between the parties: 0 as Republicans, 1 as Democrats give them, the same in both orders."""
    options = lean * shares(question, DEMOCRATS) + (1 - lean) * shares(question, REPUBLICANS)
    orders = [
        OrderAnswer(order=order, options=options, refusal=0.0, label_mass=1.0) for order in ("survey", "reversed")
    ]
    return Answer(question.id, tuple(orders))


def measured(strength: float | None, training: float, held_out: float) -> Measured:
    """What is found where the answers lean so far on either half."""

    def cards(half: tuple[Question, ...], lean: float) -> tuple[BriefScorecard, BriefScorecard]:
        answers = [answered(question, lean) for question in half]
        return score_briefly(SURVEY, SIDES.toward, answers), score_briefly(SURVEY, SIDES.against, answers)

    one, other = survey_halves(SURVEY)
    return Measured(strength, cards(one, training), cards(other, held_out), COST)


def of(*leans: tuple[float, float, float]) -> Sweep:
    return swept([measured(*each) for each in leans], measured(None, 0.5, 0.5), SOURCE)


def test_the_strength_is_chosen_on_the_training_half_and_told_on_the_other() -> None:
    found = of((-1, 0.2, 0.9), (0.5, 0.8, 0.6), (1, 0.7, 1.0))
    assert found.best == 0.5
    assert [step.strength for step in found.steps] == [-1, 0.5, 1]
    leanings = [step.leaning.mean for step in found.steps if step.leaning is not None]
    assert sorted(leanings) == [leanings[1], leanings[0], leanings[2]]


def test_where_no_strength_leads_closer_none_is_best() -> None:
    assert of((-1, 0.2, 0.2), (-0.5, 0.4, 0.4)).best is None


def test_beside_a_model_that_follows_the_letters_without_steering_no_change_is_told_and_no_strength_chosen() -> None:
    """Its answers in the other order are those to other options: what it says of an option is its letter's share."""

    def by_letter(question: Question) -> Answer:
        falling = np.arange(len(question.option_texts), 0, -1) / 10
        orders = [
            OrderAnswer(order=order, options=options, refusal=0.0, label_mass=1.0)
            for order, options in (("survey", falling), ("reversed", falling[::-1]))
        ]
        return Answer(question.id, tuple(orders))

    one, other = survey_halves(SURVEY)

    def cards(half: tuple[Question, ...]) -> tuple[BriefScorecard, BriefScorecard]:
        answers = [by_letter(question) for question in half]
        return score_briefly(SURVEY, DEMOCRATS, answers), score_briefly(SURVEY, REPUBLICANS, answers)

    found = swept([measured(1, 0.9, 0.9)], Measured(None, cards(one), cards(other), COST), SOURCE)
    assert found.unsteered_verdict.finding == "follows_letters"
    assert found.steps[0].verdict.sound
    assert found.steps[0].change is None
    assert found.best is None
    assert best_strength(found).startswith(
        "no change to tell and no strength to choose: without steering the answers are"
    )


def test_a_question_that_is_not_valid_in_both_has_no_part_in_the_change() -> None:
    def moved(strength: float | None, lean: float, first: float, label_mass: float) -> Measured:
        """All questions lean alike but the first of each half, which has this label mass."""

        def cards(half: tuple[Question, ...]) -> tuple[BriefScorecard, BriefScorecard]:
            odd = answered(half[0], first)
            orders = tuple(replace(each, label_mass=label_mass) for each in odd.by_order)
            answers = [replace(odd, by_order=orders), *(answered(question, lean) for question in half[1:])]
            return score_briefly(SURVEY, DEMOCRATS, answers), score_briefly(SURVEY, REPUBLICANS, answers)

        one, other = survey_halves(SURVEY)
        return Measured(strength, cards(one), cards(other), COST)

    (step,) = swept([moved(1, 0.5, 1.0, 0.2)], moved(None, 0.5, 0.0, 1.0), SOURCE).steps
    assert step.change is not None
    assert step.change.mean == pytest.approx(0.0)


def test_the_people_themselves_lean_as_far_as_they_differ() -> None:
    (step,) = of((1, 1.0, 1.0)).steps
    assert step.toward.alignment is not None
    assert step.toward.alignment.mean == pytest.approx(1.0)
    assert step.leaning is not None
    assert step.against is not None
    assert step.leaning.mean == pytest.approx(1.0 - step.against.mean)


def test_questions_that_move_with_the_strength_are_not_astray() -> None:
    found = of((-1, 0.1, 0.1), (0, 0.5, 0.5), (1, 0.9, 0.9)).anti_steerable
    assert found is not None
    assert (found.count, found.questions) == (0, 31)
    assert pytest.approx(found.low, abs=1e-9) == 0
    assert 0.05 < found.high < 0.15  # Wilson: z²/(n + z²) = 0.110
    away = of((-1, 0.9, 0.9), (0, 0.5, 0.5), (1, 0.1, 0.1)).anti_steerable
    assert away is not None
    assert away.count == 31


@pytest.mark.parametrize(
    ("text", "strengths"),
    [("-1:1:0.5", (-1, -0.5, 0, 0.5, 1)), ("2,1,-0.5,1", (-0.5, 1, 2)), ("0:0.3:0.1", (0, 0.1, 0.2, 0.3))],
)
def test_strengths_are_a_range_or_a_list(text: str, strengths: tuple[float, ...]) -> None:
    assert strengths_meant(text) == strengths


@pytest.mark.parametrize("text", ["", "x", "nan", "inf", "1:-1:0.5", "-1:1:0", "0:1:0.0001"])
def test_what_is_not_a_list_of_strengths_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--strengths"):
        strengths_meant(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1:-1:0.5", "write -1:1:0.5"),
        ("-1:1:0", "the step must be above 0"),
        ("0:1:nan", "must be a finite number"),
        ("0:1:0.0001", "take a larger step"),
        ("0,x", "or numbers with commas"),
    ],
)
def test_what_is_wrong_with_strengths_is_said(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        strengths_meant(text)


def test_layers_are_one_a_range_a_list_or_all() -> None:
    assert (layers_meant("3"), layers_meant("3-5"), layers_meant(None)) == ((3,), (3, 4, 5), None)
    assert (layers_meant("4,3"), layers_meant("3, 5-7"), layers_meant("all")) == ((3, 4), (3, 5, 6, 7), "all")
    for wrong in ("5-3", "3,", "", "3,x", "-1", "³"):
        with pytest.raises(UsageError, match="--layers"):
            layers_meant(wrong)


def test_repetition_is_the_share_of_runs_of_four_words_that_stood_before() -> None:
    # a b c d, b c d a, c d a b, d a b c, a b c d: five runs, of which the last stood before
    assert repetition(["A b c d, a b c d."]) == pytest.approx(1 / 5)
    assert repetition(["no no no no no no"]) == pytest.approx(2 / 3)
    assert repetition(["one two three four", "no no no no no no"]) == pytest.approx(1 / 3)
    assert repetition(["too short", ""]) is None


def test_distinctness_counts_runs_of_two_words_over_all_replies() -> None:
    # I am, am I | I am, am here: four runs, of which three differ
    assert distinctness(["I am I", "i am here!"]) == pytest.approx(3 / 4)
    assert distinctness(["word", ""]) is None


class Talking(FakeEngine):
    """Says the same to everything, moves by the number of the messages, and finds every reply as likely as e^-2."""

    def __init__(self, reply: str) -> None:
        super().__init__()
        self.reply = reply
        self.heard: list[tuple[Message, ...]] = []

    async def complete(self, messages: Sequence[Message], sampling: Sampling, n: int = 1) -> list[str]:
        assert sampling.seed is not None, "replies without a seed are not cached"
        self.heard.append(tuple(messages))
        return [self.reply] * n

    async def divergence(self, without: Sequence[Opening], under: Sequence[Opening]) -> list[float]:
        return [float(len(after.messages) - len(before.messages)) for before, after in zip(without, under, strict=True)]

    async def score(self, prefix: Sequence[Message], probes: Sequence[Probe]) -> AsyncGenerator[ProbeScore, None]:
        assert not prefix, "the likelihood is that without steering"
        for probe in probes:
            assert probe.labels == (self.reply,)
            yield ProbeScore(probe.key, (LabelScore(self.reply, -2.0, -2.0),), None)


async def test_a_prompt_costs_what_it_moves_and_its_replies_are_judged_without_it() -> None:
    engine, told = Talking("well well well well well"), []
    before = (Message("system", "You are somebody."),)
    cost = await cost_of(engine, engine, 0, lambda: told.append(1), lambda _, asked: (*before, Message("user", asked)))
    assert cost == Cost(divergence=1.0, log_likelihood=-2.0, repetition=0.5, distinct=1 / 36)
    assert len(told) == 9  # of the 24 questions that open conversations, those that are held out
    assert all(heard[:1] == before for heard in engine.heard)


async def test_a_model_that_says_nothing_has_no_likelihood_and_repeats_nothing() -> None:
    engine = Talking("")
    assert await cost_of(engine, engine, 0, lambda: None) == Cost(
        divergence=0.0, log_likelihood=None, repetition=None, distinct=None
    )


def test_a_sweep_that_an_older_version_wrote_still_opens() -> None:
    """The file is of a version that wrote it from a dictionary: `--strengths=-0.5,0.5`, the built-in model."""
    older = Sweep.model_validate_json(Path(__file__).with_name("older_sweep.json").read_text(encoding="utf-8"))
    assert (older.best, older.direction.name, older.seed, older.direction.method) == (0.5, "party", None, None)
    assert (older.model.name, older.model.engine, older.model.demonstration) == ("pocket", "llama", True)
    assert [(step.strength, step.leaning and round(step.leaning.mean, 3)) for step in older.steps] == [
        (-0.5, -0.122),
        (0.5, 0.084),
    ]
    assert "held out: SOCIETY_GUNS_W92, " in sweep_page_document(older)
    assert older.without is None, "it was not told where the model leans without steering"


def test_a_sweep_that_is_written_can_be_read_again() -> None:
    found = of((-1, 0.2, 0.9), (0.5, 0.8, 0.6), (1, 0.7, 1.0))
    assert Sweep.model_validate_json(found.to_json()) == found
    assert json.loads(found.to_json())["schema"] == "chat-personas/sweep@1"
