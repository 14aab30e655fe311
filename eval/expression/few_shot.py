"""Steering `few_shot`: the group's answers to other questions come before each question.

The built-in model was trained on exactly these words, so change them only together with it. Which questions are shown
depends on stems and topics alone, never on what people answered, and the prompt of a question does not contain the
question's own figures.
"""

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from math import log, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eval.answers import FloatArray
from eval.errors import SurveyError
from eval.expression.rendering import QuestionLike
from eval.surveys.human_figures import human_figures
from eval.surveys.model import Question, Survey
from personas import Group, Persona
from personas.persona import FewShot

FEW_SHOT_INTRODUCTION = "This is how people like you answered some other questions."
FEW_SHOT_REQUEST = "Now answer this question as one of them."
_DECIMALS = 9
"""Similarities are rounded to this, so that equal ones are equal on every machine."""


@dataclass(frozen=True, slots=True)
class FewShotQuestion:
    """A question with the group's answers to other questions before it.

    `examples` ends where the question begins. They are part of `stem`, so that every expression method prints them.
    """

    question: Question
    examples: str

    @property
    def id(self) -> str:
        """The question's id."""
        return self.question.id

    @property
    def stem(self) -> str:
        """The text above the options: the examples and the question's stem."""
        return f"{self.examples}\n{self.question.stem}"

    @property
    def option_texts(self) -> tuple[str, ...]:
        """The texts of the question's options, in the survey's order."""
        return self.question.option_texts

    @property
    def refusals(self) -> tuple[str, ...]:
        """The question's refusal options."""
        return self.question.refusals


def as_asked(
    persona: Persona, survey: Survey, questions: Sequence[Question], shown: Container[str] | None = None
) -> tuple[QuestionLike, ...]:
    """Return some of the survey's questions as they are put to a model that is steered to `persona`.

    With `few_shot`, the group's answers to similar questions come before each question, the most similar last. With
    every other steering the questions are put as they are. `shown`: only questions with these ids are examples.

    Raises:
        SurveyError: for some question there are too few others with figures for the persona's groups.
    """
    shots = shots_of(persona)
    if shots is None:
        return tuple(questions)
    others = similar_questions(survey, persona.groups, questions, shots, shown)
    return tuple(
        FewShotQuestion(
            question, examples_text(_listing(other, persona.groups) for other in reversed(others[question.id]))
        )
        for question in questions
    )


def shots_of(persona: Persona) -> int | None:
    """Return how many other questions come before each question; None for another steering than `few_shot`."""
    if persona.steering != "few_shot":
        return None
    return (persona.few_shot or FewShot()).questions


def without_examples(question: QuestionLike) -> QuestionLike:
    """Return a question without the answers to others before it. A judge must not see the group's figures."""
    return question.question if isinstance(question, FewShotQuestion) else question


def examples_text(listings: Iterable[str]) -> str:
    """Return the text before a question, from the listings of other questions; the question follows on a new line."""
    return "\n\n".join((FEW_SHOT_INTRODUCTION, *listings, FEW_SHOT_REQUEST))


def _listing(question: Question, groups: Sequence[Group]) -> str:
    """Return a question with the percentages of the people of `groups`, who must have figures; refusals apart."""
    figures = human_figures(question, groups)
    assert figures is not None
    return with_percentages(question, figures.distribution.tolist())


def with_percentages(question: QuestionLike, shares: Sequence[float]) -> str:
    """Return the stem and, one per line, the options with their `shares` (0 to 1) as whole percentages."""
    lines = [f"{text}: {round(100 * share)}%" for text, share in zip(question.option_texts, shares, strict=True)]
    return "\n".join([question.stem, *lines])


