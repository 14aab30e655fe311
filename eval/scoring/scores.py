"""From answers to scores: how close a persona is to people, and how close predictions without a model would be.

`score` needs no engine. Reports and the screen are both made from the scorecard that it returns.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eval.answers import Answer, FloatArray, Refusals
from eval.scoring.comparison import Comparison, Distances, QuestionMeasures, compare
from eval.scoring.distributions import Opinion, OrderOpinion
from eval.scoring.groups import nearest
from eval.scoring.intervals import RESAMPLES, Bootstrap
from eval.scoring.metrics import Shares
from eval.scoring.results import (
    Difference,
    LettersRemoved,
    NearGroup,
    OppositeScores,
    Reference,
    References,
    RefusedQuestion,
    Score,
    Scores,
    TopicScore,
    Verdict,
)
from eval.scoring.validity import InOrders, verdict
from eval.surveys.loading import Survey
from personas import Group


@dataclass(frozen=True, slots=True)
class QuestionScore:
    """One question: the people's distribution, the model's, and how close they are.

    `human` and `model` are over `options` in the survey's order. With refusals `apart` they sum to 1, with `as-option`
    to 1 minus the refusals. None means not defined: no figures for the group, or options without an order.
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
    letters_removed: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class Scorecard:
    """The scores of a set of answers.

    `scores` counts every answered question, `scores_valid_only` the valid ones. `refused` are the questions that were
    answered with refusals only while refusals are apart: they count in `refusal`, `human_refusal` and `label_mass`, and
    are not among `questions`. If no question has figures for the groups, only distributions, label mass, refusals,
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
    verdict: Verdict
    refused: tuple[RefusedQuestion, ...] = ()
    letters_removed: LettersRemoved | None = None


def score(
    survey: Survey,
    groups: Sequence[Group] | None,
    answers: Sequence[Answer],
    *,
    refusals: Refusals = "apart",
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> Scorecard:
    """Compare `answers` with the people who belong to all of `groups`; with everyone for (), with nobody for None.

    The answers may be to some of the survey's questions, in any order; the result is in the survey's order. Once the
    tables of the survey are built this is fast enough to be called after every few answers of a live measurement.

    Raises:
        AnswerError: an answer is to a question that the survey does not have or that has another answer, has another
            number of options than the question, or has no mass on any answer.
    """
    bootstrap = Bootstrap(seed, resamples)
    comparison = compare(survey, groups, answers, refusals)
    measured = comparison.measured(seed)
    valid = np.array([opinion.valid for opinion in comparison.opinions], dtype=np.bool_)
    removed = comparison.letters_removed()
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
        questions=tuple(_question_scores(comparison, measured, removed)),
        verdict=_verdict(comparison.in_orders, comparison.opinions, answers, bootstrap),
        refused=tuple(_refused(comparison)),
        letters_removed=_letters_removed(comparison, measured.persona, removed, bootstrap),
    )


def _verdict(
    in_orders: Sequence[InOrders | None],
    opinions: Sequence[Opinion],
    answers: Sequence[Answer],
    bootstrap: Bootstrap,
) -> Verdict:
    return verdict(
        in_orders,
        [opinion.valid for opinion in opinions],
        bootstrap,
        orders_asked=any(len(answer.by_order) > 1 for answer in answers),
        judge_unreliable=any(answer.doubtful for answer in answers),
    )


def scores(measured: QuestionMeasures, bootstrap: Bootstrap) -> Scores:
    """Return the scores over questions: means, and ratios of means."""
    return Scores(
        alignment=bootstrap.mean(measured.persona.alignment),
        total_variation=bootstrap.mean(measured.persona.total_variation),
        skill=skill(measured, bootstrap),
        refusal=bootstrap.mean(_where_known(measured.refusal, measured.human_refusal)),
        human_refusal=bootstrap.mean(measured.human_refusal),
        label_mass=bootstrap.mean(measured.label_mass),
        order_bias=bootstrap.mean(measured.order_bias),
        entropy_ratio=bootstrap.ratio(measured.entropy, measured.human_entropy),
    )


def _where_known(model: FloatArray, human: FloatArray) -> FloatArray:
    """Return the model's values on the questions with a figure of the people; all of them if no question has one."""
    known = ~np.isnan(human)
    return model[known] if known.any() else model


def skill(measured: QuestionMeasures, bootstrap: Bootstrap) -> Score | None:
    """Return (TV of the population - TV of the persona) / (TV of the population - noise floor), a ratio of means.

    0: no better than answering as everyone; 1: as close as a second sample of the group; below 0: worse than answering
    as everyone. None unless the interval of the denominator is above 0, so that the group differs from everyone by more
    than chance. For that there must be enough questions for an interval, and counts for every question.
    """
    population = complete(measured, "population")
    floor = complete(measured, "noise_floor")
    if population is None or floor is None:
        return None
    room = population.total_variation - floor.total_variation
    mean_room = bootstrap.mean(room)
    if mean_room is None or mean_room.low is None or mean_room.low <= 0:
        return None
    return bootstrap.ratio(population.total_variation - measured.persona.total_variation, room)


