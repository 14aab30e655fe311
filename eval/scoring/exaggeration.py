"""Does the persona do anything, and how much? What it changes, and the steering slope.

What the persona changes is the total variation between its answers and those of the unsteered model. Both are
measurements: so it is read beside the total variation between two measurements of the same persona. The slope says
whether the change goes where the group goes: 1 faithful, below 1 flattened, above 1 a caricature.

Steering should move the model's answers as the group differs from everyone. With y the change of the mean place from
the unsteered model to the persona and x that from everyone to the group, the slope of y on x through 0 says how much
of the group's difference the persona carries. The group's figures are a sample, so x has an error of its own, which
would pull the slope toward 0 (attenuation: Fuller 1987, "Measurement Error Models", section 1.2); its expected square
is taken out of the denominator. The unsteered model is where y starts, never the public: against the public a model
that no persona moves would still show slopes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from eval.answers import Answer, FloatArray, Refusals
from eval.scoring.comparison import Comparison
from eval.scoring.differences import paired_difference
from eval.scoring.distributions import Opinion, compared, opinion
from eval.scoring.intervals import Bootstrap
from eval.scoring.metrics import column, total_variation
from eval.scoring.results import Effect, EffectFinding, Score
from eval.scoring.validity import verdict_of
from eval.surveys.human_figures import everyone_else, human_figures
from eval.surveys.model import Question
from personas import Group

MOST_CORRECTION = 0.5
"""Largest part of the squared differences that may be sampling error; beyond it nothing can be said."""


@dataclass(frozen=True, slots=True)
class Sampled:
    """How some people answered one question on the scale from 0 to 1: mean place, variance of places, and how many."""

    place: float
    variance: float
    people: float


def place(distribution: FloatArray, ordinals: FloatArray) -> float:
    """Return the mean place on the scale, 0 at the lowest option and 1 at the highest; NaN where nothing is ordered."""
    return float(distribution @ _places(ordinals))


def sampled(counts: FloatArray, ordinals: FloatArray) -> Sampled:
    """Return mean place, variance and number of the people behind `counts`, one per option."""
    people = float(counts.sum())
    if people <= 0:
        return Sampled(np.nan, np.nan, 0.0)
    shares, places = counts / people, _places(ordinals)
    mean = float(shares @ places)
    return Sampled(mean, float(shares @ (places - mean) ** 2) * people / (people - 1) if people > 1 else np.nan, people)


def _places(ordinals: FloatArray) -> FloatArray:
    span = ordinals.max() - ordinals.min()
    return np.full(len(ordinals), np.nan) if span == 0 else (ordinals - ordinals.min()) / span


@dataclass(frozen=True, slots=True)
class Shifts:
    """One value per question: how the persona moved, how the group differs, and the expected square of its error."""

    persona: FloatArray
    group: FloatArray
    error: FloatArray


def group_shift(group: Sampled, rest: Sampled, share: float | None = None) -> tuple[float, float]:
    """Return group minus everyone in mean place, and the expected square of its sampling error.

    Everyone is the group, a share w of them (`share`, by default that of its people), and the rest: the difference is
    (1 - w)(group - rest), and its error (1 - w)^2 [s^2(group) / n(group) + s^2(rest) / n(rest)].
    """
    if group.people <= 1 or rest.people <= 1:
        return np.nan, np.nan
    others = rest.people / (group.people + rest.people) if share is None else 1 - share
    error = others**2 * (group.variance / group.people + rest.variance / rest.people)
    return others * (group.place - rest.place), error


def shift_of(question: Question, groups: Sequence[Group]) -> tuple[float, float]:
    """Return how a group differs from everyone on a question, and the expected square of its sampling error.

    Of weighted figures the people are those of the effective samples. NaN without counts of both, or if nobody is left.
    """
    ours, everyone, rest = human_figures(question, groups), human_figures(question, ()), everyone_else(question, groups)
    if ours is None or everyone is None or rest is None or ours.counts is None or everyone.counts is None:
        return np.nan, np.nan
    ordinals = np.array(question.ordinals, dtype=np.float64)
    others = rest.figures.distribution * everyone.n * (1 - rest.share)
    return group_shift(sampled(ours.counts, ordinals), sampled(others, ordinals), rest.share)


def steering_slope(shifts: Shifts, bootstrap: Bootstrap) -> Score | None:
    """Return sum x·y / (sum x·x - sum error) over questions, with its interval over questions.

    Questions with a NaN are left out. None where the correction takes more than half of sum x·x: the group then
    differs from everyone by little more than chance.
    """
    defined = ~(np.isnan(shifts.persona) | np.isnan(shifts.group) | np.isnan(shifts.error))
    x, y, error = shifts.group[defined], shifts.persona[defined], shifts.error[defined]
    squares = float(x @ x)
    if not defined.any() or squares <= 0 or float(error.sum()) > MOST_CORRECTION * squares:
        return None
    return bootstrap.of_means(np.column_stack([x * y, x * x - error]), _ratio)


def _ratio(means: FloatArray) -> FloatArray:
    return np.asarray(means[:, 0] / means[:, 1], dtype=np.float64)


def unsteered_opinions(answers: Sequence[Answer], refusals: Refusals) -> dict[str, Opinion]:
    """Return the unsteered model's opinions by the id of the question."""
    return {answer.question_id: opinion(answer, refusals) for answer in answers}


