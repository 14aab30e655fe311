"""The scores over questions, each with its interval.

What predictions that need no model would have scored: no score is shown without them beside it.

What a scoring says, as plain records: the report and the screen are both made from it.

From answers to scores: everything that is said about how close a persona is to people. No engine is needed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from eval.answers import Answer, Failure, FloatArray, OrderAnswer, Refusals
from eval.scoring.comparison import Comparison, Distances, QuestionMeasures, compare
from eval.scoring.groups import nearest
from eval.scoring.intervals import RESAMPLES, Bootstrap
from eval.scoring.opinions import OrderOpinion
from eval.scoring.results import (
    Difference,
    NearGroup,
    OppositeScores,
    Reference,
    References,
    RefusedQuestion,
    Score,
    Scores,
    TopicScore,
)
from eval.surveys.loading import Survey
from personas import Group


def scores(measured: QuestionMeasures, bootstrap: Bootstrap) -> Scores:
    """Return the means over questions, and the two scores that are ratios of means."""
    return Scores(
        alignment=bootstrap.mean(measured.persona.alignment),
        total_variation=bootstrap.mean(measured.persona.total_variation),
        skill=skill(measured, bootstrap),
        refusal=bootstrap.mean(_beside(measured.refusal, measured.human_refusal)),
        human_refusal=bootstrap.mean(measured.human_refusal),
        label_mass=bootstrap.mean(measured.label_mass),
        order_bias=bootstrap.mean(measured.order_bias),
        entropy_ratio=bootstrap.ratio(measured.entropy, measured.human_entropy),
    )


def _beside(ours: FloatArray, peoples: FloatArray) -> FloatArray:
    """Return `ours` on the questions for which there is a figure of the people's to set beside it; all without any."""
    known = ~np.isnan(peoples)
    return ours[known] if known.any() else ours


def skill(measured: QuestionMeasures, bootstrap: Bootstrap) -> Score | None:
    """Return (TV of the population - TV of the persona) / (TV of the population - noise floor), a ratio of means.

    0: no better than answering as everyone; 1: as close as a second sample of the group; below 0: worse than no
    persona. None unless the denominator's interval lies above 0 (the group then differs from everyone by more
    than chance), which also needs enough questions for an interval and counts for every question.
    """
    population = complete(measured, "population")
    floor = complete(measured, "noise_floor")
    if population is None or floor is None:
        return None
    room = population.total_variation - floor.total_variation
    sure = bootstrap.mean(room)
    if sure is None or sure.low is None or sure.low <= 0:
        return None
    return bootstrap.ratio(population.total_variation - measured.persona.total_variation, room)


def complete(measured: QuestionMeasures, reference: str) -> Distances | None:
    """Return what a reference scored, or None if it lacks a question that the persona was scored on.

    A noise floor over some of the questions could not be set beside scores over all of them.
    """
    closeness = measured.references[reference]
    missing = np.isnan(closeness.total_variation) & ~np.isnan(measured.persona.total_variation)
    return None if missing.any() else closeness


def references(measured: QuestionMeasures, bootstrap: Bootstrap) -> References:
    """Score each reference on the questions that the persona answered."""
    found = dict(measured.references)
    if complete(measured, "noise_floor") is None:
        del found["noise_floor"]
    scored = {name: _reference(closeness, measured.persona, bootstrap) for name, closeness in found.items()}
    return References(**{name: scored.get(name) for name in ("uniform", "population", "opposite", "noise_floor")})


def _reference(closeness: Distances, persona: Distances, bootstrap: Bootstrap) -> Reference | None:
    total_variation = bootstrap.mean(closeness.total_variation)
    if total_variation is None:
        return None
    return Reference(
        alignment=bootstrap.mean(closeness.alignment),
        total_variation=total_variation,
        minus_persona=Difference(
            alignment=bootstrap.mean(closeness.alignment - persona.alignment),
            total_variation=bootstrap.mean(closeness.total_variation - persona.total_variation),
        ),
    )


@dataclass(frozen=True, slots=True)
class QuestionScore:
    """One question: what people say, what the model says, and how close they are.

    `human` and `model` are over `options` in the survey's order; they sum to 1 with refusals `apart`, to 1 minus the
    refusals `as-option`. What is None is not defined: no figures for the group, options without order.
    """

    id: str
    topics: tuple[str, ...]
    options: tuple[str, ...]
    ordinal: tuple[float, ...]
    human: FloatArray | None
    human_n: float | None
    model: FloatArray
    by_order: tuple[OrderOpinion, ...]
    refusal: float
    human_refusal: float | None
    label_mass: float | None
    alignment: float | None
    total_variation: float | None
    order_bias: float | None
    valid: bool


