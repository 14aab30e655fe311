"""The people that a matrix compares with: everyone and groups, as one array over the same questions."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from eval.answers import FloatArray
from eval.errors import SurveyError
from eval.scoring.metrics import OrdinalScale, alignment, scale_of, stack, stack_scales
from eval.surveys.human_figures import groups_with_figures, human_figures
from eval.surveys.model import Question, Survey
from personas import Group
from personas.inputs.suggestions import quoted


@dataclass(frozen=True, slots=True)
class ComparisonGroups:
    """The answers of everyone and of `groups` to `questions`.

    `everyone` has shape (questions, width) and `distributions` (groups, questions, width); both are NaN where there are
    no figures.
    """

    questions: tuple[Question, ...]
    groups: tuple[Group, ...]
    everyone: FloatArray
    distributions: FloatArray
    scale: OrdinalScale

    @property
    def width(self) -> int:
        """The largest number of options of a question."""
        return int(self.everyone.shape[-1])

    @property
    def with_everyone(self) -> tuple[Group | None, ...]:
        """Everyone (None), if there are such figures, then the groups."""
        return self.groups if np.isnan(self.everyone).all() else (None, *self.groups)

    @property
    def all_distributions(self) -> FloatArray:
        """The distributions of `with_everyone`, shape (len(with_everyone), questions, width)."""
        if len(self.with_everyone) == len(self.groups):
            return self.distributions
        return np.concatenate([self.everyone[None], self.distributions])

    def of(self, questions: NDArray[np.bool_]) -> "ComparisonGroups":
        """Return the same people over some of the questions."""
        return ComparisonGroups(
            questions=tuple(question for question, chosen in zip(self.questions, questions, strict=True) if chosen),
            groups=self.groups,
            everyone=self.everyone[questions],
            distributions=self.distributions[:, questions],
            scale=OrdinalScale(self.scale.order[questions], self.scale.steps[questions]),
        )

    def people(self, groups: Sequence[Group]) -> FloatArray:
        """Return the answers of the people who belong to all of `groups`, shape (questions, width)."""
        return people(self.questions, groups, self.width)

    def aligned(self, options: FloatArray, others: FloatArray) -> FloatArray:
        """Return the alignment of distributions (..., questions, width), NaN where one is missing or has no order."""
        return alignment(options, others, self.scale)


def groups_of(survey: Survey, attribute: str | None) -> tuple[Group, ...]:
    """Return the groups with figures, all or those of one attribute, in catalogue order.

    Raises:
        SurveyError: there are fewer than two, so that there is nothing to compare.
    """
    found = groups_with_figures(survey)
    groups = tuple(group for group in found if attribute in (None, group.attribute))
    if len(groups) < 2:
        known = ", ".join(dict.fromkeys(group.attribute for group in found)) or "no attribute"
        wanted = f"two groups of {attribute}" if attribute else "two groups"
        raise SurveyError(f"the survey {quoted(survey.name)} has no figures for {wanted}; it has them for {known}")
    return groups


def comparison_groups(questions: Sequence[Question], groups: Sequence[Group]) -> ComparisonGroups:
    """Return everyone and `groups` over `questions`."""
    width = max(len(question.options) for question in questions)
    return ComparisonGroups(
        questions=tuple(questions),
        groups=tuple(groups),
        everyone=people(questions, (), width),
        distributions=np.stack([people(questions, (group,), width) for group in groups]),
        scale=stack_scales([scale_of(question.ordinals, width) for question in questions]),
    )


def people(questions: Sequence[Question], groups: Sequence[Group], width: int) -> FloatArray:
    """Return the answers of the people who belong to all of `groups`, refusals apart, shape (questions, width)."""
    figures = [human_figures(question, groups) for question in questions]
    shares = [None if figure is None else (figure.distribution, figure.refusal) for figure in figures]
    return stack(shares, width, "apart").options
