"""From answers to scores: how close a persona is to people, and how close predictions without a model would be.

`score` needs no engine. Reports and the screen are both made from the scorecard that it returns.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from eval.answers import Answer, FloatArray, Refusals
from eval.scoring.comparison import Comparison, Distances, QuestionMeasures, compare
from eval.scoring.differences import paired_difference
from eval.scoring.distributions import Opinion, OrderOpinion
from eval.scoring.exaggeration import effect, unsteered_opinions
from eval.scoring.groups import nearest
from eval.scoring.intervals import RESAMPLES, Bootstrap
from eval.scoring.metrics import Shares
from eval.scoring.results import (
    Difference,
    Effect,
    EntropyThird,
    GroupSample,
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
from eval.scoring.thirds import entropy_thirds
from eval.scoring.validity import verdict_of
from eval.scoring.worth import worth_in_people
from eval.surveys.loading import Survey
from personas import Group


@dataclass(frozen=True, slots=True)
class QuestionScore:
    """One question: the people's distribution, the model's, and how close they are.

    `human` and `model` are over `options` in the survey's order. With refusals `apart` they sum to 1, with `as-option`
    to 1 minus the refusals. None means not defined: no figures for the group, or options without an order. `unsteered`
    are the answers of the same model without steering, if it was asked.
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
    unsteered: tuple[OrderOpinion, ...] = ()
    letters_removed: FloatArray | None = None


@dataclass(frozen=True, slots=True)
class Scorecard:
    """The scores of a set of answers.

    `scores` counts every answered question, `scores_valid_only` the valid ones. `refused` are the questions that were
    answered with refusals only while refusals are apart: they count in `refusal`, `human_refusal` and `label_mass`, and
    are not among `questions`. If no question has figures for the groups, only distributions, label mass, refusals,
    order bias and the nearest groups are known. `effect` is None unless the unsteered model was asked, too.
    """

    refusals: Refusals
    groups: tuple[Group, ...] | None
    scores: Scores
    scores_valid_only: Scores
    topics: tuple[TopicScore, ...]
    references: References
    scores_against_opposite: OppositeScores | None
    group_sample: GroupSample | None
    nearest: tuple[NearGroup, ...]
    nearest_questions: int
    questions: tuple[QuestionScore, ...]
    verdict: Verdict
    refused: tuple[RefusedQuestion, ...] = ()
    effect: Effect | None = None
    entropy_thirds: tuple[EntropyThird, ...] = ()
    letters_removed: LettersRemoved | None = None


@dataclass(frozen=True, slots=True, eq=False)
class BriefScorecard:
    """Of a set of answers the scores, each question and the verdict: what a comparison of several sets needs."""

    scores: Scores
    questions: tuple[QuestionScore, ...]
    verdict: Verdict


def score_briefly(
    survey: Survey, groups: Sequence[Group], answers: Sequence[Answer], *, seed: int = 0
) -> BriefScorecard:
    """Compare `answers` as `score` does, without references, groups, topics and second estimates. Raises as it does."""
    bootstrap = Bootstrap(seed)
    comparison = compare(survey, groups, answers, "apart")
    measured = comparison.measured(seed)
    no_estimate = [None] * len(comparison.opinions)
    return BriefScorecard(
        scores=scores(measured, bootstrap),
        questions=tuple(_question_scores(comparison, measured, no_estimate, {})),
        verdict=_verdict(comparison, answers, bootstrap),
    )


def score(
    survey: Survey,
    groups: Sequence[Group] | None,
    answers: Sequence[Answer],
    *,
    refusals: Refusals = "apart",
    seed: int = 0,
    resamples: int = RESAMPLES,
    unsteered: Sequence[Answer] | None = None,
) -> Scorecard:
    """Compare `answers` with the people who belong to all of `groups`; with everyone for (), with nobody for None.

    `unsteered` are the answers of the same model without steering: with them the card says what the persona changes.
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
    without = unsteered_opinions(unsteered or (), refusals)
    return Scorecard(
        refusals=refusals,
        groups=None if groups is None else tuple(groups),
        scores=scores(measured, bootstrap),
        scores_valid_only=scores(measured.of(valid), bootstrap),
        topics=_topics(comparison, measured.persona, bootstrap),
        references=references(measured, bootstrap),
        scores_against_opposite=_against_opposite(comparison, measured, bootstrap),
        group_sample=_group_sample(comparison, measured, bootstrap),
        nearest=near.groups,
        nearest_questions=near.questions,
        questions=tuple(_question_scores(comparison, measured, removed, without)),
        verdict=_verdict(comparison, answers, bootstrap),
        refused=tuple(_refused(comparison)),
        effect=effect(comparison, groups, without, bootstrap),
        entropy_thirds=entropy_thirds(comparison, measured, bootstrap),
        letters_removed=_letters_removed(comparison, measured.persona, removed, bootstrap),
    )


def _verdict(comparison: Comparison, answers: Sequence[Answer], bootstrap: Bootstrap) -> Verdict:
    return verdict_of(
        comparison.opinions_by_id,
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
        worth=worth_in_people(measured.persona.total_variation, measured.sample_distances, bootstrap),
    )


def _where_known(model: FloatArray, human: FloatArray) -> FloatArray:
    """Return the model's values on the questions with a figure of the people; all of them if no question has one."""
    known = ~np.isnan(human)
    return model[known] if known.any() else model


