"""A model's answers and the people's figures, question by question, and every measure of how they compare.

Measures are arrays with one value per question, so that a bootstrap can resample the questions of all of them at once.
One of the references is the noise floor: how far two samples of the same people are apart by chance.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

from eval.answers import Answer, FloatArray, Refusals
from eval.errors import AnswerError
from eval.scoring.distributions import Opinion, opinion
from eval.scoring.groups import GroupTable, group_table, opposite_of
from eval.scoring.metrics import (
    Distributions,
    OrdinalScale,
    Shares,
    alignment,
    column,
    entropy,
    scale_of,
    stack,
    total_variation,
    uniform,
)
from eval.scoring.validity import InOrders, in_orders, letters_only, letters_removed
from eval.scoring.worth import SIZES, curve, sample_distance
from eval.surveys.human_figures import EveryoneElse, HumanFigures, everyone_else, human_figures
from eval.surveys.loading import Question, Survey
from personas import Group

DRAWS = 2000
"""Pairs of samples that are simulated for a noise floor."""


@dataclass(frozen=True, slots=True)
class Distances:
    """How close a prediction is to the people compared with: one value per question, NaN where not defined."""

    alignment: FloatArray
    total_variation: FloatArray

    def of(self, questions: NDArray[np.bool_]) -> "Distances":
        """Return the values of some questions."""
        return Distances(self.alignment[questions], self.total_variation[questions])

    def where_defined(self, other: "Distances") -> "Distances":
        """Return the values where those of `other` are defined, NaN elsewhere."""
        return Distances(
            np.where(np.isnan(other.alignment), np.nan, self.alignment),
            np.where(np.isnan(other.total_variation), np.nan, self.total_variation),
        )


@dataclass(frozen=True, slots=True)
class QuestionMeasures:
    """All measures, one value per question and NaN where a measure is not defined.

    `references` has the scores of the reference predictions on the same questions; `human_*` are of the people compared
    with. `everyone_else` is the total variation of the answers of all who are not of the group, `sample` the expected
    one of a new sample of as many people of the group: the ends of the scale of skill.
    """

    persona: Distances
    references: Mapping[str, Distances]
    everyone_else: FloatArray
    sample: FloatArray
    refusal: FloatArray
    human_refusal: FloatArray
    label_mass: FloatArray
    order_bias: FloatArray
    entropy: FloatArray
    human_entropy: FloatArray
    sample_distances: FloatArray
    """How far samples of the group are from it, shape (questions, sizes): see `eval.scoring.worth`."""

    def of(self, questions: NDArray[np.bool_]) -> Self:
        """Return the measures of some questions."""
        references = {name: distances.of(questions) for name, distances in self.references.items()}
        columns = [field.name for field in fields(self) if field.name not in ("persona", "references")]
        chosen = {name: getattr(self, name)[questions] for name in columns}
        return type(self)(persona=self.persona.of(questions), references=references, **chosen)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The answered questions, in the survey's order, with the model's opinions and the people's figures.

    `rows` are the places of the questions in `table`. `figures` are None where the survey has none for the groups,
    `rest`, those of everyone else, where it has no counts. With
    refusals apart, a question that was answered with refusals only is here too, because it counts as refused; its row
    of `model` is NaN.
    """

    refusals: Refusals
    table: GroupTable
    rows: tuple[int, ...]
    questions: tuple[Question, ...]
    opinions: tuple[Opinion, ...]
    figures: tuple[HumanFigures | None, ...]
    rest: tuple[EveryoneElse | None, ...]
    opposite: Group | None
    scale: OrdinalScale
    model: Distributions
    human: Distributions

    def measured(self, seed: int) -> QuestionMeasures:
        """Return every measure of every question; `seed` is for the simulation of the noise floor.

        References are measured only where the persona is, so that all scores are about the same questions.
        """
        persona = self._distances(self.model)
        references = {
            "uniform": self._distances(self._uniform()),
            "population": self._distances(self._people(())),
            "noise_floor": self._noise_floor(seed),
            "letters": self.distances_of(self._with_own_refusals(letters_only(self.in_orders))),
        }
        if self.opposite is not None:
            references["opposite"] = self._distances(self._people((self.opposite,)))
        return QuestionMeasures(
            persona=persona,
            references={name: distances.where_defined(persona) for name, distances in references.items()},
            everyone_else=self._everyone_else().where_defined(persona).total_variation,
            sample=np.where(np.isnan(persona.total_variation), np.nan, self._one_sample()),
            refusal=column([opinion.refusal for opinion in self.opinions]),
            human_refusal=column([None if figures is None else figures.refusal for figures in self.figures]),
            label_mass=column([opinion.label_mass for opinion in self.opinions]),
            order_bias=column([opinion.order_bias for opinion in self.opinions]),
            entropy=entropy(self.model.compared),
            human_entropy=entropy(self.human.compared),
            sample_distances=np.array([curve(shares) for shares in self.human.compared]).reshape(-1, len(SIZES)),
        )

    @property
    def opinions_by_id(self) -> dict[str, Opinion]:
        """The model's opinions by the id of the question."""
        return {question.id: found for question, found in zip(self.questions, self.opinions, strict=True)}

    @property
    def in_orders(self) -> tuple[InOrders | None, ...]:
        """The distributions of each question in its option orders, refusals left out."""
        return tuple(
            in_orders(question.id, {each.order: each.distribution for each in opinion.by_order})
            for question, opinion in zip(self.questions, self.opinions, strict=True)
        )

    def letters_removed(self) -> tuple[Shares | None, ...]:
        """Return the second estimate of each question, with the share of refusals of the first; see `validity`.

        None where it cannot be made: also where an option has no share in one of the orders.
        """
        usable = [answer if answer is not None and answer.nothing_excluded else None for answer in self.in_orders]
        return self._with_own_refusals(letters_removed(usable))

    def distances_of(self, shares: Sequence[Shares | None]) -> Distances:
        """Return how close other distributions, one for each question, are to the people compared with."""
        return self._distances(stack(shares, self.table.width, self.refusals))

    def _with_own_refusals(self, found: Sequence[FloatArray | None]) -> tuple[Shares | None, ...]:
        """Add the persona's own shares of refusals, which always have the last letters, to shares of the options."""
        return tuple(
            None if options is None else _shares(options, opinion.refusal, self.refusals)
            for options, opinion in zip(found, self.opinions, strict=True)
        )

    def against(self, group: Group) -> Distances:
        """Return how close the model is to the people of another group."""
        people = self._people((group,))
        return Distances(self.model.alignment(people, self.scale), self.model.total_variation(people))

    def even_against(self, group: Group) -> Distances:
        """Return how close even answers are to the people of another group."""
        people = self._people((group,))
        return Distances(self._uniform().alignment(people, self.scale), self._uniform().total_variation(people))

    def group_sample(self) -> tuple[FloatArray, FloatArray]:
        """Return for each question the group's people and their share of everyone, NaN where not known."""
        return (
            column([None if figures is None else figures.n for figures in self.figures]),
            column([None if rest is None else rest.share for rest in self.rest]),
        )

    def _everyone_else(self) -> Distances:
        figures = [None if rest is None else rest.figures for rest in self.rest]
        shares = [_human_shares(each, self.refusals) for each in figures]
        return self._distances(stack(shares, self.table.width, self.refusals))

    def _one_sample(self) -> FloatArray:
        return column([_sample_distance(figures, self.refusals) for figures in self.figures])

    def _distances(self, prediction: Distributions) -> Distances:
        return Distances(prediction.alignment(self.human, self.scale), prediction.total_variation(self.human))

    def _people(self, groups: Sequence[Group]) -> Distributions:
        figures = [human_figures(question, groups) for question in self.questions]
        return stack([_human_shares(figure, self.refusals) for figure in figures], self.table.width, self.refusals)

    def _uniform(self) -> Distributions:
        return uniform([len(question.options) for question in self.questions], self.table.width, self.refusals)

    def _noise_floor(self, seed: int) -> Distances:
        floors = [
            _floor(question, figures, self.refusals, seed)
            for question, figures in zip(self.questions, self.figures, strict=True)
        ]
        return Distances(
            column([floor.alignment for floor in floors]), column([floor.total_variation for floor in floors])
        )