def complete(measured: QuestionMeasures, reference: str) -> Distances | None:
    """Return the values of a reference, or None if it lacks a question on which the persona was scored.

    A noise floor over some of the questions could not be compared with scores over all of them.
    """
    distances = measured.references[reference]
    missing = np.isnan(distances.total_variation) & ~np.isnan(measured.persona.total_variation)
    return None if missing.any() else distances


def references(measured: QuestionMeasures, bootstrap: Bootstrap) -> References:
    """Return the score of each reference on the questions that the persona answered."""
    found = dict(measured.references)
    if complete(measured, "noise_floor") is None:
        del found["noise_floor"]
    scored = {name: _reference(distances, measured.persona, bootstrap) for name, distances in found.items()}
    return References(**{name: scored.get(name) for name in References.model_fields})


def _reference(distances: Distances, persona: Distances, bootstrap: Bootstrap) -> Reference | None:
    total_variation = bootstrap.mean(distances.total_variation)
    if total_variation is None:
        return None
    return Reference(
        alignment=bootstrap.mean(distances.alignment),
        total_variation=total_variation,
        minus_persona=_difference(distances, persona, bootstrap),
    )


def _difference(one: Distances, other: Distances, bootstrap: Bootstrap) -> Difference:
    """Return `one` minus `other`, paired by question."""
    return Difference(
        alignment=bootstrap.mean(one.alignment - other.alignment),
        total_variation=bootstrap.mean(one.total_variation - other.total_variation),
    )


def _letters_removed(
    comparison: Comparison, persona: Distances, removed: Sequence[Shares | None], bootstrap: Bootstrap
) -> LettersRemoved | None:
    """Return the scores of the second estimate over the questions that have it; None if no question has it."""
    distances = comparison.distances_of(removed).where_defined(persona)
    count = sum(each is not None for each in removed)
    if count == 0:
        return None
    return LettersRemoved(
        questions=count,
        alignment=bootstrap.mean(distances.alignment),
        total_variation=bootstrap.mean(distances.total_variation),
        minus_score=_difference(distances, persona, bootstrap),
    )


def _topics(comparison: Comparison, persona: Distances, bootstrap: Bootstrap) -> tuple[TopicScore, ...]:
    """Return the scores by topic, in the order in which topics first occur in the survey."""
    questions = comparison.questions
    has_distribution = np.array([each.distribution is not None for each in comparison.opinions], dtype=np.bool_)
    topics = dict.fromkeys(
        topic for question, has in zip(questions, has_distribution, strict=True) if has for topic in question.topics
    )
    scored = []
    for topic in topics:
        about = has_distribution & np.array([topic in question.topics for question in questions], dtype=np.bool_)
        distances = persona.of(about)
        scored.append(
            TopicScore(
                topic=topic,
                questions=int(about.sum()),
                alignment=bootstrap.mean(distances.alignment),
                total_variation=bootstrap.mean(distances.total_variation),
            )
        )
    return tuple(scored)


def _against_opposite(comparison: Comparison, own: Distances, bootstrap: Bootstrap) -> OppositeScores | None:
    if comparison.opposite is None:
        return None
    opposite = comparison.against(comparison.opposite)
    return OppositeScores(
        attribute=comparison.opposite.attribute,
        value=comparison.opposite.value,
        alignment=bootstrap.mean(opposite.alignment),
        total_variation=bootstrap.mean(opposite.total_variation),
        minus_own=_difference(opposite, own, bootstrap),
    )


def _question_scores(
    comparison: Comparison, measured: QuestionMeasures, removed: Sequence[Shares | None]
) -> Iterator[QuestionScore]:
    for row, (opinion, second) in enumerate(zip(comparison.opinions, removed, strict=True)):
        if opinion.distribution is not None:
            scored = _question_score(comparison, measured, row, opinion.distribution)
            yield scored if second is None else replace(scored, letters_removed=second[0])


def _question_score(
    comparison: Comparison, measured: QuestionMeasures, row: int, distribution: FloatArray
) -> QuestionScore:
    question, opinion, figures = comparison.questions[row], comparison.opinions[row], comparison.figures[row]
    return QuestionScore(
        id=question.id,
        topics=question.topics,
        options=question.option_texts,
        ordinal=question.ordinals,
        human=None if figures is None else figures.compared(comparison.refusals),
        human_n=None if figures is None else _defined(figures.n),
        model=distribution,
        by_order=opinion.by_order,
        refusal=opinion.refusal,
        human_refusal=None if figures is None else figures.refusal,
        label_mass=opinion.label_mass,
        alignment=_defined(measured.persona.alignment[row]),
        total_variation=_defined(measured.persona.total_variation[row]),
        order_bias=opinion.order_bias,
        valid=opinion.valid,
    )


def _defined(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _refused(comparison: Comparison) -> Iterator[RefusedQuestion]:
    for question, opinion, figures in zip(comparison.questions, comparison.opinions, comparison.figures, strict=True):
        if opinion.distribution is None:
            yield RefusedQuestion(
                id=question.id,
                human_refusal=None if figures is None else figures.refusal,
                label_mass=opinion.label_mass,
                valid=opinion.valid,
            )