@dataclass(frozen=True, slots=True)
class Scorecard:
    """All that can be said about a set of answers.

    `scores` counts every question answered, `scores_valid_only` those that are valid. `refused` are those that were
    answered with refusals only while these are apart: they count in `refusal`, `human_refusal` and `label_mass`, and
    are not among `questions`. When no question has figures for the groups, only distributions, label mass, refusals,
    order bias and the nearest groups are known.
    """

    refusals: Refusals
    groups: tuple[Group, ...] | None
    scores: Scores
    scores_valid_only: Scores
    topics: tuple[TopicScore, ...]
    references: References
    scores_against_opposite: OppositeScores | None
    nearest: tuple[NearGroup, ...]
    nearest_questions: int
    questions: tuple[QuestionScore, ...]
    refused: tuple[RefusedQuestion, ...] = ()


__all__ = ["Answer", "Failure", "OrderAnswer", "QuestionScore", "Scorecard", "score"]


def score(
    survey: Survey,
    groups: Sequence[Group] | None,
    answers: Sequence[Answer],
    *,
    refusals: Refusals = "apart",
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Scorecard:
    """Compare `answers` with the people of `groups`: all of several at once, everyone for (), nobody for None.

    The answers may be to some of the survey's questions, in any order; the result is in the survey's. Quick enough to
    be called after every few answers of a live measurement, once the tables of the survey are built.

    Raises:
        AnswerError: an answer is to no question of the survey, to one twice, has another number of options than
            the question, or no mass on any answer.
    """
    bootstrap = Bootstrap(seed, resamples)
    comparison = compare(survey, groups, answers, refusals)
    measured = comparison.measured(seed)
    valid = np.array([opinion.valid for opinion in comparison.opinions], dtype=np.bool_)
    near = nearest(comparison.table, comparison.rows, comparison.model.options, bootstrap)
    return Scorecard(
        refusals=refusals,
        groups=None if groups is None else tuple(groups),
        scores=scores(measured, bootstrap),
        scores_valid_only=scores(measured.of(valid), bootstrap),
        topics=_topics(comparison, measured.persona, bootstrap),
        references=references(measured, bootstrap),
        scores_against_opposite=_against_opposite(comparison, measured.persona, bootstrap),
        nearest=near.groups,
        nearest_questions=near.questions,
        questions=tuple(_question_scores(comparison, measured)),
        refused=tuple(_refused(comparison)),
    )


def _topics(comparison: Comparison, persona: Distances, bootstrap: Bootstrap) -> tuple[TopicScore, ...]:
    """Return the scores by topic, in the order in which topics first occur in the survey."""
    questions = comparison.questions
    has_distribution = np.array([said.distribution is not None for said in comparison.opinions], dtype=np.bool_)
    topics = dict.fromkeys(
        topic for question, has in zip(questions, has_distribution, strict=True) if has for topic in question.topics
    )
    scored = []
    for topic in topics:
        about = has_distribution & np.array([topic in question.topics for question in questions], dtype=np.bool_)
        close = persona.of(about)
        scored.append(
            TopicScore(
                topic=topic,
                questions=int(about.sum()),
                alignment=bootstrap.mean(close.alignment),
                total_variation=bootstrap.mean(close.total_variation),
            )
        )
    return tuple(scored)


def _against_opposite(comparison: Comparison, own: Distances, bootstrap: Bootstrap) -> OppositeScores | None:
    if comparison.opposite is None:
        return None
    close = comparison.against(comparison.opposite)
    return OppositeScores(
        attribute=comparison.opposite.attribute,
        value=comparison.opposite.value,
        alignment=bootstrap.mean(close.alignment),
        total_variation=bootstrap.mean(close.total_variation),
        minus_own=Difference(
            alignment=bootstrap.mean(close.alignment - own.alignment),
            total_variation=bootstrap.mean(close.total_variation - own.total_variation),
        ),
    )


def _question_scores(comparison: Comparison, measured: QuestionMeasures) -> Iterator[QuestionScore]:
    for row, said in enumerate(comparison.opinions):
        if said.distribution is not None:
            yield _question_score(comparison, measured, row, said.distribution)


def _refused(comparison: Comparison) -> Iterator[RefusedQuestion]:
    for question, said, figures in zip(comparison.questions, comparison.opinions, comparison.figures, strict=True):
        if said.distribution is None:
            human = None if figures is None else figures.refusal
            yield RefusedQuestion(id=question.id, human_refusal=human, label_mass=said.label_mass, valid=said.valid)


def _question_score(
    comparison: Comparison, measured: QuestionMeasures, row: int, distribution: FloatArray
) -> QuestionScore:
    question, said, figures = comparison.questions[row], comparison.opinions[row], comparison.figures[row]
    return QuestionScore(
        id=question.id,
        topics=question.topics,
        options=question.option_texts,
        ordinal=question.ordinals,
        human=None if figures is None else figures.compared(comparison.refusals),
        human_n=None if figures is None else _defined(figures.n),
        model=distribution,
        by_order=said.by_order,
        refusal=said.refusal,
        human_refusal=None if figures is None else figures.refusal,
        label_mass=said.label_mass,
        alignment=_defined(measured.persona.alignment[row]),
        total_variation=_defined(measured.persona.total_variation[row]),
        order_bias=said.order_bias,
        valid=said.valid,
    )


def _defined(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
