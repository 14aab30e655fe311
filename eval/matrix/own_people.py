"""A row of a matrix beside the people of its own group: worth in people, spread ratio and steering slope.

Each is a measure over the questions with figures for the group that the row answered. Their intervals resample
questions only: the sampling error of the group's figures is not in them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from eval.answers import FloatArray
from eval.matrix.asking import PromptAnswers
from eval.scoring.exaggeration import shifts, steering_slope
from eval.scoring.intervals import Bootstrap
from eval.scoring.metrics import entropy, total_variation
from eval.scoring.results import Score
from eval.scoring.worth import curve, worth_in_people
from eval.surveys.human_figures import HumanFigures, human_figures
from eval.surveys.model import Question
from personas import Group


@dataclass(frozen=True, slots=True)
class OwnPeople:
    """How a row stands beside its own group, over so many `questions`; None where a measure is not defined.

    `worth` is a number of people. `spread_ratio` is the mean entropy of the row's answers over that of the group's.
    `steering_slope` needs the answers of the unsteered model, and counts of the group and of everyone.
    """

    questions: int = 0
    worth: Score | None = None
    spread_ratio: Score | None = None
    steering_slope: Score | None = None


def own_people(
    groups: Sequence[Group],
    answers: PromptAnswers,
    unsteered: PromptAnswers | None,
    questions: Sequence[Question],
    bootstrap: Bootstrap,
) -> OwnPeople:
    """Compare `answers` with the people of the one group in `groups`; nothing is defined for none or for several.

    `unsteered` are the answers from which steering started, None where there are none.
    """
    if len(groups) != 1:
        return OwnPeople()
    pairs = list(_answered(groups, answers, questions))
    if not pairs:
        return OwnPeople()
    distances = np.array([float(total_variation(model, people.distribution)) for _, model, people in pairs])
    curves = np.stack([curve(people.distribution) for _, _, people in pairs])
    own = np.array([float(entropy(model)) for _, model, _ in pairs])
    of_group = np.array([float(entropy(people.distribution)) for _, _, people in pairs])
    return OwnPeople(
        questions=len(pairs),
        worth=worth_in_people(distances, curves, bootstrap),
        spread_ratio=bootstrap.ratio(own, of_group),
        steering_slope=None if unsteered is None else _slope(pairs, unsteered, groups, bootstrap),
    )


_Pair = tuple[Question, FloatArray, HumanFigures]


def _answered(groups: Sequence[Group], answers: PromptAnswers, questions: Sequence[Question]) -> Iterator[_Pair]:
    """Yield each question with the distribution of the row and the figures of the group."""
    for question in questions:
        opinion, people = answers.opinions.get(question.id), human_figures(question, groups)
        if opinion is not None and opinion.distribution is not None and people is not None:
            yield question, opinion.distribution, people


def _slope(
    pairs: Sequence[_Pair], unsteered: PromptAnswers, groups: Sequence[Group], bootstrap: Bootstrap
) -> Score | None:
    before = (unsteered.opinions.get(question.id) for question, _, _ in pairs)
    start = (None if opinion is None else opinion.distribution for opinion in before)
    rows = [(question, model, without) for (question, model, _), without in zip(pairs, start, strict=True)]
    return steering_slope(shifts(rows, groups), bootstrap)
