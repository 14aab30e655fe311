"""Groups of a survey: the ones nearest to a model's opinions, and the one opposite to a group.

The figures of all groups are one array that is computed once per survey, so that scoring beside a conversation is fast.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from eval.answers import FloatArray
from eval.scoring.intervals import Bootstrap
from eval.scoring.metrics import OrdinalScale, alignment, scale_of, stack_scales
from eval.scoring.results import NearGroup
from eval.surveys.human_figures import groups_with_figures, human_figures
from eval.surveys.loading import Survey
from personas import Group


@dataclass(frozen=True, slots=True)
class Nearest:
    """All groups with figures, nearest first and ties in catalogue order, and the number of questions compared."""

    groups: tuple[NearGroup, ...]
    questions: int


@dataclass(frozen=True, slots=True)
class GroupTable:
    """The answers of every group to every question of a survey.

    `distributions` has shape (groups, questions, width), refusals apart: groups in catalogue order, questions in the
    survey's order. It is padded with zeros to the largest number of options, and NaN where a group has no figures.
    `rows` has the place of each question by its id.
    """

    groups: tuple[Group, ...]
    rows: dict[str, int]
    distributions: FloatArray
    scale: OrdinalScale

    @property
    def width(self) -> int:
        """The largest number of options of a question."""
        return int(self.distributions.shape[-1])


def nearest(table: GroupTable, rows: Sequence[int], options: FloatArray, bootstrap: Bootstrap) -> Nearest:
    """Rank the groups of `table` by alignment with the model, over the questions for which all groups have figures.

    `rows` are the places of the answered questions in the table; `options` (questions, width) are the model's
    distributions. A group is tied if it may be the nearest one in truth (`Bootstrap.tied_with_best`), which the first
    of the ranking always may.
    """
    asked = np.asarray(rows, dtype=np.intp)
    scale = OrdinalScale(table.scale.order[asked], table.scale.steps[asked])
    aligned = alignment(table.distributions[:, asked], options, scale)
    common = aligned[:, ~np.isnan(aligned).any(axis=0)].T
    if common.size == 0:
        return Nearest((), 0)
    best_first = np.argsort(-_without_rounding_errors(common.mean(axis=0)), kind="stable")
    ranked = common[:, best_first]
    ranking = [table.groups[place] for place in best_first]
    groups = tuple(
        NearGroup(attribute=group.attribute, value=group.value, alignment=mean, tied=tied)
        for group, mean, tied in zip(
            ranking, bootstrap.means(ranked), bootstrap.tied_with_best(ranked).tolist(), strict=True
        )
    )
    return Nearest(groups, len(common))


def opposite_of(table: GroupTable, group: Group) -> Group | None:
    """Return the value of the same attribute farthest from `group` in mean alignment over the survey's questions.

    Ties go to the first in catalogue order. None if `group`, or every other value, has no figures.
    """
    others = [row for row, other in enumerate(table.groups) if other.attribute == group.attribute and other != group]
    if group not in table.groups or not others:
        return None
    own = table.distributions[table.groups.index(group)]
    aligned = alignment(table.distributions[others], own, table.scale)
    counts = (~np.isnan(aligned)).sum(axis=1)
    means = np.where(counts > 0, np.nansum(aligned, axis=1) / np.maximum(counts, 1), np.inf)
    farthest = int(np.argmin(_without_rounding_errors(means)))
    return table.groups[others[farthest]] if np.isfinite(means[farthest]) else None


def _without_rounding_errors(means: FloatArray) -> FloatArray:
    """Return `means` rounded so that equal ones compare as equal, and the catalogue order decides between them."""
    return np.round(means, 12)


def group_table(survey: Survey) -> GroupTable:
    """Return the table of `survey`, which is built at the first call and kept for the surveys used last."""
    return _table(_ByIdentity(survey))


class _ByIdentity:
    """A survey as a cache key, equal only to itself: hashing all its figures would cost more than the cache saves."""

    def __init__(self, survey: Survey) -> None:
        self.survey = survey

    def __hash__(self) -> int:
        return id(self.survey)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByIdentity) and other.survey is self.survey


@lru_cache(maxsize=4)
def _table(key: _ByIdentity) -> GroupTable:
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
