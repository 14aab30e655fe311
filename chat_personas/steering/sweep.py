"""A sweep: the same questions under one strength after the other, and what each of them costs.

All questions of the survey are asked. The strength is chosen on the half that directions are trained on; what is told
of it, and of every other strength, comes from the half that is held out. Neither half's human figures were used to
train a direction.
"""

from collections.abc import Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from chat_personas.steering.contrast import survey_halves
from eval.answers import Answer
from eval.engine import Engine
from eval.expression.log_probability import ask
from eval.scoring.differences import difference_of
from eval.scoring.intervals import Bootstrap
from eval.scoring.results import PairedScore, Score, Scores, Verdict
from eval.scoring.scores import Scorecard, score
from eval.surveys.model import Question, Survey
from personas import Group

Floats = NDArray[np.float64]
SEED = 0


@dataclass(frozen=True, slots=True)
class Sides:
    """The group that strengths above 0 are to lead to, and the one that they are to lead away from."""

    toward: tuple[Group, ...]
    against: tuple[Group, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One strength, on the held-out questions.

    Attributes:
        strength: of the intervention; 0 adds nothing.
        toward: the scores against the group that it is to lead to.
        against: the alignment with the other group.
        leaning: alignment with the one minus alignment with the other, question by question.
        change: `leaning` minus that without steering, paired.
        verdict: whether the figures can be told.
        training_leaning: the mean of `leaning` on the training half, by which a strength is chosen; None where the
            measurement there is not sound.
        cost: the divergence of the next word on neutral texts, in nats.
    """

    strength: float
    toward: Scores
    against: Score | None
    leaning: Score | None
    change: PairedScore | None
    verdict: Verdict
    training_leaning: float | None
    cost: float


@dataclass(frozen=True, slots=True)
class AntiSteerable:
    """Of the held-out questions, those that move away from the group as the strength grows; with a 95% interval.

    A question's course is the least-squares slope of its leaning over the strengths that are sound (Tan et al. 2024,
    "Analysing the Generalisation and Reliability of Steering Vectors"). The interval is Wilson's.
    """

    count: int
    questions: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Sweep:
    """All steps in the order of their strengths, the best by the training half, and how many questions go astray.

    `best` is None where no strength leads closer than the model without steering.
    """

    steps: tuple[Step, ...]
    best: float | None
    anti_steerable: AntiSteerable | None


@dataclass(frozen=True, slots=True)
class Measured:
    """What was asked under one strength, None without steering: both halves, each scored against both groups."""

    strength: float | None
    training: tuple[Scorecard, Scorecard]
    held_out: tuple[Scorecard, Scorecard]
    cost: float


async def measured_under(
    engine: Engine, survey: Survey, sides: Sides, strength: float | None, cost: float, progress: Callable[[], None]
) -> Measured:
    """Ask every question of an engine that is steered so, and score both halves against both groups.

    `progress` is called after each question.

    Raises:
        EngineError: the model failed.
    """
    answers: dict[str, Answer] = {}
    async with aclosing(ask(engine, (), survey.questions)) as outcomes:
        async for outcome in outcomes:
            if isinstance(outcome, Answer):
                answers[outcome.question_id] = outcome
            progress()
    training, held_out = (_scored(survey, half, answers, sides) for half in survey_halves(survey))
    return Measured(strength, training, held_out, cost)


def _scored(
    survey: Survey, half: Sequence[Question], answers: dict[str, Answer], sides: Sides
) -> tuple[Scorecard, Scorecard]:
    given = [answers[question.id] for question in half if question.id in answers]
    return score(survey, sides.toward, given, seed=SEED), score(survey, sides.against, given, seed=SEED)


def swept(measured: Sequence[Measured], without: Measured) -> Sweep:
    """Return the sweep over what was measured, beside the model without steering."""
    ordered = sorted(measured, key=lambda one: one.strength or 0.0)
    steps = tuple(_step(one, without) for one in ordered)
    least = _mean(_leaning(without.training))
    better = [step for step in steps if step.training_leaning is not None and step.training_leaning > least]
    best = max(better, key=lambda step: step.training_leaning or 0.0, default=None)
    return Sweep(steps, None if best is None else best.strength, _anti_steerable(ordered))


def _step(one: Measured, without: Measured) -> Step:
    toward, against = one.held_out
    leaning, before = _leaning(one.held_out), _leaning(without.held_out)
    bootstrap = Bootstrap(SEED)
    shared = [name for name in leaning if name in before]
    change = np.array([leaning[name] - before[name] for name in shared])
    return Step(
        strength=one.strength or 0.0,
        toward=toward.scores,
        against=against.scores.alignment,
        leaning=bootstrap.difference(np.array(list(leaning.values()))),
        change=difference_of(change, bootstrap),
        verdict=toward.verdict,
        training_leaning=_mean(_leaning(one.training)) if one.training[0].verdict.sound else None,
        cost=one.cost,
    )


def _leaning(cards: tuple[Scorecard, Scorecard]) -> dict[str, float]:
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
    return AntiSteerable(astray, len(names), float(interval.low), float(interval.high))
