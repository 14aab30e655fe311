"""A sweep: the same questions under one strength after the other, and what each of them costs.

All questions of the survey are asked. The strength is chosen on the half that directions are trained on; what is told
of it, and of every other strength, comes from the half that is held out. Neither half's human figures were used to
train a direction.

The cost is measured beside the survey: on texts about nothing in dispute, how far the next words move; on questions
that open conversations, how likely the replies are to the model without steering, and how much they repeat themselves.
No survey asks these questions so, but some are about the country and its government.
"""

from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator
from scipy.stats import binomtest

from chat_personas import __version__
from chat_personas.steering.contrast import neutral_questions, neutral_request, neutral_texts, survey_halves
from chat_personas.steering.direction_file import DirectionFacts, DirectionFile
from eval.answers import Answer
from eval.engine import Engine, EngineInfo, Message, Probe, Sampling
from eval.expression.few_shot import words
from eval.expression.log_probability import ask
from eval.expression.rendering import QuestionLike
from eval.interventions import InterventionKind
from eval.report import ModelInfo
from eval.scoring.differences import difference_of
from eval.scoring.intervals import Bootstrap
from eval.scoring.results import Document, PairedScore, Part, Score, Scores, Verdict
from eval.scoring.scores import BriefScorecard, score_briefly
from eval.states import MeasuresDivergence, Opening
from eval.surveys.loading import LoadedSurvey
from eval.surveys.model import Question, Survey
from personas import Group

Floats = NDArray[np.float64]
SEED = 0
SWEEP_SCHEMA: Literal["chat-personas/sweep@1"] = "chat-personas/sweep@1"
REPLY = Sampling(max_tokens=48, seed=0)
"""How the replies are drawn whose cost is measured: as in a conversation, but short, and the same at every run."""
REPEATED, DISTINCT = 4, 2
"""How many words make the runs of which repetition and distinctness are shares."""
Before = Callable[[int, str], tuple[Message, ...]]
"""What is said before a reply to a question, the number of which comes with it."""


class SteerableEngine(Engine, MeasuresDivergence, Protocol):
    """An engine of which a cost can be measured."""


class Cost(Part):
    """What steering costs, on texts about nothing in dispute and in replies to questions that open conversations."""

    divergence: float
    """How far the next words move on neutral texts from the unsteered model's: KL divergence in nats a token. Each text
    stands as the reply to a request for some everyday sentences; with a prompt, after the prompt."""
    log_likelihood: float | None
    """Of its replies to questions that open conversations under the model without steering: the mean over replies of
    the mean log-probability of their tokens, in nats a token. Null where it says nothing."""
    repetition: float | None
    """The share of runs of four words that stood in the same reply before, the mean over replies (seq-rep-4 of Welleck
    et al. 2020, over words). Null if no reply has four words."""
    distinct: float | None
    """Distinct runs of two words / all of them, over all replies (distinct-2 of Li et al. 2016). Null without any."""


@dataclass(frozen=True, slots=True)
class Sides:
    """The group that strengths above 0 are to lead to, and the one that they are to lead away from."""

    toward: tuple[Group, ...]
    against: tuple[Group, ...]


class Step(Part):
    """One strength, on the held-out questions."""

    strength: float
    """Of the intervention; 0 adds nothing."""
    toward: Scores
    """The scores against the group that it is to lead to."""
    against: Score | None
    """The alignment with the other group."""
    leaning: Score | None
    """The alignment with the one minus that with the other, question by question."""
    change: PairedScore | None
    """`leaning` minus that without steering, paired, over the questions valid in both; null where the model without
    steering is not sound."""
    verdict: Verdict
    """Whether the figures can be told."""
    training_leaning: float | None
    """The mean of `leaning` on the training half, by which a strength is chosen; null where it is not sound there."""
    cost: Cost
    """What it costs elsewhere."""


