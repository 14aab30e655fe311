"""The course of a conversation: how close the persona was to its group after each turn, and whether that moved.

Questions differ far more from each other than a persona's answers to one question do from turn to turn. So turns are
compared over the questions that all of them were asked, and the drift is the mean of the differences within questions,
with an interval that resamples questions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.answers import Answer, FloatArray
from eval.scoring.intervals import Bootstrap
from eval.scoring.metrics import alignment, scale_of
from eval.scoring.opinions import opinion
from eval.scoring.results import Score
from eval.surveys.figures import human_figures
from eval.surveys.model import Question
from personas import Group


@dataclass(frozen=True, slots=True)
class CoursePoint:
    """Alignment after one turn of the conversation; turn 0 is before anything was said."""

    turn: int
    alignment: Score


@dataclass(frozen=True, slots=True)
class Drift:
    """Alignment at `turn` minus alignment at `first_turn`, over the same `questions` questions, paired."""

    first_turn: int
    turn: int
    difference: Score
    questions: int


@dataclass(frozen=True, slots=True)
class Trajectory:
    """The points by turn, over questions that every one of these turns was asked, and the drift from first to last.

    There is no drift before there are two points.
    """

    points: tuple[CoursePoint, ...] = ()
    drift: Drift | None = None


@dataclass(frozen=True, slots=True)
class TurnValues:
    """What a round gave by question, in the survey's order: whether it was asked, and its alignment (NaN: none)."""

    turn: int
    asked: NDArray[np.bool_]
    alignments: FloatArray


def turn_values(
    turn: int, questions: Sequence[Question], groups: Sequence[Group], asked: Iterable[str], answers: Iterable[Answer]
) -> TurnValues:
    """Return the values of a round that asked the questions `asked` (by id) and got `answers`."""
    put, given = set(asked), {answer.question_id: answer for answer in answers}
    return TurnValues(
        turn,
        np.array([question.id in put for question in questions], dtype=np.bool_),
        np.array([_alignment(question, groups, given.get(question.id)) for question in questions]),
    )


def course(rounds: Sequence[TurnValues], anchors: NDArray[np.bool_], seed: int = 0) -> Trajectory:
    """Return the course of `rounds`, in any order; where a turn has several the last one counts.

    A round that was broken off before all `anchors` (a mask over the survey's questions) were asked is no point:
    the questions it has in common with others would be too few, and different from round to round.
    """
    by_turn = {values.turn: values for values in rounds if values.asked[anchors].all()}
    turns = sorted(by_turn)
    if not turns:
        return Trajectory()
    columns = np.stack([by_turn[turn].alignments for turn in turns], axis=1)
    common = columns[~np.isnan(columns).any(axis=1)]
    if not len(common):
        return Trajectory()
    bootstrap = Bootstrap(seed)
    points = tuple(map(CoursePoint, turns, bootstrap.means(common)))
    if len(turns) == 1:
        return Trajectory(points)
    (difference,) = bootstrap.means(common[:, -1:] - common[:, :1])
    return Trajectory(points, Drift(turns[0], turns[-1], difference, len(common)))


def _alignment(question: Question, groups: Sequence[Group], answer: Answer | None) -> float:
    figures = human_figures(question, groups)
    if answer is None or figures is None:
        return float("nan")
    said = opinion(answer, "apart").distribution
    if said is None:
        return float("nan")
    return float(alignment(said, figures.distribution, scale_of(question.ordinals)))
