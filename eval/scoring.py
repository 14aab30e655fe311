"""From answers to scores: everything that is said about how close a persona is to people. No engine is needed."""

from collections.abc import Iterator, Sequence

import numpy as np

from eval.answers import Answer, Failure, OrderAnswer, Refusals
from eval.comparison import Comparison, compare
from eval.intervals import RESAMPLES, Bootstrap
from eval.measured import Closeness, Measured
from eval.metrics import FloatArray
from eval.nearest import nearest
from eval.references import Difference, references
from eval.scorecard import OppositeScores, QuestionScore, RefusedQuestion, Scorecard, TopicScore
from eval.scores import scores
from eval.survey import Survey
from personas import Group

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


def _topics(comparison: Comparison, persona: Closeness, bootstrap: Bootstrap) -> tuple[TopicScore, ...]:
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
            TopicScore(topic, int(about.sum()), bootstrap.mean(close.alignment), bootstrap.mean(close.total_variation))
        )
    return tuple(scored)


def _against_opposite(comparison: Comparison, own: Closeness, bootstrap: Bootstrap) -> OppositeScores | None:
    if comparison.opposite is None:
        return None
    close = comparison.against(comparison.opposite)
    return OppositeScores(
        group=comparison.opposite,
        alignment=bootstrap.mean(close.alignment),
        total_variation=bootstrap.mean(close.total_variation),
        minus_own=Difference(
            alignment=bootstrap.mean(close.alignment - own.alignment),
            total_variation=bootstrap.mean(close.total_variation - own.total_variation),
        ),
    )


def _question_scores(comparison: Comparison, measured: Measured) -> Iterator[QuestionScore]:
    for row, said in enumerate(comparison.opinions):
        if said.distribution is not None:
            yield _question_score(comparison, measured, row, said.distribution)


def _refused(comparison: Comparison) -> Iterator[RefusedQuestion]:
    for question, said, figures in zip(comparison.questions, comparison.opinions, comparison.figures, strict=True):
        if said.distribution is None:
            human = None if figures is None else figures.refusal
            yield RefusedQuestion(question.id, human, said.label_mass, said.valid)


def _question_score(comparison: Comparison, measured: Measured, row: int, distribution: FloatArray) -> QuestionScore:
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
