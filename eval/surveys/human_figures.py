"""What people answered, as arrays: a survey's figures for everyone, for a group, or for a combination of groups.

Also which questions of a survey are put if not all of them are.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from eval.answers import FloatArray, Refusals
from eval.errors import SurveyError
from eval.surveys.loading import LoadedSurvey, load_survey, survey_names
from eval.surveys.model import Question, Responses, Survey, pair_key
from personas import ALL_GROUPS, OPEN_ATTRIBUTES, Group
from personas.catalogue import PAIR, is_own
from personas.inputs.suggestions import nearest, quoted

_LIKELY = 0.8
"""The least similarity of a group and the one it may be a slip of: UNON=Member and UNION=Member (0.96)."""

_ROUNDED = 1e-3
"""A smaller share of everyone is a rounding error of weighted counts."""


@dataclass(frozen=True, slots=True, eq=False)
class HumanFigures:
    """How some people answered one question. The arrays are read-only.

    `distribution` is over the options in the survey's order, refusals apart; it sums to 1. `counts` are the people
    behind it, one number per option. They are None where the source gives none; for weighted figures they are those of
    the effective sample. `n` is the number of people who chose an option (effective, if weighted), NaN where the source
    does not say. `refusal` is the share of refusals among all who were asked, 0 to 1.
    """

    distribution: FloatArray
    counts: FloatArray | None
    n: float
    refusal: float

    def compared(self, refusals: Refusals) -> FloatArray:
        """Return the distribution as it is compared: with refusals left out, or with their share taken off."""
        return self.distribution if refusals == "apart" else self.distribution * (1 - self.refusal)


def human_figures(question: Question, groups: Sequence[Group]) -> HumanFigures | None:
    """Return the answers of the people who belong to all of `groups`; everyone's answers for no group.

    Two groups of different attributes are looked up among the survey's pairs, in either order. Other combinations are
    computed where the survey has the answers person by person. None if there are no figures, or if all of these people
    refused.

    Raises:
        SurveyError: the file with the answers person by person is damaged, or belongs to another version of the survey.
    """
    responses = _responses(question, groups)
    return None if responses is None else _as_arrays(responses)


def _responses(question: Question, groups: Sequence[Group]) -> Responses | None:
    match groups:
        case ():
            return question.overall
        case (group,):
            return question.responses.get(group.attribute, {}).get(group.value)
        case (one, other) if found := _pair(question, one, other) or _pair(question, other, one):
            return found
    return question.combinations.responses(question, groups) if question.combinations else None


def _pair(question: Question, first: Group, second: Group) -> Responses | None:
    by_value = question.responses.get(pair_key(first.attribute, second.attribute), {})
    return by_value.get(pair_key(first.value, second.value))


@lru_cache(maxsize=50_000)
def _as_arrays(responses: Responses) -> HumanFigures | None:
    amounts = np.array(responses.options, dtype=np.float64)
    chosen = float(amounts.sum())
    if chosen == 0:
        return None
    distribution = amounts / chosen
    n = responses.n_effective
    if n is None:
        n = chosen if responses.counts is not None else float("nan")
    counts = distribution * n if responses.n_effective is not None else amounts
    for array in (distribution, counts):
        array.setflags(write=False)
    return HumanFigures(
        distribution=distribution,
        counts=None if responses.counts is None else counts,
        n=n,
        refusal=responses.refused / (chosen + responses.refused),
    )


@dataclass(frozen=True, slots=True, eq=False)
class EveryoneElse:
    """All who are not of a group: their answers, and the group's share of everyone, 0 to 1."""

    figures: HumanFigures
    share: float


def everyone_else(question: Question, groups: Sequence[Group]) -> EveryoneElse | None:
    """Return the answers of everyone but those who belong to all of `groups`: counts of everyone less the group's.

    Weighted counts are subtracted as they are, in the survey's weights. None without counts of both, where the group is
    everyone, and where it has more people than everyone, so that the two were not counted alike.

    Raises:
        SurveyError: as `human_figures`.
    """
    ours, everyone = _responses(question, groups), question.overall
    if not groups or ours is None or everyone is None or ours.counts is None or everyone.counts is None:
        return None
    return _rest(everyone, ours)


