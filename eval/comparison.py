"""Answers and human figures side by side, question by question, and every measure of how they compare."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eval.answers import Answer, Refusals
from eval.distributions import Distributions, Shares, stack, uniform
from eval.errors import AnswerError
from eval.figures import HumanFigures, human_figures
from eval.group_table import GroupTable, group_table
from eval.measured import Closeness, Measured
from eval.metrics import FloatArray, Scale, entropy
from eval.nearest import opposite_of
from eval.noise import NoiseFloor, noise_floor
from eval.opinion import Opinion, opinion
from eval.survey import Question, Survey
from personas import Group


@dataclass(frozen=True, slots=True)
class Comparison:
    """The questions that were answered, in the survey's order, with what the model and the people said.

    `rows` are the questions' places in `table`; `figures` are None where the survey has none for the groups. What was
    answered with refusals only, while these are apart, is here too, since it counts as refused; its `model` is NaN.
    """

    refusals: Refusals
    table: GroupTable
    rows: tuple[int, ...]
    questions: tuple[Question, ...]
    opinions: tuple[Opinion, ...]
    figures: tuple[HumanFigures | None, ...]
    opposite: Group | None
    scale: Scale
    model: Distributions
    human: Distributions

    def measured(self, seed: int) -> Measured:
        """Return every measure of every question; `seed` is that of the simulated noise floor.

        References are measured where the persona is: all of them are then about the same questions.
        """
        persona = self._closeness(self.model)
        references = {
            "uniform": self._closeness(self._uniform()),
            "population": self._closeness(self._people(())),
            "noise_floor": self._noise_floor(seed),
        }
        if self.opposite is not None:
            references["opposite"] = self._closeness(self._people((self.opposite,)))
        return Measured(
            persona=persona,
            references={name: closeness.where_defined(persona) for name, closeness in references.items()},
            refusal=_column([opinion.refusal for opinion in self.opinions]),
            human_refusal=_column([None if figures is None else figures.refusal for figures in self.figures]),
            label_mass=_column([opinion.label_mass for opinion in self.opinions]),
            order_bias=_column([opinion.order_bias for opinion in self.opinions]),
            entropy=entropy(self.model.compared),
            human_entropy=entropy(self.human.compared),
        )

    def against(self, group: Group) -> Closeness:
        """Return how close the model is to the people of another group."""
        people = self._people((group,))
        return Closeness(self.model.alignment(people, self.scale), self.model.total_variation(people))

    def _closeness(self, prediction: Distributions) -> Closeness:
        return Closeness(prediction.alignment(self.human, self.scale), prediction.total_variation(self.human))

    def _people(self, groups: Sequence[Group]) -> Distributions:
        figures = [human_figures(question, groups) for question in self.questions]
        return stack([_shares(figure, self.refusals) for figure in figures], self.table.width, self.refusals)

    def _uniform(self) -> Distributions:
        return uniform([len(question.options) for question in self.questions], self.table.width, self.refusals)

    def _noise_floor(self, seed: int) -> Closeness:
        floors = [
            _floor(question, figures, self.refusals, seed)
            for question, figures in zip(self.questions, self.figures, strict=True)
        ]
        return Closeness(
            _column([floor.alignment for floor in floors]), _column([floor.total_variation for floor in floors])
        )


def compare(
    survey: Survey, groups: Sequence[Group] | None, answers: Sequence[Answer], refusals: Refusals
) -> Comparison:
    """Set `answers` beside the figures of `groups`.

    Raises:
        AnswerError: an answer is to no question of the survey, to one twice, has another number of options than
            the question, or no mass on them.
    """
    table = group_table(survey)
    by_row = _by_row(survey, table, answers)
    rows = tuple(sorted(by_row))
    questions = tuple(survey.questions[row] for row in rows)
    opinions = tuple(opinion(by_row[row], refusals) for row in rows)
    figures = tuple(None if groups is None else human_figures(question, groups) for question in questions)
    places = np.array(rows, dtype=np.intp)
    return Comparison(
        refusals=refusals,
        table=table,
        rows=rows,
        questions=questions,
        opinions=opinions,
        figures=figures,
        opposite=opposite_of(table, groups[0]) if groups is not None and len(groups) == 1 else None,
        scale=Scale(table.scale.order[places], table.scale.steps[places]),
        model=stack([_said(each) for each in opinions], table.width, refusals),
        human=stack([_shares(figure, refusals) for figure in figures], table.width, refusals),
    )


def _by_row(survey: Survey, table: GroupTable, answers: Sequence[Answer]) -> dict[int, Answer]:
    by_row: dict[int, Answer] = {}
    for answer in answers:
        row = table.rows.get(answer.question_id)
        if row is None:
            raise AnswerError(f"the survey {survey.name} has no question {answer.question_id}")
        if row in by_row:
            raise AnswerError(f"two answers to the question {answer.question_id}; keep one")
        expected = len(survey.questions[row].options)
        for order in answer.by_order:
            if len(order.options) != expected:
                raise AnswerError(
                    f"{answer.question_id}: masses for {len(order.options)} options; the survey has {expected}"
                )
        by_row[row] = answer
    return by_row


def _said(opinion: Opinion) -> Shares | None:
    return None if opinion.distribution is None else (opinion.distribution, opinion.refusal)


def _shares(figures: HumanFigures | None, refusals: Refusals) -> Shares | None:
    return None if figures is None else (figures.compared(refusals), figures.refusal)


def _column(values: Sequence[float | None]) -> FloatArray:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _floor(question: Question, figures: HumanFigures | None, refusals: Refusals, seed: int) -> NoiseFloor:
    """Return the noise floor of one question, NaN without counts."""
    if figures is None or figures.counts is None:
        return NoiseFloor(float("nan"), float("nan"))
    shares = figures.compared(refusals)
    respondents = figures.n
    if refusals == "as-option":
        shares = np.append(shares, figures.refusal)
        respondents = figures.n / (1 - figures.refusal)
    return noise_floor(
        tuple(shares.tolist()),
        round(respondents),
        question.ordinals,
        refusals_last=refusals == "as-option",
        seed=seed,
    )