def skill(measured: QuestionMeasures, bootstrap: Bootstrap) -> Score | None:
    """Return (TV of everyone else - TV of the persona) / (TV of everyone else - TV of a new sample), a ratio of means.

    0: no better than answering as everyone who is not of the group; 1: as close as one new sample of as many people of
    the group; below 0: worse than everyone else. Everyone else, not everyone: the group's own people are part of
    everyone, and bring their sampling error with them. One sample, not two: the figures are compared with as they are.
    None unless the interval of the denominator is above 0, so that the group differs from everyone else by more than
    chance. For that there must be enough questions for an interval, and counts for every question.
    """
    room = measured.everyone_else - measured.sample
    if (np.isnan(room) & ~np.isnan(measured.persona.total_variation)).any():
        return None
    mean_room = bootstrap.mean(room)
    if mean_room is None or mean_room.low is None or mean_room.low <= 0:
        return None
    return bootstrap.ratio(measured.everyone_else - measured.persona.total_variation, room)


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
    scored = {name: _reference(distances, measured, bootstrap, of=name) for name, distances in found.items()}
    return References(**{name: scored.get(name) for name in References.model_fields})


def _reference(distances: Distances, measured: QuestionMeasures, bootstrap: Bootstrap, of: str) -> Reference | None:
    total_variation = bootstrap.mean(distances.total_variation)
    if total_variation is None:
        return None
    people = None  # of two samples of the group neither is the group
    if of != "noise_floor":
        people = worth_in_people(distances.total_variation, measured.sample_distances, bootstrap)
    return Reference(
        alignment=bootstrap.mean(distances.alignment),
        total_variation=total_variation,
        worth=people,
        minus_persona=_difference(distances, measured.persona, bootstrap),
    )


def _difference(one: Distances, other: Distances, bootstrap: Bootstrap) -> Difference:
    """Return `one` minus `other`, paired by question."""
    return Difference(
        alignment=paired_difference(one.alignment, other.alignment, bootstrap),
        total_variation=paired_difference(one.total_variation, other.total_variation, bootstrap),
    )


def _group_sample(comparison: Comparison, measured: QuestionMeasures, bootstrap: Bootstrap) -> GroupSample | None:
    """Return how many people the figures rest on; None for everyone, and where their number is not known."""
    if not comparison.figures or all(rest is None for rest in comparison.rest):
        return None
    people, share = comparison.group_sample()
    if np.isnan(people).any():
        return None
    counted = not (np.isnan(measured.everyone_else) & ~np.isnan(measured.persona.total_variation)).any()
    return GroupSample(
        people=float(np.median(people)),
        share=float(np.nanmedian(share)),
        everyone_else=bootstrap.mean(measured.everyone_else) if counted else None,
        sample=bootstrap.mean(measured.sample) if counted else None,
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


def _against_opposite(
    comparison: Comparison, measured: QuestionMeasures, bootstrap: Bootstrap
) -> OppositeScores | None:
    if comparison.opposite is None:
        return None
    opposite = comparison.against(comparison.opposite)
    leaning = _minus(opposite, measured.persona)
    even = _minus(comparison.even_against(comparison.opposite), measured.references["uniform"])
    return OppositeScores(
        attribute=comparison.opposite.attribute,
        value=comparison.opposite.value,
        alignment=bootstrap.mean(opposite.alignment),
        total_variation=bootstrap.mean(opposite.total_variation),
        minus_own=_difference(opposite, measured.persona, bootstrap),
        minus_even=_difference(leaning, even, bootstrap),
    )


def _minus(one: Distances, other: Distances) -> Distances:
    return Distances(one.alignment - other.alignment, one.total_variation - other.total_variation)


def _question_scores(
    comparison: Comparison,
    measured: QuestionMeasures,
    removed: Sequence[Shares | None],
    unsteered: Mapping[str, Opinion],
) -> Iterator[QuestionScore]:
    for row, (opinion, second) in enumerate(zip(comparison.opinions, removed, strict=True)):
        if opinion.distribution is not None:
            without = unsteered.get(comparison.questions[row].id)
            by_order = without.by_order if without is not None else ()
            scored = _question_score(comparison, measured, row, opinion.distribution, by_order)
            yield scored if second is None else replace(scored, letters_removed=second[0])


def _question_score(
    comparison: Comparison,
    measured: QuestionMeasures,
    row: int,
    distribution: FloatArray,
    unsteered: tuple[OrderOpinion, ...],
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
        unsteered=unsteered,
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
