"""The course of a conversation: how close the persona was to its group after each turn, and whether that changed.

Alignment differs far more between questions than it does for one question between turns. So turns are compared over the
questions that all of them were asked. The drift is the mean of the differences within questions, and its interval
resamples questions. It is looked at after every turn, so its level is that of many looks.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from eval.answers import Answer, FloatArray
from eval.scoring.differences import paired_difference
from eval.scoring.distributions import opinion
from eval.scoring.intervals import Bootstrap
from eval.scoring.metrics import alignment, scale_of
from eval.scoring.results import PairedScore, Score, Verdict
from eval.scoring.validity import verdict_of
from eval.surveys.human_figures import human_figures
from eval.surveys.model import Question
from personas import Group

EARLIER = 4
"""The level of the n-th look at a drift is 1 - 0.05 / (n + EARLIER).

With 0.05 / n the chances of all looks would add up to far more: 0.05 (1 + 1/2 + 1/3 + ...). As if there had been four
looks before the first one, they add up to about 0.05 over 10 looks, and the last of 20 is hardly stricter than with
0.05 / n. `benchmarks/simulations/differences.py` counts it.
"""
LEAST_DRIFT = 0.02
"""A drift of the alignment below this is small beside its interval over a whole survey, even where it is detectable.

A model that always answers alike shows changes of a thousandth after nearly every turn.
"""


@dataclass(frozen=True, slots=True)
class CoursePoint:
    """Alignment after one turn of the conversation (0 to 1, 95% interval); turn 0 is before the first message."""

    turn: int
    alignment: Score


@dataclass(frozen=True, slots=True)
class Drift:
    """Alignment at `turn` minus alignment at `first_turn`, over the same `questions` questions, paired.

    The interval of `difference` holds with `level`, which allows for a look after every turn, and so does its test.
    `skipped` are the turns in between that were not asked these questions, or whose answers are not sound.
    """

    first_turn: int
    turn: int
    difference: PairedScore
    questions: int
    level: float
    skipped: tuple[int, ...] = ()

    @property
    def detectable(self) -> bool:
        """Whether interval and sign-flip test agree, at this level, that the alignment changed."""
        p = self.difference.p
        return not self.difference.includes_zero and p is not None and p < 1 - self.level


@dataclass(frozen=True, slots=True)
class Trajectory:
    """The points by turn, over the questions that every one of these turns was asked, and the drift from first to last.

    `drift` is None where there are fewer than two points. `left_out` are the turns whose answers are not sound: they
    have no point, and nothing is compared with them. `moves` are the drifts of the turns after which the alignment had
    moved from where it started (see `course`). `questions` is how many questions the points are over, and `everyone`
    what everyone's answers score over the same questions; None without a group.
    """

    points: tuple[CoursePoint, ...] = ()
    drift: Drift | None = None
    left_out: tuple[int, ...] = ()
    moves: tuple[Drift, ...] = ()
    questions: int = 0
    everyone: Score | None = None


@dataclass(frozen=True, slots=True)
class TurnValues:
    """For each question, in the survey's order: whether a round asked it, and its alignment (NaN where it has none).

    `sound` is False where the answers of the round follow the letters or do not answer. It is True where they are too
    few to tell: then what is shown beside the course, over the answers of several turns, decides.
    """

    turn: int
    asked: NDArray[np.bool_]
    alignments: FloatArray
    sound: bool = True


def turn_values(
    turn: int,
    questions: Sequence[Question],
    groups: Sequence[Group],
    asked: Iterable[str],
    answers: Iterable[Answer],
    seed: int = 0,
) -> TurnValues:
    """Return the values of a round that asked the questions `asked` (by id) and got `answers`."""
    put, given = set(asked), {answer.question_id: answer for answer in answers}
    judged = verdict_of_round(questions, given.values(), seed)
    return TurnValues(
        turn,
        np.array([question.id in put for question in questions], dtype=np.bool_),
        np.array([_alignment(question, groups, given.get(question.id)) for question in questions]),
        sound=judged.finding not in ("follows_letters", "does_not_answer"),
    )


def verdict_of_round(questions: Sequence[Question], answers: Iterable[Answer], seed: int = 0) -> Verdict:
    """Judge a round by its answers, in the survey's order of its `questions`.

    They come in the order in which they were asked. Resampled in that, the same answers would have another interval
    than beside the conversation, and at the limit another verdict.
    """
    given = {answer.question_id: answer for answer in answers}
    return verdict_of(
        {question.id: opinion(given[question.id], "apart") for question in questions if question.id in given},
        Bootstrap(seed),
        orders_asked=True,
        judge_unreliable=False,
    )


def everyone_values(questions: Sequence[Question], groups: Sequence[Group]) -> FloatArray:
    """Return for each question the alignment of everyone's answers with those of `groups`, NaN where it has none.

    All are NaN without a group: everyone is then what the persona is compared with.
    """
    found = [human_figures(question, ()) if groups else None for question in questions]
    return np.array(
        [
            float("nan") if figures is None else _aligned(question, groups, figures.distribution)
            for question, figures in zip(questions, found, strict=True)
        ]
    )


def course(
    rounds: Sequence[TurnValues], anchors: NDArray[np.bool_], seed: int = 0, everyone: FloatArray | None = None
) -> Trajectory:
    """Return the course of `rounds`, which may have any order; where a turn has several the last one counts.

    `everyone` are the alignments of everyone's answers (`everyone_values`), to stand beside those of the rounds.

    A round that was broken off before all `anchors` (a mask over the survey's questions) were asked gives no point:
    it would have too few questions in common with others, and different ones from round to round. Nor does a round
    whose answers are not sound.

    A turn is one of the `moves` if its drift, as it was when that turn was the newest, is detectable and at least
    `LEAST_DRIFT`, unless the move before it went to the same side. These are the looks that were taken anyway, so the
    moves of a conversation without drift are as rare as its drifts.
    """
    by_turn = {values.turn: values for values in rounds if values.asked[anchors].all()}
    turns = [turn for turn in sorted(by_turn) if by_turn[turn].sound]
    left_out = tuple(turn for turn in sorted(by_turn) if not by_turn[turn].sound)
    if not turns:
        return Trajectory(left_out=left_out)
    columns = np.stack([by_turn[turn].alignments for turn in turns], axis=1)
    shared = ~np.isnan(columns).any(axis=1)
    common, moves = columns[shared], _moves(turns, columns, seed)
    if not len(common):
        return Trajectory(left_out=left_out, moves=moves)
    bootstrap = Bootstrap(seed)
    points = tuple(map(CoursePoint, turns, bootstrap.means(common)))
    drift = _drift(turns, columns, seed) if len(turns) > 1 else None
    reference = None if everyone is None else bootstrap.mean(everyone[shared])
    return Trajectory(points, drift, left_out, moves, len(common), reference)


def _answered_always(columns: FloatArray) -> FloatArray:
    """Return the rows, of a column for each turn, that have a value in every one."""
    return columns[~np.isnan(columns).any(axis=1)]


def _drift(turns: Sequence[int], columns: FloatArray, seed: int) -> Drift | None:
    """Return the drift from the first of two or more turns to the last, over what all of them were asked."""
    common = _answered_always(columns)
    stricter = Bootstrap(seed).for_looks(len(turns) - 1 + EARLIER)
    difference = _paired(common[:, -1].tobytes(), common[:, 0].tobytes(), stricter)
    if difference is None:
        return None
    skipped = tuple(turn for turn in range(turns[0], turns[-1]) if turn not in turns)
    return Drift(turns[0], turns[-1], difference, len(common), stricter.level, skipped)


@lru_cache(maxsize=512)
def _paired(last: bytes, first: bytes, bootstrap: Bootstrap) -> PairedScore | None:
    """Return the paired difference of two columns; kept, because every later round of a conversation asks for it."""
    return paired_difference(np.frombuffer(last), np.frombuffer(first), bootstrap)


def _moves(turns: Sequence[int], columns: FloatArray, seed: int) -> tuple[Drift, ...]:
    """Return the drifts of the turns after which the alignment had moved, oldest first."""
    found: list[Drift] = []
    for count in range(2, len(turns) + 1):
        so_far = columns[:, :count]
        common = _answered_always(so_far)
        by = float((common[:, -1] - common[:, 0]).mean()) if len(common) else 0.0
        if abs(by) < LEAST_DRIFT or (found and (found[-1].difference.mean > 0) == (by > 0)):
            continue
        drift = _drift(turns[:count], so_far, seed)
        if drift is not None and drift.detectable:
            found.append(drift)
    return tuple(found)


def _alignment(question: Question, groups: Sequence[Group], answer: Answer | None) -> float:
    distribution = None if answer is None else opinion(answer, "apart").distribution
    return float("nan") if distribution is None else _aligned(question, groups, distribution)


def _aligned(question: Question, groups: Sequence[Group], distribution: FloatArray) -> float:
    figures = human_figures(question, groups)
    if figures is None:
        return float("nan")
    return float(alignment(distribution, figures.distribution, scale_of(question.ordinals)))