def compare(
    survey: Survey, groups: Sequence[Group] | None, answers: Sequence[Answer], refusals: Refusals
) -> Comparison:
    """Return `answers` together with the figures of `groups`.

    Raises:
        AnswerError: an answer is to a question that the survey does not have or that has another answer, has another
            number of options than the question, or has no mass on them.
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
        rest=tuple(None if not groups else everyone_else(question, groups) for question in questions),
        opposite=opposite_of(table, groups[0]) if groups is not None and len(groups) == 1 else None,
        scale=OrdinalScale(table.scale.order[places], table.scale.steps[places]),
        model=stack([_model_shares(each) for each in opinions], table.width, refusals),
        human=stack([_human_shares(figure, refusals) for figure in figures], table.width, refusals),
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


def _model_shares(opinion: Opinion) -> Shares | None:
    return None if opinion.distribution is None else (opinion.distribution, opinion.refusal)


def _shares(options: FloatArray, refusal: float, refusals: Refusals) -> Shares:
    return (options if refusals == "apart" else options * (1 - refusal), refusal)


def _human_shares(figures: HumanFigures | None, refusals: Refusals) -> Shares | None:
    return None if figures is None else (figures.compared(refusals), figures.refusal)


def _sample_distance(figures: HumanFigures | None, refusals: Refusals) -> float | None:
    """Return how far the group's figures are expected to be from the group itself; None without counts.

    That depends on the group's true shares. The figures' own understate it, most where nobody of a few people chose an
    option, so half a person is added to each (Jeffreys' prior; Krichevsky and Trofimov 1981). In
    `benchmarks/simulations/skill.py` that leaves the truth a skill of 1 from 20 people on.
    """
    if figures is None or figures.counts is None:
        return None
    shares, people = _sampled(figures, refusals)
    return _one_sample_distance(tuple(shares.tolist()), people) if people > 0 else None


@lru_cache(maxsize=20_000)
def _one_sample_distance(shares: tuple[float, ...], people: int) -> float:
    options = len(shares)
    return sample_distance([(share * people + 0.5) / (people + options / 2) for share in shares], people)


def _sampled(figures: HumanFigures, refusals: Refusals) -> tuple[FloatArray, int]:
    """Return the shares that a sample draws from, refusals last if they are an option, and how many people it has."""
    shares = figures.compared(refusals)
    if refusals == "apart":
        return shares, round(figures.n)
    return np.append(shares, figures.refusal), round(figures.n / (1 - figures.refusal))


@dataclass(frozen=True, slots=True)
class NoiseFloor:
    """The expected score of a second sample of the group, as large as the first, on one question.

    `total_variation` (0 to 1) and `alignment` are the expected ones of two independent samples; `alignment` is NaN
    where the options have no order.
    """

    total_variation: float
    alignment: float


def _floor(question: Question, figures: HumanFigures | None, refusals: Refusals, seed: int) -> NoiseFloor:
    """Return the noise floor of one question, NaN without counts."""
    if figures is None or figures.counts is None:
        return NoiseFloor(float("nan"), float("nan"))
    shares, people = _sampled(figures, refusals)
    return noise_floor(
        tuple(shares.tolist()),
        people,
        question.ordinals,
        refusals_last=refusals == "as-option",
        seed=seed,
    )


@lru_cache(maxsize=20_000)
def noise_floor(
    proportions: tuple[float, ...],
    respondents: int,
    ordinals: tuple[float, ...],
    *,
    refusals_last: bool = False,
    seed: int = 0,
    draws: int = DRAWS,
) -> NoiseFloor:
    """Simulate pairs of independent samples of `respondents` people who answer with these `proportions`.

    With `refusals_last` the last proportion is that of the refusals. It counts in the total variation but not in the
    alignment, because refusals have no place on the scale. With 2,000 draws the standard error is about 2% of the
    value. The result depends on the arguments only, never on which questions were simulated before.
    """
    if respondents < 1:
        return NoiseFloor(float("nan"), float("nan"))
    rng = np.random.default_rng([seed, respondents, *(round(p * 1e9) for p in proportions)])
    samples = rng.multinomial(respondents, np.asarray(proportions), size=(2, draws)) / respondents
    first, second = samples[0], samples[1]
    distance = float(total_variation(first, second).mean())
    if refusals_last:
        first, second = first[:, :-1], second[:, :-1]
        answered = (first.sum(axis=1) > 0) & (second.sum(axis=1) > 0)
        first = first[answered] / first[answered].sum(axis=1, keepdims=True)
        second = second[answered] / second[answered].sum(axis=1, keepdims=True)
    aligned = alignment(first, second, scale_of(ordinals))
    return NoiseFloor(distance, float(aligned.mean()) if len(aligned) else float("nan"))