@lru_cache(maxsize=50_000)
def _rest(everyone: Responses, ours: Responses) -> EveryoneElse | None:
    left = tuple(a - b for a, b in zip(everyone.options, ours.options, strict=True))
    chosen = sum(everyone.options)
    if min(left) < -_ROUNDED * chosen or sum(left) <= _ROUNDED * chosen:
        return None
    counts = tuple(max(0.0, each) for each in left)
    figures = _as_arrays(Responses(counts=counts, refused=max(0.0, everyone.refused - ours.refused)))
    return None if figures is None else EveryoneElse(figures, sum(ours.options) / chosen)


def has_figures(survey: Survey, groups: Sequence[Group]) -> bool:
    """Return whether any question has figures for the people who belong to all of `groups`."""
    return any(human_figures(question, groups) is not None for question in survey.questions)


def groups_with_figures(survey: Survey) -> tuple[Group, ...]:
    """Return the groups for which at least one question has figures.

    They are in catalogue order, then countries by name, then groups of other attributes in the survey's order.
    """
    countries = {
        (attribute, value)
        for question in survey.questions
        for attribute in OPEN_ATTRIBUTES
        for value in question.responses.get(attribute, ())
    }
    own: dict[str, dict[str, None]] = {}
    for question in survey.questions:
        for attribute, by_value in question.responses.items():
            if is_own(attribute) and PAIR not in attribute:
                own.setdefault(attribute, {}).update(dict.fromkeys(by_value))
    others = [*sorted(countries), *((attribute, value) for attribute, values in own.items() for value in values)]
    candidates = (*ALL_GROUPS, *(Group(attribute=attribute, value=value) for attribute, value in others))
    return tuple(group for group in candidates if has_figures(survey, (group,)))


def attributes_with_figures(survey: Survey) -> tuple[str, ...]:
    """Return the keys of the attributes of which some group has figures, in the order of `groups_with_figures`."""
    return tuple(dict.fromkeys(group.attribute for group in groups_with_figures(survey)))


def surveys_with_figures(groups: Sequence[Group]) -> tuple[str, ...]:
    """Return the names of the built-in surveys that have figures for the people who belong to all of `groups`."""
    return tuple(name for name in survey_names() if has_figures(load_survey(name).survey, groups))


def require_figures(survey: LoadedSurvey, groups: Sequence[Group]) -> None:
    """Check that the survey has figures for the people who belong to all of `groups`.

    Raises:
        SurveyError: it has none; the message names the built-in surveys that have them.
    """
    if has_figures(survey.survey, groups):
        return
    who = " with ".join(str(group) for group in groups) or "everyone"
    others = surveys_with_figures(groups)
    if others:
        advice = f"use --survey with {' or '.join(others)}, or with one of your own that has them"
    elif likely := _likely(survey.survey, groups):
        advice = f"did you mean {quoted(likely)}?"
    else:
        advice = "use --survey with a file that has them, or talk with the persona (chat-personas chat NAME)"
    raise SurveyError(f"the survey {survey.survey.name} has no figures for {who}; {advice}")


def _likely(survey: Survey, groups: Sequence[Group]) -> str | None:
    """Return the group of the survey that the first unknown group of one's own is probably a slip of; None if none."""
    known = [str(group) for group in groups_with_figures(survey)]
    unknown = [str(group) for group in groups if is_own(group.attribute) and str(group) not in known]
    return nearest(unknown[0], known, alike=_LIKELY) if unknown else None


def choose(questions: Sequence[Question], limit: int | None, seed: int) -> tuple[Question, ...]:
    """Return at most `limit` of `questions`, spread over the topics, in the survey's order.

    Every question has the same chance, so that the mean of the chosen ones estimates the mean of all. Questions are
    sorted by topic, the first that each names, and shuffled within it by the seed. Then every N/n-th is taken from a
    random start (systematic sampling). The same seed always gives the same questions; a larger limit may give others.
    """
    if limit is None or limit >= len(questions):
        return tuple(questions)
    topics = {topic: place for place, topic in enumerate(dict.fromkeys(each.topics[0] for each in questions))}
    rng = random.Random(seed)
    by_topic = sorted(rng.sample(range(len(questions)), len(questions)), key=lambda q: topics[questions[q].topics[0]])
    chosen = {by_topic[place] for place in every_nth(len(questions), limit, rng.randrange(len(questions)))}
    return tuple(question for place, question in enumerate(questions) if place in chosen)


def every_nth(total: int, wanted: int, start: int) -> tuple[int, ...]:
    """Return `wanted` of `total` places, evenly spaced: those at (start + k * total) / wanted, rounded down.

    `start` is from 0 to total - 1. Over all starts every place is taken equally often, `wanted` times.
    """
    return tuple((start + k * total) // wanted for k in range(wanted))