def similar_questions(
    survey: Survey,
    groups: Sequence[Group],
    questions: Sequence[Question],
    shots: int,
    shown: Container[str] | None = None,
) -> dict[str, tuple[Question, ...]]:
    """Return for each of `questions`, by id, the `shots` most similar other questions, the most similar first.

    Only questions with figures for `groups` are taken, of those with the ids in `shown` if it is given; never the
    question itself nor one with the same words in its stem. Ties go to the first in the survey.

    Raises:
        SurveyError: for some question there are too few.
    """
    place_of = {question.id: place for place, question in enumerate(survey.questions)}
    asked = [place_of[question.id] for question in questions]
    others = _others(survey, groups, asked, shown)
    fewest = min(map(len, others), default=shots)
    if fewest < shots:
        raise _too_few(survey, groups, fewest)
    similarity = QuestionSimilarity(survey.questions)
    found = {}
    for place, candidates in zip(asked, others, strict=True):
        ranked = candidates[np.argsort(-similarity.to(place)[candidates], kind="stable")]
        found[survey.questions[place].id] = tuple(survey.questions[candidate] for candidate in ranked[:shots])
    return found


def _others(
    survey: Survey, groups: Sequence[Group], asked: Sequence[int], shown: Container[str] | None
) -> list[NDArray[np.intp]]:
    """Return, for each question asked, the places of the questions that may be shown before it."""
    known = np.array(
        [
            (shown is None or question.id in shown) and human_figures(question, groups) is not None
            for question in survey.questions
        ]
    )
    stems = [words(question.stem) for question in survey.questions]
    number = {stem: place for place, stem in enumerate(stems)}
    wording = np.array([number[stem] for stem in stems])
    return [np.flatnonzero(known & (wording != wording[place])) for place in asked]


def _too_few(survey: Survey, groups: Sequence[Group], others: int) -> SurveyError:
    who = " with ".join(str(group) for group in groups)
    fix = f"use --shots {others}" if others else "use another survey or steering"
    count = "1 other question" if others == 1 else f"{others} other questions"
    return SurveyError(f"for some question, the survey {survey.name} has figures of {who} on only {count}; {fix}")


class QuestionSimilarity:
    """How similar any two questions of a survey are, 0 to 1: the mean of the similarity of stems and of topics.

    Stems are compared by the cosine of their TF-IDF vectors. The weight of a word is its count in the stem times
    ln((1 + questions) / (1 + questions with the word)) + 1 (Salton and Buckley 1988, smoothed), over the words of all
    stems of the survey. Topics are compared by the share of common topics among all topics of the two (Jaccard).
    """

    def __init__(self, questions: Sequence[Question]) -> None:
        self._wording = _sparse([_normalised(weights) for weights in _term_weights(questions)])
        self._topics = _sparse([dict.fromkeys(question.topics, 1.0) for question in questions])
        self._topic_counts = self._topics.sum(axis=1)

    def to(self, place: int) -> FloatArray:
        """Return the similarity of every question to that at `place`, in the order of the questions."""
        wording = self._wording @ self._wording[[place]].toarray()[0]
        common = self._topics @ self._topics[[place]].toarray()[0]
        topics = common / (self._topic_counts + self._topic_counts[place] - common)
        return np.asarray(np.round((wording + topics) / 2, _DECIMALS), dtype=np.float64)


def words(stem: str) -> tuple[str, ...]:
    """Return the words of a stem in their order, without punctuation and with case folded."""
    return tuple(re.findall(r"\w+", stem.casefold()))


def _term_weights(questions: Sequence[Question]) -> Iterator[dict[str, float]]:
    """Yield for each question the TF-IDF weight of each word of its stem."""
    counts = [Counter(words(question.stem)) for question in questions]
    within = Counter(chain.from_iterable(counts))
    for count in counts:
        yield {word: times * (log((1 + len(counts)) / (1 + within[word])) + 1) for word, times in count.items()}


def _normalised(weights: dict[str, float]) -> dict[str, float]:
    """Return `weights` as a vector of length 1. A stem may have no words; then it is empty and stays so."""
    length = sqrt(sum(weight**2 for weight in weights.values()))
    return {word: weight / length for word, weight in weights.items()}


def _sparse(rows: Sequence[Mapping[str, float]]) -> Any:  # SciPy's sparse arrays have no types
    """Return one row per mapping and one column per key that occurs."""
    from scipy.sparse import csr_array

    column = {key: place for place, key in enumerate(sorted(set(chain.from_iterable(rows))))}
    cells = [(row, column[key], value) for row, values in enumerate(rows) for key, value in values.items()]
    which, where, values = zip(*cells, strict=True) if cells else ((), (), ())
    return csr_array((values, (which, where)), shape=(len(rows), max(1, len(column))), dtype=np.float64)
