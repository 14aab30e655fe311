"""How alike survey questions are in wording and topic; what people answered is never looked at."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from math import log, sqrt
from typing import Any

import numpy as np

from eval.metrics import FloatArray
from eval.question import Question

_DECIMALS = 9
"""Likeness is rounded to so many, so that equals are equal on every machine."""


def words(stem: str) -> tuple[str, ...]:
    """Return the words of a stem in their order, case and punctuation apart."""
    return tuple(re.findall(r"\w+", stem.casefold()))


class Likeness:
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
