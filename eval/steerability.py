"""How close a model comes to a group when it is steered to it (steerability, Santurkar et al. 2023, section 4)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from eval.answers import FloatArray
from eval.scoring.intervals import Bootstrap, Interval


@dataclass(frozen=True, slots=True)
class Steered:
    """The alignment with the group under one steering, and what steering added: the paired difference from none."""

    alignment: Interval
    minus_unsteered: Interval


@dataclass(frozen=True, slots=True)
class Steerability:
    """One model and one group, over the same questions throughout.

    `unsteered` is its representativeness of the group. `oracle` takes, question by question, the steering that
    happens to come closest: the steerability of OpinionQA. It peeks at the answer, so it cannot fall below any
    steering and no choice of a prompt reaches it.
    """

    questions: int
    unsteered: Interval
    steerings: Mapping[str, Steered]
    oracle: Steered


def steerability(unsteered: FloatArray, steered: Mapping[str, FloatArray], bootstrap: Bootstrap) -> Steerability | None:
    """Return steerability from alignments with the group, one per question and NaN where not defined.

    Only questions that are defined without and under every steering count. None without any.
    """
    columns = np.column_stack([unsteered, *steered.values()])
    columns = columns[~np.isnan(columns).any(axis=1)]
    if columns.size == 0:
        return None
    columns = np.column_stack([columns, columns[:, 1:].max(axis=1)])
    base, *alignments = bootstrap.means(columns)
    gains = bootstrap.means(columns[:, 1:] - columns[:, :1])
    *prompts, oracle = (Steered(mean, gain) for mean, gain in zip(alignments, gains, strict=True))
    return Steerability(len(columns), base, dict(zip(steered, prompts, strict=True)), oracle)
