"""How close people are to each other: the figures that tell what a model's alignment with a group is worth.

Santurkar et al. (2023) set beside a model the alignment of demographic groups with each other: no model need be
closer to a group than the closest other group, and one below the farthest is worse than anybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eval.answers import FloatArray
from eval.scoring.intervals import Bootstrap, Interval
from eval.scoring.metrics import Scale, alignment
from personas import Group


@dataclass(frozen=True, slots=True)
class HumanReference:
    """A group's alignment with the people in question."""

    group: Group
    alignment: Interval


@dataclass(frozen=True, slots=True)
class HumanReferences:
    """The group that is closest to some people, the mean over all groups, and the group that is farthest from them."""

    best: HumanReference
    mean: Interval
    worst: HumanReference


def human_references(
    people: FloatArray, groups: Sequence[Group], distributions: FloatArray, scale: Scale, bootstrap: Bootstrap
) -> HumanReferences | None:
    """Return how close `groups` are to `people`, over the questions for which all of them have figures.

    `people` are distributions (questions, options), `distributions` those of the groups (groups, questions, options).
    Equals are taken in the order of `groups`. None without groups or without a common question.
    """
    aligned = alignment(distributions, people, scale)
    common = aligned[:, ~np.isnan(aligned).any(axis=0)].T
    if common.size == 0:
        return None
    means = np.round(common.mean(axis=0), 12)
    best, worst = int(np.argmax(means)), int(np.argmin(means))
    over_groups = common.mean(axis=1, keepdims=True)
    first, mean, last = bootstrap.means(np.hstack([common[:, [best]], over_groups, common[:, [worst]]]))
    return HumanReferences(HumanReference(groups[best], first), mean, HumanReference(groups[worst], last))