class AntiSteerable(Part):
    """Of the held-out questions, those that move away from the group as the strength grows.

    A question's course is the least-squares slope of its leaning over the strengths that are sound (Tan et al. 2024,
    "Analysing the Generalisation and Reliability of Steering Vectors").
    """

    count: int
    """How many move away."""
    questions: int
    """Of how many."""
    low: float
    """The lower end of the 95% interval of their share (Wilson)."""
    high: float
    """The upper end."""


class SweptDirection(Part):
    """The direction of a sweep."""

    name: str
    """Its name."""
    sha256: str
    """The hash of its file."""
    negative: str | None = None
    """What strengths below 0 lead to; null where its file does not say, and in older sweeps."""
    positive: str | None = None
    """What strengths above 0 lead to, likewise."""
    method: str | None = None
    """How it was found, likewise."""


class SweptSurvey(Part):
    """The survey of a sweep."""

    name: str
    """Its name."""
    sha256: str
    """The hash of its file."""
    years: tuple[int, ...]
    """The years in which people were asked; empty where the source does not say."""


class Sweep(Document):
    """One strength after the other, on the same questions (schema `chat-personas/sweep@1`)."""

    schema_: Literal["chat-personas/sweep@1"] = Field(default=SWEEP_SCHEMA, alias="schema")
    """The format of the document."""
    created: str
    """When it was made, in UTC (ISO 8601)."""
    version: str
    """The version of this program."""
    direction: SweptDirection
    """Along what was steered."""
    kind: InterventionKind
    """How: `add` or `clamp`."""
    layers: tuple[int, ...]
    """In which layers."""
    toward: tuple[Group, ...]
    """The group that strengths above 0 are to lead to."""
    against: tuple[Group, ...]
    """The group that they are to lead away from."""
    survey: SweptSurvey
    """The survey; its questions are both halves."""
    seed: int | None = None
    """The seed of the halves: that with which the direction was trained; null in older sweeps."""
    training_questions: tuple[str, ...]
    """The ids of the questions by which is chosen."""
    held_out_questions: tuple[str, ...]
    """The ids of the questions that all figures are about."""
    model: ModelInfo
    """The model that was asked."""
    best: float | None
    """The strength with the highest leaning on the training half; null where none leads closer than no steering."""
    unsteered_verdict: Verdict
    """The verdict on the model without steering: where it is not sound, there is no change to tell and no strength to
    choose."""
    unsteered_cost: Cost
    """What is measured as a cost without any steering: how likely and how repetitive the model's own replies are."""
    anti_steerable: AntiSteerable | None
    """How many questions go astray; null with fewer than three strengths that are sound."""
    unsteered: Step | None = None
    """The model without any steering, as a step of the strength 0 that has no change; null in older sweeps."""
    steps: tuple[Step, ...]
    """The strengths, ascending."""

    @property
    def without(self) -> Step | None:
        """The model without any steering: to add with the strength 0 is that, too; None in older sweeps without it."""
        return self.unsteered or next((step for step in self.steps if self.is_idle(step)), None)

    def is_idle(self, step: Step) -> bool:
        """Whether a step changes nothing; a clamp at 0 does."""
        return self.kind == "add" and step.strength == 0

    @field_validator("model", mode="before")
    @classmethod
    def _of_older_sweeps(cls, model: Any) -> Any:
        """Older sweeps say less of the model, which was always a file."""
        unsaid = ("quantization", "context_length", "flash_attention")
        return {"engine": "llama", **dict.fromkeys(unsaid), **model} if isinstance(model, dict) else model


@dataclass(frozen=True, slots=True)
class SweepSource:
    """Where a sweep comes from: the direction, how it was applied, between which groups, on which survey and model."""

    direction: DirectionFile
    kind: InterventionKind
    layers: tuple[int, ...]
    sides: Sides
    survey: LoadedSurvey
    model: EngineInfo


@dataclass(frozen=True, slots=True)
class Measured:
    """What was asked under one strength, None without steering: both halves, each scored against both groups."""

    strength: float | None
    training: tuple[BriefScorecard, BriefScorecard]
    held_out: tuple[BriefScorecard, BriefScorecard]
    cost: Cost


