"""The steering `few_shot`: what the group answered to other questions, put before each question.

The words are those that the built-in model was trained on: change them together with it. Which questions are shown
depends on stems and topics alone. Figures of the question that is asked are in no way part of its prompt.

How alike survey questions are in wording and topic; what people answered is never looked at.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import log, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.answers import FloatArray
from eval.errors import SurveyError
from eval.expression.rendering import QuestionLike
from eval.surveys.figures import human_figures
from eval.surveys.model import Question, Survey
from personas import Group, Persona
from personas.persona import FewShot

_DECIMALS = 9
"""Likeness is rounded to so many, so that equals are equal on every machine."""


def words(stem: str) -> tuple[str, ...]:
    """Return the words of a stem in their order, case and punctuation apart."""
    return tuple(re.findall(r"\w+", stem.casefold()))


class QuestionSimilarity:
    """How alike any two questions of a survey are, 0 to 1: as much by the wording of their stems as by their topics.

    It is the mean of two figures. Wording is the cosine between TF-IDF vectors: a word's count in the stem times
    ln((1 + questions) / (1 + questions with the word)) + 1 (Salton and Buckley 1988, smoothed), over the words of all
    stems of the survey. Topics is the share of common topics among all topics of the two questions (Jaccard).
    """

    def __init__(self, questions: Sequence[Question]) -> None:
        self._wording = _sparse([_of_length_one(weights) for weights in _term_weights(questions)])
        self._topics = _sparse([dict.fromkeys(question.topics, 1.0) for question in questions])
        self._topics_each = self._topics.sum(axis=1)

    def to(self, place: int) -> FloatArray:
        """Return how alike every question is to that at `place`, one value per question, in their order."""
        wording = self._wording @ self._wording[[place]].toarray()[0]
        common = self._topics @ self._topics[[place]].toarray()[0]
        topics = common / (self._topics_each + self._topics_each[place] - common)
        return np.asarray(np.round((wording + topics) / 2, _DECIMALS), dtype=np.float64)


def _term_weights(questions: Sequence[Question]) -> Iterator[dict[str, float]]:
    """Yield for each question the TF-IDF weight of each word of its stem."""
    counts = [Counter(words(question.stem)) for question in questions]
    within = Counter(chain.from_iterable(counts))
    for count in counts:
        yield {word: times * (log((1 + len(counts)) / (1 + within[word])) + 1) for word, times in count.items()}


def _of_length_one(weights: dict[str, float]) -> dict[str, float]:
    """Return `weights` as a vector of length 1; as it is when it is empty: a stem may have no words."""
    length = sqrt(sum(weight**2 for weight in weights.values()))
    return {word: weight / length for word, weight in weights.items()}


def _sparse(rows: Sequence[Mapping[str, float]]) -> Any:  # SciPy's sparse arrays have no types
    """Return one row per mapping, one column per key that occurs."""
    from scipy.sparse import csr_array

    column = {key: place for place, key in enumerate(sorted(set(chain.from_iterable(rows))))}
    cells = [(row, column[key], value) for row, values in enumerate(rows) for key, value in values.items()]
    which, where, values = zip(*cells, strict=True) if cells else ((), (), ())
    return csr_array((values, (which, where)), shape=(len(rows), max(1, len(column))), dtype=np.float64)


FEW_SHOT_INTRODUCTION = "This is how people like you answered some other questions."
FEW_SHOT_REQUEST = "Now answer this question as one of them."


@dataclass(frozen=True, slots=True)
class FewShotQuestion:
    """A question as it is put after the group's answers to others.

    `before` ends where the question begins; `stem` is both, so that every expression method prints them alike.
    """

    question: Question
    before: str

    @property
    def id(self) -> str:
        """The question's id."""
        return self.question.id

    @property
    def stem(self) -> str:
        """What is printed above the options."""
        return f"{self.before}\n{self.question.stem}"

    @property
    def option_texts(self) -> tuple[str, ...]:
        """The texts of the question's options, in the survey's order."""
        return self.question.option_texts

    @property
    def refusals(self) -> tuple[str, ...]:
        """The question's refusal options."""
        return self.question.refusals


