"""How far one distribution over answer options is from another: the measures, as plain functions of arrays.

The last axis of every distribution is the options; axes before it broadcast, so one call compares a model with every
group on every question. NaN stands for "not defined" (options without order, a group without figures) and spreads;
the borders of the package turn it into null.

Distributions over the options of many questions, stacked so that they are compared in one step.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.answers import FloatArray, Refusals


@dataclass(frozen=True, slots=True)
class OrdinalScale:
    """The ordinal scale of one question, or of several stacked on axis 0, prepared for `alignment`.

    `order` sorts the options by ordinal value, shape (..., options). `steps` are the gaps between neighbouring
    options in that order as shares of the whole span, shape (..., options - 1): they sum to 1, or are NaN where the
    span is 0, which means that the options are not ordered.
    """

    order: NDArray[np.intp]
    steps: FloatArray


def scale_of(ordinals: Sequence[float], width: int | None = None) -> OrdinalScale:
    """Return the scale of one question, padded to `width` options so that questions can be stacked.

    The ordinal values are used as they are: they need not be 1..N nor ascending (an option "about the same" may
    stand at 2.5, listed last).
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
    """Stack the scales of questions that were padded to the same width."""
    return OrdinalScale(np.stack([scale.order for scale in scales]), np.stack([scale.steps for scale in scales]))


def alignment(p: FloatArray, q: FloatArray, scale: OrdinalScale) -> FloatArray:
    """Return 1 - WD/span, between 0 (all mass at opposite ends) and 1 (equal); NaN where options have no order.

    WD is the 1-Wasserstein distance between `p` and `q`, each summing to 1, on the ordinal values; in one dimension
    it is the area between the cumulative distributions. Santurkar et al. (2023) divide by N - 1, which is the span
    only when the options are numbered 1..N.
    """
    difference = np.asarray(p - q)
    sorted_difference = np.take_along_axis(difference, np.broadcast_to(scale.order, difference.shape), axis=-1)
    between = np.abs(np.cumsum(sorted_difference, axis=-1)[..., :-1])
    distance = np.sum(between * scale.steps, axis=-1)
    unordered = np.isnan(scale.steps).any(axis=-1) | (scale.steps.shape[-1] == 0)
    return np.asarray(np.where(unordered, np.nan, 1.0 - distance), dtype=np.float64)


def total_variation(p: FloatArray, q: FloatArray) -> FloatArray:
    """Return half the sum of absolute differences, between 0 (equal) and 1 (nothing in common)."""
    return np.asarray(0.5 * np.abs(p - q).sum(axis=-1), dtype=np.float64)


def entropy(p: FloatArray) -> FloatArray:
    """Return the Shannon entropy in nats: 0 when all mass is on one option, log N when spread evenly over N."""
    return np.asarray(-np.sum(p * np.log(np.where(p > 0, p, 1.0)), axis=-1), dtype=np.float64)


def normalised(masses: FloatArray) -> FloatArray:
    """Return `masses` divided by their sum over the options; NaN where that sum is 0."""
    total = masses.sum(axis=-1, keepdims=True)
    return np.asarray(masses / np.where(total > 0, total, np.nan), dtype=np.float64)


def column(values: Sequence[float | None]) -> FloatArray:
    """Return one value per question as an array, NaN for None."""
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


Shares = tuple[FloatArray, float]
"""The distribution over a question's options as it is compared, and the share of refusals.

With refusals `apart` the first sums to 1; `as-option`, both together do, or nearly where masses are scored as they are.
"""


@dataclass(frozen=True, slots=True)
class Distributions:
    """One distribution per question; questions with fewer options are padded with zeros, missing ones are NaN.

    `options` (questions, width) sums to 1 over the options that are no refusals: what alignment is computed on, as a
    refusal has no place on the scale. `compared` (questions, width + 1) is what total variation and entropy
    are computed on: the same with refusals `apart`; `as-option`, the shares of everything, refusals last.
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
    """Stack the shares of one question per row."""
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
    """Return the prediction that spreads evenly over whatever is compared."""
    rows: list[Shares] = []
    for count in option_counts:
        everything = count if refusals == "apart" else count + 1
        rows.append((np.full(count, 1.0 / everything), 1.0 / everything))
    return stack(rows, width, refusals)