def alone(_place: int, asked: str) -> tuple[Message, ...]:
    """Say nothing before a reply but the question."""
    return (Message("user", asked),)


async def cost_of(
    engine: SteerableEngine, plain: Engine, seed: int, progress: Callable[[], None], before: Before = alone
) -> Cost:
    """Measure what steering costs: that of `engine`, and what is said `before` its replies, such as a prompt.

    `plain` is the same model without steering. The questions are those that open conversations and that no direction of
    this `seed` was trained on. `progress` is called after each reply.

    Raises:
        EngineError: the model failed.
    """
    texts = neutral_texts()
    without = [Opening(alone(0, neutral_request()), text) for text in texts]
    under = [Opening(before(place, neutral_request()), text) for place, text in enumerate(texts)]
    moved = await engine.divergence(without, under)
    replies: list[str] = []
    likely: list[float] = []
    for place, question in enumerate(neutral_questions(seed)):
        (reply,) = await engine.complete(before(place, question), REPLY)
        replies.append(reply.strip())
        if replies[-1]:
            probe = Probe(f"reply/{place}", question, (replies[-1],), texts=True)
            async with aclosing(plain.score((), [probe])) as scores:
                likely += [score.labels[0].lower async for score in scores if score.failure is None]
        progress()
    return Cost(
        divergence=float(np.mean(moved)),
        log_likelihood=_mean_or_none(likely),
        repetition=repetition(replies),
        distinct=distinctness(replies),
    )


def repetition(replies: Sequence[str]) -> float | None:
    """Return the share of runs of words that repeat one of the same reply; see `Cost`."""
    shares = [1 - len(set(runs)) / len(runs) for runs in (_runs(reply, REPEATED) for reply in replies) if runs]
    return _mean_or_none(shares)


def distinctness(replies: Sequence[str]) -> float | None:
    """Return the share of distinct runs of words among those of all replies; see `Cost`."""
    runs = list(chain.from_iterable(_runs(reply, DISTINCT) for reply in replies))
    return len(set(runs)) / len(runs) if runs else None


def _runs(text: str, length: int) -> list[tuple[str, ...]]:
    said = words(text)
    return [said[start : start + length] for start in range(len(said) - length + 1)]


