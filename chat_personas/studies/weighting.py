"""Raking: weights with which a sample has given shares of, for example, ages and sexes, and what that costs.

Iterative proportional fitting (Deming and Stephan 1940): weights are scaled so that one margin holds, then the next,
and again, until all hold. Of all weights that meet the margins it finds those closest to the ones it began with, in
relative entropy (Ireland and Kullback 1968).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.answers import FloatArray

TOLERANCE = 1e-8
"""Largest difference between a weighted share and its target at which the margins hold."""
ROUNDS = 1000
"""How often all margins are gone through before giving up."""
_SUM_TOLERANCE = 0.001
"""By how much the shares of a margin may miss 1: published figures are rounded."""

_AT_BOUND = 1e-4
"""How near a weight is to a bound at which it stands, as a share of the bound."""

Margins = Mapping[str, Mapping[str, float]]
"""The shares that the weighted sample is to have, from 0 to 1, by attribute and category."""


class RakingError(ValueError):
    """A sample that cannot be weighted to the margins. The message is one sentence that names the category."""


@dataclass(frozen=True, slots=True)
class Weights:
    """One weight per person, with mean 1, and how they were found.

    `difference` is the largest difference between a weighted share and its target: above the tolerance only where the
    weights were bounded. `bounded` counts the weights that stand at a bound.
    """

    weights: FloatArray
    difference: float
    rounds: int
    bounded: int

    @property
    def effective(self) -> float:
        """The effective sample size: how large a sample without weights would be as precise (Kish 1965)."""
        return effective_size(self.weights)


def effective_size(weights: FloatArray) -> float:
    """Return (sum w)² / sum w², from 1 where one person has all the weight to the number of people (Kish 1965)."""
    return float(weights.sum() ** 2 / (weights**2).sum())


def rake(
    people: Mapping[str, Sequence[str]],
    margins: Margins,
    start: FloatArray | None = None,
    bounds: tuple[float, float] | None = None,
    tolerance: float = TOLERANCE,
) -> Weights:
    """Return weights with which the people have the shares in `margins`.

    `people` are the categories by attribute, one per person and in the same order in each. `start` are the weights to
    begin with, all equal by default. `bounds` are the least and the greatest weight, where the mean is 1: weights are
    cut to them in every round, which may leave the margins unmet; see `Weights.difference`.

    Raises RakingError for a margin that does not sum to 1, a category without people, people without a category in the
    margins, bounds that exclude 1, and where no weights that meet all margins are found.
    """
    fitted = [_Margin.of(attribute, people, shares) for attribute, shares in margins.items()]
    if not fitted or len({len(each.codes) for each in fitted}) != 1:
        raise RakingError("Every attribute must have a category for each person, and there must be one attribute.")
    low, high = bounds or (0.0, len(fitted[0].codes) + 1.0)
    if not 0 <= low < 1 < high < np.inf:
        raise RakingError(f"The bounds must have the mean weight, 1, between them; {low:g} and {high:g} do not.")
    weights, difference = _start(start, len(fitted[0].codes)), np.inf
    for done in range(1, ROUNDS + 1):
        earlier = weights
        for margin in fitted:
            weights = margin.met(weights)
        weights = _bounded(weights, low, high) if bounds else weights / weights.mean()
        difference = max(margin.difference(weights) for margin in fitted)
        if difference <= tolerance or (bounds and np.abs(weights - earlier).max() <= tolerance):
            at_bound = np.isclose(weights, low, rtol=_AT_BOUND) | np.isclose(weights, high, rtol=_AT_BOUND)
            return Weights(weights, difference, done, int(at_bound.sum()) if bounds else 0)
    raise RakingError(
        f"No weights were found that meet all margins: after {ROUNDS} rounds a share is off by {difference:.3g}."
    )


@dataclass(frozen=True, slots=True)
class _Margin:
    """One attribute: the place of each person's category among the categories, and the shares to reach."""

    codes: NDArray[np.intp]
    target: FloatArray

    @classmethod
    def of(cls, attribute: str, people: Mapping[str, Sequence[str]], shares: Mapping[str, float]) -> "_Margin":
        """Check an attribute and number its categories."""
        target = np.array(list(shares.values()), dtype=np.float64)
        if not (np.isfinite(target).all() and (target >= 0).all() and abs(target.sum() - 1) <= _SUM_TOLERANCE):
            raise RakingError(
                f"The shares of {attribute} must be from 0 to 1 and sum to 1; they sum to {target.sum():g}."
            )
        if attribute not in people:
            raise RakingError(f"The people have no {attribute}, for which there is a margin.")
        places = {category: place for place, category in enumerate(shares)}
        if unknown := [category for category in people[attribute] if category not in places]:
            raise RakingError(f"The margin of {attribute} has no share for {unknown[0]}.")
        codes = np.array([places[category] for category in people[attribute]], dtype=np.intp)
        for category, count in zip(shares, np.bincount(codes, minlength=len(target)).tolist(), strict=True):
            if shares[category] > 0 and count == 0:
                raise RakingError(
                    f"Nobody is {attribute} {category}, which is to have a share of {shares[category]:g}."
                )
            if shares[category] == 0 and count > 0:
                raise RakingError(f"{attribute} {category} is to have a share of 0: leave out its people ({count}).")
        return cls(codes, target / target.sum())

    def shares(self, weights: FloatArray) -> FloatArray:
        """Return the weighted shares of the categories."""
        return np.asarray(np.bincount(self.codes, weights, len(self.target)) / weights.sum(), dtype=np.float64)

    def met(self, weights: FloatArray) -> FloatArray:
        """Return the weights scaled within each category so that this margin holds."""
        shares = self.shares(weights)
        scale = np.divide(self.target, shares, out=np.zeros_like(shares), where=shares > 0)
        return np.asarray(weights * scale[self.codes], dtype=np.float64)

    def difference(self, weights: FloatArray) -> float:
        """Return the largest difference between a weighted share and its target."""
        return float(np.abs(self.shares(weights) - self.target).max())


def _bounded(weights: FloatArray, low: float, high: float) -> FloatArray:
    """Return weights within the bounds and with mean 1: scaled by one number, found by bisection, and then cut."""
    least, most = low / weights.max(), high / weights.min()
    for _ in range(100):
        middle = (least + most) / 2
        least, most = (least, middle) if np.clip(weights * middle, low, high).mean() > 1 else (middle, most)
    return np.asarray(np.clip(weights * most, low, high), dtype=np.float64)


def _start(start: FloatArray | None, people: int) -> FloatArray:
    """Return the weights to begin with, mean 1."""
    if start is None:
        return np.ones(people)
    if start.shape != (people,) or not (np.isfinite(start).all() and (start > 0).all()):
        raise RakingError("The weights to begin with must be one number above 0 for each person.")
    return np.asarray(start / start.mean(), dtype=np.float64)
