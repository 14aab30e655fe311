"""The figures of all groups of a survey as one array, computed once per survey so that live scoring is quick."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from eval.figures import groups_with_figures, human_figures
from eval.metrics import FloatArray, Scale, scale_of, stack_scales
from eval.survey import Survey
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
    scale: Scale

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
