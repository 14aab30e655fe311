"""Measures of how far one distribution over answer options is from another, as functions of arrays.

The last axis of every distribution is the options and the axes before it broadcast, so that one call compares a model
with every group on every question. NaN means "not defined" (options without an order, a group without figures) and
propagates; reports write it as null.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.answers import FloatArray, Refusals


@dataclass(frozen=True, slots=True)
class OrdinalScale:
    """The ordinal scale of one question, or of several stacked on axis 0, prepared for `alignment`.

    `order` sorts the options by ordinal value, shape (..., options). `steps` are the gaps between neighbouring options
    in that order as shares of the span, shape (..., options - 1). They sum to 1, or are NaN where the span is 0, which
    means that the options have no order.
    """

    order: NDArray[np.intp]
    steps: FloatArray


def scale_of(ordinals: Sequence[float], width: int | None = None) -> OrdinalScale:
    """Return the scale of one question, padded to `width` options so that questions can be stacked.

    The ordinal values are used as they are. They need not be 1 to N, nor ascending: an option "about the same" may have
    the value 2.5 and be listed last.
    """
    values = np.asarray(ordinals, dtype=np.float64)
    width = len(values) if width is None else width
    order = np.arange(width)
    order[: len(values)] = np.argsort(values, kind="stable")
    gaps = np.diff(np.sort(values))
    span = gaps.sum()
    if not span > 0:
        return OrdinalScale(order, np.full(max(width - 1, 0), np.nan))
    return OrdinalScale(order, np.append(gaps / span, np.zeros(width - len(values))))


def stack_scales(scales: Sequence[OrdinalScale]) -> OrdinalScale:
    """Return the scales of several questions, padded to the same width, as one."""
    return OrdinalScale(np.stack([scale.order for scale in scales]), np.stack([scale.steps for scale in scales]))


def alignment(p: FloatArray, q: FloatArray, scale: OrdinalScale) -> FloatArray:
    """Return 1 - WD/span: 0 if all mass is at opposite ends, 1 if equal, NaN where the options have no order.

    WD is the 1-Wasserstein distance between `p` and `q`, each summing to 1, on the ordinal values. In one dimension it
    is the area between the cumulative distributions. Santurkar et al. (2023) divide by N - 1, which equals the span
    only when the options are numbered 1 to N.
    """
    difference = np.asarray(p - q)
    sorted_difference = np.take_along_axis(difference, np.broadcast_to(scale.order, difference.shape), axis=-1)
    between = np.abs(np.cumsum(sorted_difference, axis=-1)[..., :-1])
    distance = np.sum(between * scale.steps, axis=-1)
    unordered = np.isnan(scale.steps).any(axis=-1) | (scale.steps.shape[-1] == 0)
    return np.asarray(np.where(unordered, np.nan, 1.0 - distance), dtype=np.float64)


def total_variation(p: FloatArray, q: FloatArray) -> FloatArray:
    """Return half the sum of the absolute differences: 0 if equal, 1 if nothing is in common."""
    return np.asarray(0.5 * np.abs(p - q).sum(axis=-1), dtype=np.float64)


def entropy(p: FloatArray) -> FloatArray:
    """Return the Shannon entropy in nats: 0 if all mass is on one option, log N if it is spread evenly over N."""
    return np.asarray(-np.sum(p * np.log(np.where(p > 0, p, 1.0)), axis=-1), dtype=np.float64)


def normalised(masses: FloatArray) -> FloatArray:
    """Return `masses` divided by their sum over the options; NaN where that sum is 0."""
    total = masses.sum(axis=-1, keepdims=True)
    return np.asarray(masses / np.where(total > 0, total, np.nan), dtype=np.float64)


def column(values: Sequence[float | None]) -> FloatArray:
    """Return one value per question as an array, NaN for None."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


Shares = tuple[FloatArray, float]
"""The distribution that is compared over a question's options, and the share of refusals.

With refusals `apart` the distribution sums to 1; with `as-option` both together sum to 1, or nearly so where the masses
of a file of answers are scored as they are.
"""


@dataclass(frozen=True, slots=True)
class Distributions:
    """One distribution per question. Questions with fewer options are padded with zeros; missing ones are NaN.

    `options` (questions, width) sums to 1 over the options without refusals, which have no place on the scale:
    alignment is computed on it. `compared` (questions, width + 1) has the share of refusals last: total variation and
    entropy are computed on it. That share is 0 with refusals `apart`.
    """

    options: FloatArray
    compared: FloatArray

    def alignment(self, other: "Distributions", scale: OrdinalScale) -> FloatArray:
        """Return the alignment with `other`, one value per question."""
        return alignment(self.options, other.options, scale)

    def total_variation(self, other: "Distributions") -> FloatArray:
        """Return the total variation from `other`, one value per question."""
        return total_variation(self.compared, other.compared)


def stack(shares: Sequence[Shares | None], width: int, refusals: Refusals) -> Distributions:
    """Return the shares of several questions as one object, one row per question."""
    masses = np.full((len(shares), width), np.nan)
    refused = np.full(len(shares), np.nan)
    for row, share in enumerate(shares):
        if share is not None:
            distribution, refused[row] = share
            masses[row] = 0.0
            masses[row, : len(distribution)] = distribution
    if refusals == "apart":
        refused = np.where(np.isnan(refused), np.nan, 0.0)
    return Distributions(normalised(masses), np.column_stack([masses, refused]))


def uniform(option_counts: Iterable[int], width: int, refusals: Refusals) -> Distributions:
    """Return even shares of the options, and with refusals `as-option` of the refusals too."""
    rows: list[Shares] = []
    for count in option_counts:
        everything = count if refusals == "apart" else count + 1
        rows.append((np.full(count, 1.0 / everything), 1.0 / everything))
    return stack(rows, width, refusals)
