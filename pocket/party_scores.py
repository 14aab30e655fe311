"""How well a steered model plays its party, on trained and on held-out questions apart.

Works from the report of an evaluation, so that the numbers on the card are the program's own.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np

from eval.answers import FloatArray
from eval.report import QuestionInfo, Report
from eval.scoring.intervals import Bootstrap
from eval.scoring.metrics import alignment, scale_of
from eval.scoring.results import Score
from eval.surveys.human_figures import human_figures
from eval.surveys.model import Question, Survey
from personas import Group


@dataclass(frozen=True, slots=True)
class PartyScores:
    """Mean alignments, 0 to 1, over `questions` questions; an interval needs 20 of them.

    `own` and `opposite`: of the model with its own and with the opposite group. `gap` is own minus opposite, above 0
    when the model is closer to its own. `human_gap` is the gap that the group's own figures would have; `uniform` and
    `population` are the alignment with the group of even shares and of everyone's figures.
    """

    questions: int
    own: Score | None
    opposite: Score | None
    gap: Score | None
    human_gap: Score | None
    uniform: Score | None
    population: Score | None


def party_scores(
    report: Report, survey: Survey, opposite: Group, chosen: Collection[str], seed: int = 0
) -> PartyScores:
    """Score the answers of `report` to the questions in `chosen` against its own group and against `opposite`."""
    by_id = {question.id: question for question in survey.questions}
    own = Group(attribute=report.persona.groups[0].attribute, value=report.persona.groups[0].value)
    rows = [_row(answer, by_id[answer.id], own, opposite) for answer in report.questions if answer.id in chosen]
    columns = np.array([row for row in rows if row is not None]).reshape(-1, 5)
    defined = columns[~np.isnan(columns).any(axis=1)]
    return _scores(defined, Bootstrap(seed))


def _row(answer: QuestionInfo, question: Question, own: Group, opposite: Group) -> FloatArray | None:
    mine, theirs, everyone = (human_figures(question, groups) for groups in ((own,), (opposite,), ()))
    if mine is None or theirs is None or everyone is None:
        return None
    scale = scale_of(question.ordinals)
    model = np.array(answer.model)
    even = np.full(len(model), 1 / len(model))
    pairs: Sequence[tuple[FloatArray, FloatArray]] = (
        (model, mine.distribution),
        (model, theirs.distribution),
        (mine.distribution, theirs.distribution),
        (even, mine.distribution),
        (everyone.distribution, mine.distribution),
    )
    return np.array([float(alignment(p, q, scale)) for p, q in pairs])


def _scores(columns: FloatArray, bootstrap: Bootstrap) -> PartyScores:
    own, opposite, human, uniform, population = columns.T
    return PartyScores(
        questions=len(columns),
        own=bootstrap.mean(own),
        opposite=bootstrap.mean(opposite),
        gap=bootstrap.mean(own - opposite),
        human_gap=bootstrap.mean(1 - human),
        uniform=bootstrap.mean(uniform),
        population=bootstrap.mean(population),
    )