def bare(question: QuestionLike) -> QuestionLike:
    """Return a question without what was put before it: whoever judges an answer must not see the group's figures."""
    return question.question if isinstance(question, FewShotQuestion) else question


def shots_of(persona: Persona) -> int | None:
    """Return how many other questions are put before each question; None for another steering than `few_shot`."""
    if persona.steering != "few_shot":
        return None
    return (persona.few_shot or FewShot()).questions


def as_put(persona: Persona, survey: Survey, questions: Sequence[Question]) -> tuple[QuestionLike, ...]:
    """Return some of the survey's questions as they are put to a model that is steered to `persona`.

    With `few_shot` each comes after the group's answers to others (see `chosen`), the most alike last. With every
    other steering the questions are put as they are.

    Raises:
        SurveyError: for some question there are not so many others with figures for the persona's groups.
    """
    shots = shots_of(persona)
    if shots is None:
        return tuple(questions)
    others = chosen(survey, persona.groups, questions, shots)
    return tuple(
        FewShotQuestion(question, before(listing(other, persona.groups) for other in reversed(others[question.id])))
        for question in questions
    )


def chosen(
    survey: Survey, groups: Sequence[Group], questions: Sequence[Question], shots: int
) -> dict[str, tuple[Question, ...]]:
    """Return for each of `questions`, by id, the `shots` others of the survey that are most like it, the likest first.

    Only questions with figures for `groups` are taken, never the question itself nor one with the same words in its
    stem. Ties go to the first in the survey.

    Raises:
        SurveyError: for some question there are not so many.
    """
    place_of = {question.id: place for place, question in enumerate(survey.questions)}
    targets = [place_of[question.id] for question in questions]
    others = _others(survey, groups, targets)
    fewest = min(map(len, others), default=shots)
    if fewest < shots:
        raise _too_few(survey, groups, fewest)
    likeness = QuestionSimilarity(survey.questions)
    found = {}
    for target, places in zip(targets, others, strict=True):
        ranked = places[np.argsort(-likeness.to(target)[places], kind="stable")]
        found[survey.questions[target].id] = tuple(survey.questions[place] for place in ranked[:shots])
    return found


def _others(survey: Survey, groups: Sequence[Group], targets: Sequence[int]) -> list[NDArray[np.intp]]:
    """Return for each target the places of the questions that may be shown before it."""
    known = np.array([human_figures(question, groups) is not None for question in survey.questions])
    stems = [words(question.stem) for question in survey.questions]
    number = {stem: place for place, stem in enumerate(stems)}
    wording = np.array([number[stem] for stem in stems])
    return [np.flatnonzero(known & (wording != wording[target])) for target in targets]


def before(listings: Iterable[str]) -> str:
    """Return what stands before a question, from the listings of others; the question follows on a new line."""
    return "\n\n".join((FEW_SHOT_INTRODUCTION, *listings, FEW_SHOT_REQUEST))


def listing(question: Question, groups: Sequence[Group]) -> str:
    """Return a question with the percentages of the people of `groups`, who must have figures; refusals apart."""
    figures = human_figures(question, groups)
    assert figures is not None
    return with_percentages(question, figures.distribution.tolist())


def with_percentages(question: QuestionLike, shares: Sequence[float]) -> str:
    """Return the stem and, on a line each, the options with their `shares` (0 to 1) as whole percentages."""
    lines = [f"{text}: {round(100 * share)}%" for text, share in zip(question.option_texts, shares, strict=True)]
    return "\n".join([question.stem, *lines])


def _too_few(survey: Survey, groups: Sequence[Group], others: int) -> SurveyError:
    who = " with ".join(str(group) for group in groups)
    fix = f"use --shots {others}" if others else "use another survey or steering"
    return SurveyError(
        f"the survey {survey.name} has, for some question, figures of {who} on only {others} others; {fix}"
    )
