"""Does the persona do anything, and how much? The steering slope: 1 faithful, below 1 flattened, above 1 a caricature.

Steering should move the model's answers as the group differs from everyone. With y the change of the mean place from
the unsteered model to the persona and x that from everyone to the group, the slope of y on x through 0 says how much
of the group's difference the persona carries. The group's figures are a sample, so x has an error of its own, which
would pull the slope toward 0 (attenuation: Fuller 1987, "Measurement Error Models", section 1.2); its expected square
is taken out of the denominator. The unsteered model is where y starts, never the public: against the public a model
that no persona moves would still show slopes.
"""

from dataclasses import dataclass

import numpy as np

from eval.answers import FloatArray
from eval.scoring.intervals import Bootstrap
from eval.scoring.results import Score

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


def group_shift(group: Sampled, rest: Sampled) -> tuple[float, float]:
    """Return group minus everyone in mean place, and the expected square of its sampling error.

    Everyone is the group, a share w of them, and the rest: the difference is (1 - w)(group - rest), and its error
    (1 - w)^2 [s^2(group) / n(group) + s^2(rest) / n(rest)].
    """
    everyone = group.people + rest.people
    if everyone <= 0 or group.people <= 1 or rest.people <= 1:
        return np.nan, np.nan
    others = rest.people / everyone
    error = others**2 * (group.variance / group.people + rest.variance / rest.people)
    return others * (group.place - rest.place), error


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