def _mean_or_none(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None


async def answers_of(
    engine: Engine, prefix: Sequence[Message], asked: Sequence[QuestionLike], progress: Callable[[], None]
) -> list[Answer]:
    """Put questions after `prefix` and return the answers; failures are left out. `progress` is called after each.

    Raises:
        EngineError: the model failed.
    """
    answers = []
    async with aclosing(ask(engine, prefix, asked)) as outcomes:
        async for outcome in outcomes:
            if isinstance(outcome, Answer):
                answers.append(outcome)
            progress()
    return answers


async def measured_under(
    engine: Engine,
    survey: Survey,
    sides: Sides,
    strength: float | None,
    cost: Cost,
    progress: Callable[[], None],
    seed: int = SEED,
) -> Measured:
    """Ask every question of an engine that is steered so, and score both halves against both groups.

    `seed` is that of the halves, `progress` is called after each question.

    Raises:
        EngineError: the model failed.
    """
    answers = {answer.question_id: answer for answer in await answers_of(engine, (), survey.questions, progress)}
    training, held_out = (_scored(survey, half, answers, sides) for half in survey_halves(survey, seed))
    return Measured(strength, training, held_out, cost)


def _scored(
    survey: Survey, half: Sequence[Question], answers: dict[str, Answer], sides: Sides
) -> tuple[BriefScorecard, BriefScorecard]:
    given = [answers[question.id] for question in half if question.id in answers]
    toward, against = (score_briefly(survey, groups, given, seed=SEED) for groups in (sides.toward, sides.against))
    return toward, against


def swept(measured: Sequence[Measured], without: Measured, source: SweepSource) -> Sweep:
    """Return the sweep over what was measured, beside the model without steering."""
    ordered = sorted(measured, key=lambda one: one.strength or 0.0)
    steps = tuple(_step(one, without) for one in ordered)
    least = _mean(_leaning(without.training))
    better = [step for step in steps if step.training_leaning is not None and step.training_leaning > least]
    best = max(better, key=lambda step: step.training_leaning or 0.0, default=None)
    survey, facts = source.survey.survey, source.direction.facts
    seed = seed_of(facts)
    training, held_out = (tuple(each.id for each in half) for half in survey_halves(survey, seed))
    return Sweep(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        version=__version__,
        direction=SweptDirection(
            name=source.direction.direction.name,
            sha256=source.direction.direction.sha256,
            negative=facts and facts.negative,
            positive=facts and facts.positive,
            method=facts and facts.method,
        ),
        kind=source.kind,
        layers=source.layers,
        toward=source.sides.toward,
        against=source.sides.against,
        survey=SweptSurvey(name=survey.name, sha256=source.survey.sha256, years=tuple(survey.years)),
        seed=seed,
        training_questions=training,
        held_out_questions=held_out,
        model=ModelInfo.model_validate(source.model),
        best=best.strength if best is not None and without.training[0].verdict.sound else None,
        unsteered_verdict=without.held_out[0].verdict,
        unsteered_cost=without.cost,
        anti_steerable=_anti_steerable(ordered),
        unsteered=_step(without, without).model_copy(update={"change": None}),
        steps=steps,
    )


def _step(one: Measured, without: Measured) -> Step:
    toward, against = one.held_out
    leaning, before = _leaning(one.held_out), _leaning(without.held_out)
    bootstrap = Bootstrap(SEED)
    valid = _valid(toward) & _valid(without.held_out[0])
    shared = [name for name in leaning if name in before and name in valid]
    change = np.array([leaning[name] - before[name] for name in shared])
    return Step(
        strength=one.strength or 0.0,
        toward=toward.scores,
        against=against.scores.alignment,
        leaning=bootstrap.difference(np.array(list(leaning.values()))),
        change=difference_of(change, bootstrap) if shared and without.held_out[0].verdict.sound else None,
        verdict=toward.verdict,
        training_leaning=_mean(_leaning(one.training)) if one.training[0].verdict.sound else None,
        cost=one.cost,
    )


def _valid(card: BriefScorecard) -> set[str]:
    return {each.id for each in card.questions if each.valid}


def _leaning(cards: tuple[BriefScorecard, BriefScorecard]) -> dict[str, float]:
    """Return the alignment with the one group minus that with the other, by question."""
    toward, against = ({each.id: each.alignment for each in card.questions} for card in cards)
    found = {}
    for name, one in toward.items():
        other = against.get(name)
        if one is not None and other is not None:
            found[name] = one - other
    return found


def _mean(values: dict[str, float]) -> float:
    return float(np.mean(list(values.values())))


def _anti_steerable(ordered: Sequence[Measured]) -> AntiSteerable | None:
    sound = [one for one in ordered if one.held_out[0].verdict.sound]
    courses = [_leaning(one.held_out) for one in sound]
    names = [name for name in courses[0] if all(name in course for course in courses)] if len(sound) > 2 else []
    if not names:
        return None
    strengths = np.array([one.strength or 0.0 for one in sound])
    leanings = np.array([[course[name] for name in names] for course in courses])
    slopes = np.polyfit(strengths, leanings, 1)[0]
    astray = int((slopes < 0).sum())
    interval = binomtest(astray, len(names)).proportion_ci(method="wilson")
    return AntiSteerable(count=astray, questions=len(names), low=float(interval.low), high=float(interval.high))


def seed_of(facts: DirectionFacts | None) -> int:
    """Return the seed of the halves: that with which the direction was trained, so that none of its questions tells."""
    return SEED if facts is None else facts.seed
