"""The people behind the training text: how the members of any groups answer each trained question.

A group's figures come from the survey. Groups combined have their own figures where the survey has enough people of
that kind; otherwise the product of the single groups' figures over everyone's (as if the groups' pulls were
independent). Groups without figures answer as everyone. Held-out questions are dropped before anything is computed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from eval.answers import FloatArray
from eval.surveys.human_figures import HumanFigures, human_figures
from eval.surveys.model import Question, Survey
from personas import Group
from pocket.held_out import HELD_OUT

FEWEST_PEOPLE = 50
RARE, STANDS_OUT = 0.05, 1.15
_POLITICAL = frozenset({"POLPARTY", "POLIDEOLOGY"})
_WITHIN_POLITICAL_GROUP = 0.6


@dataclass(frozen=True, slots=True)
class TrainedQuestion:
    """A question as the generator sees it.

    `leans` places every option from -1 (the Democratic end of its scale) to 1 (the Republican end). `by_ordinal` lists
    the options' indices in the order of the scale, `direction` is 1 if the Republican end has the larger ordinals.
    `link` is the correlation of the answer's latent variable with a respondent's left-right score, 0 to 1.
    """

    question: Question
    leans: tuple[float, ...]
    by_ordinal: tuple[int, ...]
    direction: int
    link: float


@dataclass(frozen=True, slots=True)
class Answers:
    """How a crowd answers one question.

    `shares` are over the options in the survey's order and sum to 1, `cumulative` runs along the question's scale, and
    `refusal` is the share of refusals among all who are asked.
    """

    shares: tuple[float, ...]
    cumulative: tuple[float, ...]
    refusal: float


@dataclass(frozen=True, slots=True)
class Crowd:
    """All people of some groups: their answers by question id.

    `link_scale`, 0 to 1, weakens the left-right score within a party or an ideology, where it explains less.
    """

    groups: tuple[Group, ...]
    answers: dict[str, Answers]
    link_scale: float


class Panel:
    """The trained questions of a survey, and the crowd of any combination of groups."""

    def __init__(self, survey: Survey) -> None:
        trained = [question for question in survey.questions if question.id not in HELD_OUT]
        self.questions = {question.id: _trained(question) for question in trained}
        self._crowds: dict[tuple[Group, ...], Crowd] = {}
        self.democrats = self.crowd((Group(attribute="POLPARTY", value="Democrat"),))
        self.republicans = self.crowd((Group(attribute="POLPARTY", value="Republican"),))

    def crowd(self, groups: tuple[Group, ...]) -> Crowd:
        """Return the people who belong to all of `groups`; everyone for none."""
        if groups not in self._crowds:
            answers = {key: _answers(trained, groups) for key, trained in self.questions.items()}
            political = any(group.attribute in _POLITICAL for group in groups)
            self._crowds[groups] = Crowd(groups, answers, _WITHIN_POLITICAL_GROUP if political else 1.0)
        return self._crowds[groups]

    def telling_answer(self, crowd: Crowd, key: str) -> int | None:
        """Return the option (survey's index) that the crowd chooses most above everyone's share; None if none does."""
        everyone = self.crowd(()).answers[key].shares
        lifts = [
            share / max(common, RARE) if share >= RARE else 0.0
            for share, common in zip(crowd.answers[key].shares, everyone, strict=True)
        ]
        return lifts.index(max(lifts)) if max(lifts) >= STANDS_OUT else None


def _trained(question: Question) -> TrainedQuestion:
    democrats = _single(question, "Democrat")
    republicans = _single(question, "Republican")
    ordinals = np.array(question.ordinals)
    direction = 1 if float(ordinals @ (republicans - democrats)) >= 0 else -1
    lowest, highest = ordinals.min(), ordinals.max()
    leans = direction * (2 * (ordinals - lowest) / (highest - lowest) - 1)
    distance = 0.5 * float(np.abs(republicans - democrats).sum())
    link = min(0.75, 0.3 + 0.65 * distance)
    by_ordinal = tuple(int(index) for index in np.argsort(ordinals, kind="stable"))
    return TrainedQuestion(question, tuple(float(lean) for lean in leans), by_ordinal, direction, link)


def _single(question: Question, party: str) -> FloatArray:
    figures = human_figures(question, (Group(attribute="POLPARTY", value=party),))
    if figures is None:
        raise ValueError(f"question {question.id} has no figures for {party}s; the generator orients questions by them")
    return figures.distribution


def _answers(trained: TrainedQuestion, groups: Sequence[Group]) -> Answers:
    shares, refusal = _figures(trained.question, groups)
    cumulative = tuple(accumulate(float(shares[index]) for index in trained.by_ordinal))
    return Answers(tuple(float(share) for share in shares), cumulative, refusal)


def _figures(question: Question, groups: Sequence[Group]) -> tuple[FloatArray, float]:
    own = human_figures(question, groups)
    if own is not None and (len(groups) < 2 or own.n >= FEWEST_PEOPLE):
        return own.distribution, own.refusal
    overall = human_figures(question, ())
    if overall is None:
        raise ValueError(f"question {question.id} has no figures for everyone; the generator needs them")
    known = [figures for group in groups if (figures := human_figures(question, (group,))) is not None]
    return _product(overall, known) if known else (overall.distribution, overall.refusal)


def _product(overall: HumanFigures, known: Sequence[HumanFigures]) -> tuple[FloatArray, float]:
    base = np.maximum(overall.distribution, 1e-9)
    product = base.copy()
    refusal = overall.refusal
    for figures in known:
        product = product * figures.distribution / base
        refusal = max(refusal, figures.refusal)
    return product / product.sum(), refusal