def effect(
    comparison: Comparison, groups: Sequence[Group] | None, unsteered: Mapping[str, Opinion], bootstrap: Bootstrap
) -> Effect | None:
    """Return what the persona changes, over the questions that it and the unsteered model answered.

    The two option orders are two measurements of the persona. Their distance is compared with that from the unsteered
    model between different orders, too: for a persona that changes nothing both are equal, however much the letters
    count. The slope compares with the people of `groups`. None where nothing was answered by both.
    """
    rows = [
        (question, persona, unsteered[question.id])
        for question, persona in zip(comparison.questions, comparison.opinions, strict=True)
        if question.id in unsteered
    ]
    both = [row for row in rows if row[1].distribution is not None and row[2].distribution is not None]
    if not both:
        return None
    change = column([_changed(persona, without, comparison.refusals) for _, persona, without in both])
    across = column([across_orders(persona, without, comparison.refusals) for _, persona, without in both])
    repeat = column([across_orders(persona, persona, comparison.refusals) for _, persona, _ in both])
    distributions = [(question, persona.distribution, without.distribution) for question, persona, without in both]
    slope = steering_slope(shifts(distributions, groups), bootstrap) if groups else None
    return Effect(
        questions=len(both),
        change=bootstrap.mean(change),
        change_across_orders=bootstrap.mean(across),
        repeat=bootstrap.mean(repeat),
        change_minus_repeat=paired_difference(across, repeat, bootstrap),
        slope=slope,
        finding=_finding(slope),
        unsteered=verdict_of(
            {question.id: without for question, _, without in both},
            bootstrap,
            orders_asked=any(len(without.by_order) > 1 for _, _, without in both),
            judge_unreliable=False,
        ),
    )


def _changed(persona: Opinion, without: Opinion, refusals: Refusals) -> float | None:
    """Return the total variation between two opinions, both averaged over their orders."""
    return _apart(persona.distribution, persona.refusal, without.distribution, without.refusal, refusals)


def across_orders(one: Opinion, other: Opinion, refusals: Refusals) -> float | None:
    """Return the mean total variation between an order of one opinion and the other orders of another.

    None for opinions in a single order, and where they have refusals only.
    """
    both = zip(one.by_order, other.by_order, strict=False)
    places = permutations(range(sum(1 for _ in both)), 2)
    found = [
        _apart(first.distribution, first.refusal, second.distribution, second.refusal, refusals)
        for first, second in ((one.by_order[a], other.by_order[b]) for a, b in places)
    ]
    known = [distance for distance in found if distance is not None]
    return float(np.mean(known)) if known else None


def _apart(
    one: FloatArray | None, one_refusal: float, other: FloatArray | None, other_refusal: float, refusals: Refusals
) -> float | None:
    if one is None or other is None:
        return None
    return float(total_variation(compared(one, one_refusal, refusals), compared(other, other_refusal, refusals)))


def shifts(rows: Sequence[tuple[Question, FloatArray | None, FloatArray | None]], groups: Sequence[Group]) -> Shifts:
    """Return the shifts over questions with the persona's and the unsteered model's distributions; None: not known."""
    moved = [_place_of(persona, question) - _place_of(without, question) for question, persona, without in rows]
    group, error = zip(*(shift_of(question, groups) for question, _, _ in rows), strict=True)
    return Shifts(np.array(moved), np.array(group), np.array(error))


def _place_of(distribution: FloatArray | None, question: Question) -> float:
    """Return the mean place of the options, refusals left out."""
    if distribution is None or not distribution.sum() > 0:
        return np.nan
    return place(distribution / distribution.sum(), np.array(question.ordinals, dtype=np.float64))


def _finding(slope: Score | None) -> EffectFinding:
    """Say what the interval of a slope shows."""
    if slope is None:
        return "group_not_apart"
    if slope.low is None or slope.high is None:
        return "too_few_questions"
    if slope.high < 0:
        return "moves_away"
    if slope.low <= 0:
        return "not_steered"
    if slope.high < 1:
        return "flattened"
    return "caricature" if slope.low > 1 else "as_the_group"
