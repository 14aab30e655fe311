"""Distributions over the options of many questions, stacked so that they are compared in one step."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from eval.answers import Refusals
from eval.metrics import FloatArray, Scale, alignment, normalised, total_variation

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

    def alignment(self, other: "Distributions", scale: Scale) -> FloatArray:
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
