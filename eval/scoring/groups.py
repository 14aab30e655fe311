"""Which groups a model's opinions are nearest to, and which of them cannot be told apart.

The figures of all groups of a survey as one array, computed once per survey so that live scoring is quick.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from eval.answers import FloatArray
from eval.scoring.intervals import Bootstrap
from eval.scoring.metrics import OrdinalScale, alignment, scale_of, stack_scales
from eval.scoring.results import NearGroup
from eval.surveys.figures import groups_with_figures, human_figures
from eval.surveys.loading import Survey
from personas import Group


@dataclass(frozen=True, slots=True)
class GroupTable:
    """What every group answered to every question of a survey.

    `distributions` has shape (groups, questions, width): groups in catalogue order, questions in the survey's,
    refusals apart, padded with zeros to the most options that a question has, NaN where a group has no figures.
    """

    groups: tuple[Group, ...]
    rows: dict[str, int]
    distributions: FloatArray
    scale: OrdinalScale

    @property
    def width(self) -> int:
        """The most options that a question of the survey has."""
        return int(self.distributions.shape[-1])


class _SameObject:
    """A survey as a cache key, equal only to itself: hashing all its figures would cost more than it saves."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey

    def __hash__(self) -> int:
        return id(self.survey)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _SameObject) and other.survey is self.survey


def group_table(survey: Survey) -> GroupTable:
    """Return the table of `survey`, built at the first call and kept for the few surveys last used."""
    return _table(_SameObject(survey))


@lru_cache(maxsize=4)
def _table(key: _SameObject) -> GroupTable:
    survey = key.survey
    groups = groups_with_figures(survey)
    width = max(len(question.options) for question in survey.questions)
    distributions = np.full((len(groups), len(survey.questions), width), np.nan)
    for column, question in enumerate(survey.questions):
        for row, group in enumerate(groups):
            figures = human_figures(question, (group,))
            if figures is not None:
                distributions[row, column] = 0.0
                distributions[row, column, : len(question.options)] = figures.distribution
    return GroupTable(
        groups=groups,
        rows={question.id: row for row, question in enumerate(survey.questions)},
        distributions=distributions,
        scale=stack_scales([scale_of(question.ordinals, width) for question in survey.questions]),
    )


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
    scale = OrdinalScale(table.scale.order[asked], table.scale.steps[asked])
    aligned = alignment(table.distributions[:, asked], options, scale)
    common = aligned[:, ~np.isnan(aligned).any(axis=0)].T
    if common.size == 0:
        return Nearest((), 0)
    best_first = np.argsort(-_comparable(common.mean(axis=0)), kind="stable")
    ranked = common[:, best_first]
    differences = ranked[:, :1] - ranked
    means = bootstrap.means(np.hstack([ranked, differences]))
    count = len(best_first)
    ranking = [table.groups[index] for index in best_first]
    groups = tuple(
        NearGroup(attribute=group.attribute, value=group.value, alignment=mean, tied=difference.includes_zero)
        for group, mean, difference in zip(ranking, means[:count], means[count:], strict=True)
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
