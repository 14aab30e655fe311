"""How far one distribution over answer options is from another: the measures, as plain functions of arrays.

The last axis of every distribution is the options; axes before it broadcast, so one call compares a model with every
group on every question. NaN stands for "not defined" (options without order, a group without figures) and spreads;
the borders of the package turn it into null.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Scale:
    """The ordinal scale of one question, or of several stacked on axis 0, prepared for `alignment`.

    `order` sorts the options by ordinal value, shape (..., options). `steps` are the gaps between neighbouring
    options in that order as shares of the whole span, shape (..., options - 1): they sum to 1, or are NaN where the
    span is 0, which means that the options are not ordered.
    """

    order: NDArray[np.intp]
    steps: FloatArray


def scale_of(ordinals: Sequence[float], width: int | None = None) -> Scale:
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
        return Scale(order, np.full(max(width - 1, 0), np.nan))
    return Scale(order, np.append(gaps / span, np.zeros(width - len(values))))


def stack_scales(scales: Sequence[Scale]) -> Scale:
    """Stack the scales of questions that were padded to the same width."""
    return Scale(np.stack([scale.order for scale in scales]), np.stack([scale.steps for scale in scales]))


def alignment(p: FloatArray, q: FloatArray, scale: Scale) -> FloatArray:
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
