"""How well a direction separates texts that it was not trained on, and whether its pairs agree with each other."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import rankdata

Floats = NDArray[np.float64]
_A_LITTLE = 1e-9  # at 0 and at 1 the variance vanishes, and with it the side on which the end lies
_Z = 1.959963984540054  # the standard normal's quantile at 0.975


@dataclass(frozen=True, slots=True)
class Area:
    """The area under the ROC curve with its 95% interval, 0 to 1; 0.5 is chance."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Separation:
    """How a direction does in one layer.

    Attributes:
        layer: its number.
        area: the chance that a positive text of the held-out pairs lies farther along than a negative one.
        in_order: in how many held-out pairs the positive text lies farther along than its own partner.
        pairs: how many held-out pairs there are.
        agreement: the mean cosine between the differences of any two training pairs, -1 to 1. Where pairs point to
            different sides their mean is of little use to any of them (Braun et al. 2025, "Understanding
            (un)reliability of steering vectors").
        spread: the standard deviation of the held-out states around the mean of their own set, along the direction.
    """

    layer: int
    area: Area
    in_order: int
    pairs: int
    agreement: float
    spread: float


def area_under_curve(positive: Floats, negative: Floats) -> Area:
    """Return the area under the ROC curve of two sets of numbers, as the Mann-Whitney statistic, with its interval.

    The interval is Newcombe's (2006, Statistics in Medicine 25, 559, method 5): all θ with (θ - A)² ≤ z² V(θ), where
    V is the variance of Hanley and McNeil (1982) with the mean of both sizes in the place of either. It has a width
    also where the sets do not overlap. Every number counts as one draw.
    """
    m, n = len(positive), len(negative)
    ranks = rankdata(np.concatenate([positive, negative]))[:m]
    area = float((ranks.sum() - m * (m + 1) / 2) / (m * n))
    others = (m + n) / 2 - 1

    def beyond(theta: float) -> float:
        spread = 1 + others * ((1 - theta) / (2 - theta) + theta / (1 + theta))
        return float((theta - area) ** 2 - _Z**2 * theta * (1 - theta) * spread / (m * n))

    low = 0.0 if area == 0 else brentq(beyond, 0.0, area - _A_LITTLE * area)
    high = 1.0 if area == 1 else brentq(beyond, area + _A_LITTLE * (1 - area), 1.0)
    return Area(area, float(low), float(high))


def agreement(differences: Floats) -> Floats:
    """Return for each layer the mean cosine between the differences (pairs, layers, width) of two pairs."""
    count = len(differences)
    lengths = np.linalg.norm(differences, axis=2, keepdims=True)
    units = np.divide(differences, lengths, out=np.zeros_like(differences), where=lengths > 0)
    total: Floats = (np.linalg.norm(units.sum(0), axis=1) ** 2 - count) / (count * (count - 1))
    return total


def separations(vectors: Floats, positive: Floats, negative: Floats, half: int) -> tuple[Separation, ...]:
    """Return how vectors (layers, width) do in each layer but the first, which no file has a vector for.

    `positive` and `negative` are the states of pairs (pairs, layers, width), of which the first `half` were trained on
    and the others held out.
    """
    agreed = agreement(positive[:half] - negative[:half])
    found = []
    for layer in range(1, len(vectors)):
        above, below = (states[half:, layer] @ vectors[layer] for states in (positive, negative))
        found.append(
            Separation(
                layer=layer,
                area=area_under_curve(above, below),
                in_order=int((above > below).sum()),
                pairs=len(above),
                agreement=float(agreed[layer]),
                spread=float(np.sqrt(np.mean([above.var(ddof=1), below.var(ddof=1)]))),
            )
        )
    return tuple(found)
