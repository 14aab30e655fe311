"""Which groups a model's opinions are nearest to, and which of them cannot be told apart."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from eval.group_table import GroupTable
from eval.intervals import Bootstrap, Interval
from eval.metrics import FloatArray, Scale, alignment
from personas import Group


@dataclass(frozen=True, slots=True)
class NearGroup:
    """A group and the model's alignment with it.

    `tied` says that it cannot be told from the best one: their paired difference includes 0, or there are too few
    questions for an interval. The best is tied with itself.
    """

    group: Group
    alignment: Interval
    tied: bool


@dataclass(frozen=True, slots=True)
class Nearest:
    """All groups that have figures, best first, equals in catalogue order, and over how many questions."""

    groups: tuple[NearGroup, ...]
    questions: int


def nearest(table: GroupTable, rows: Sequence[int], options: FloatArray, bootstrap: Bootstrap) -> Nearest:
    """Rank the groups of `table` by alignment with the model over the questions that all of them have in common.

    `rows` are the questions answered, as rows of the table; `options` (questions, width) the model's distributions.
    """
    asked = np.asarray(rows, dtype=np.intp)
    scale = Scale(table.scale.order[asked], table.scale.steps[asked])
    aligned = alignment(table.distributions[:, asked], options, scale)
    common = aligned[:, ~np.isnan(aligned).any(axis=0)].T
    if common.size == 0:
        return Nearest((), 0)
    best_first = np.argsort(-_comparable(common.mean(axis=0)), kind="stable")
    ranked = common[:, best_first]
    differences = ranked[:, :1] - ranked
    means = bootstrap.means(np.hstack([ranked, differences]))
    count = len(best_first)
    groups = tuple(
        NearGroup(table.groups[index], mean, difference.includes_zero)
        for index, mean, difference in zip(best_first, means[:count], means[count:], strict=True)
    )
    return Nearest(groups, len(common))


def opposite_of(table: GroupTable, group: Group) -> Group | None:
    """Return the value of the same attribute farthest from `group` in mean alignment over the survey's questions.

    Ties go to the first in catalogue order. None when `group`, or every other value, has no figures.
    """
    others = [row for row, other in enumerate(table.groups) if other.attribute == group.attribute and other != group]
    if group not in table.groups or not others:
        return None
    own = table.distributions[table.groups.index(group)]
    aligned = alignment(table.distributions[others], own, table.scale)
    counts = (~np.isnan(aligned)).sum(axis=1)
    means = np.where(counts > 0, np.nansum(aligned, axis=1) / np.maximum(counts, 1), np.inf)
    farthest = int(np.argmin(_comparable(means)))
    return table.groups[others[farthest]] if np.isfinite(means[farthest]) else None


def _comparable(means: FloatArray) -> FloatArray:
    """Return `means` without what is only the rounding of a sum, so that equals are told apart by catalogue order."""
    return np.round(means, 12)
