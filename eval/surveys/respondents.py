"""Answers person by person, from which the figures of any combination of groups are computed.

They are the user's own copy of a source that publishes them, and stay in the user's data directory in a file beside the
survey's. The file holds NumPy arrays and is read without pickle, so that nothing in it is ever run. It is read when a
combination of groups is first asked for that the survey file lacks.
"""

import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from eval.errors import SurveyError
from eval.surveys.model import Question, Responses
from personas import CATALOGUE, Group
from personas.inputs.files import display_name

PEOPLE = ".respondents.npz"
"""The ending, instead of `.json`, of the file with the respondents' answers."""
NOT_ASKED = -1
"""The code of a person who was not asked a question, or whose value of an attribute is unknown."""

Codes = NDArray[np.int8]
ValueCodes = NDArray[np.signedinteger[Any]]
"""The places of values among those of their attribute; attributes of one's own may have more than an int8 holds."""
Weights = NDArray[np.float64]
Members = NDArray[np.bool_]
"""Who belongs to some groups: one truth value for each person of a wave."""


class Combinations:
    """Figures of any combination of groups, from the respondents' answers in the file at `path`.

    `survey_sha256` is the hash of the survey file that it belongs to.
    """

    def __init__(self, path: Path, survey_sha256: str) -> None:
        self._path = path
        self._survey_sha256 = survey_sha256

    @cached_property
    def _respondents(self) -> "Respondents":
        found = read_respondents(self._path)
        if found.survey_sha256 != self._survey_sha256:
            again = "import the survey again with --replace"
            raise SurveyError(f"{display_name(self._path)} belongs to another version of the survey; {again}")
        return found

    def responses(self, question: Question, groups: Sequence[Group]) -> Responses | None:
        """Return the answers of the people who belong to all of `groups`; None if nobody answered.

        Raises:
            SurveyError: the file is damaged, or belongs to another version of the survey.
        """
        return self._respondents.responses(question.id, len(question.options), groups)

    def asked(self, question: Question, groups: Sequence[Group]) -> int:
        """Return how many people who belong to all of `groups` were asked the question.

        Raises:
            SurveyError: the file is damaged, or belongs to another version of the survey.
        """
        return self._respondents.asked(question.id, groups)


@dataclass(frozen=True, slots=True, eq=False)
class Wave:
    """People who were asked the same questions.

    `answers` has shape (people, questions): the place of the option that somebody chose, the number of options for any
    refusal, -1 for no answer at all. `values` has shape (people, attributes): the place of somebody's value in the
    catalogue, -1 if unknown. `weights` has one value per person, and is None if all count the same. `own` has the
    values of each attribute that the catalogue does not have, in the order of their places.
    """

    questions: tuple[str, ...]
    answers: Codes
    attributes: tuple[str, ...]
    values: ValueCodes
    weights: Weights | None
    own: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def members(self, groups: Sequence[Group]) -> Members:
        """Return who belongs to all of `groups`; nobody if the wave lacks one of them."""
        chosen = np.ones(len(self.answers), dtype=np.bool_)
        for group in groups:
            values = self.values_of(group.attribute)
            if group.value not in values:
                return np.zeros_like(chosen)
            chosen &= self.values[:, self.attributes.index(group.attribute)] == values.index(group.value)
        return chosen

    def values_of(self, attribute: str) -> tuple[str, ...]:
        """Return the values of an attribute in the order of their places; none if the wave does not have it."""
        if attribute not in self.attributes:
            return ()
        return self.own[attribute] if attribute in self.own else CATALOGUE[attribute].values

    def responses(self, column: int, options: int, members: Members) -> Responses | None:
        """Return the answers of these people to the question in `column`; None if nobody answered.

        Weighted counts are sums of weights; `n_effective` is Kish's (sum w)^2 / sum w^2 over those who chose an option.
        """
        answers = self.answers[members, column]
        asked = answers != NOT_ASKED
        places = answers[asked].astype(np.intp)
        if self.weights is None:
            return _responses(np.bincount(places, minlength=options + 1).tolist(), None)
        weights = self.weights[members][asked]
        substantive = weights[places < options]
        squares = float((substantive**2).sum())
        effective = float(substantive.sum()) ** 2 / squares if squares else None
        amounts = np.bincount(places, weights=weights, minlength=options + 1).tolist()
        return _responses(amounts, effective) if effective else None


def _responses(amounts: Sequence[float], n_effective: float | None) -> Responses | None:
    """Return the amounts of the options and, last, of the refusals; None if all are 0."""
    if not any(amounts):
        return None
    *counts, refused = map(float, amounts)
    return Responses(counts=tuple(counts), refused=refused, n_effective=n_effective)


@dataclass(frozen=True, eq=False)
class Respondents:
    """All waves of a source; `survey_sha256` is the hash of the survey file that was computed from them."""

    waves: tuple[Wave, ...]
    survey_sha256: str = ""
    _known: dict[tuple[str, tuple[Group, ...]], Responses | None] = field(default_factory=dict, repr=False)

    @cached_property
    def _places(self) -> Mapping[str, tuple[Wave, int]]:
        return {key: (wave, column) for wave in self.waves for column, key in enumerate(wave.questions)}

    def responses(self, question: str, options: int, groups: Sequence[Group]) -> Responses | None:
        """Return the answers of the people who belong to all of `groups`; None if nobody answered."""
        key = (question, tuple(groups))
        if key not in self._known:
            wave, column = self._places.get(question, (None, 0))
            members = wave.members(groups) if wave else None
            self._known[key] = wave.responses(column, options, members) if wave and members is not None else None
        return self._known[key]

    def asked(self, question: str, groups: Sequence[Group]) -> int:
        """Return how many people who belong to all of `groups` answered the question or refused to."""
        wave, column = self._places.get(question, (None, 0))
        return int((wave.answers[wave.members(groups), column] != NOT_ASKED).sum()) if wave else 0

    def write(self, stream: BinaryIO, survey_sha256: str) -> None:
        """Write them as a compressed NumPy archive that belongs to the survey file with this hash."""
        arrays: dict[str, NDArray[np.generic]] = {"survey_sha256": np.array(survey_sha256)}
        for number, wave in enumerate(self.waves):
            arrays[f"{number}.questions"] = np.array(wave.questions)
            arrays[f"{number}.answers"] = wave.answers
            arrays[f"{number}.attributes"] = np.array(wave.attributes)
            arrays[f"{number}.values"] = wave.values
            if wave.weights is not None:
                arrays[f"{number}.weights"] = wave.weights
            if wave.own:
                arrays[f"{number}.own"] = np.array(json.dumps(dict(wave.own)))
        np.savez_compressed(stream, allow_pickle=False, **arrays)


def read_respondents(path: Path) -> Respondents:
    """Read a file that `Respondents.write` wrote.

    Raises:
        SurveyError: it cannot be read, or is another file.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            numbers = sorted({int(name.partition(".")[0]) for name in arrays.files if name[0].isdigit()})
            waves = tuple(
                Wave(
                    questions=tuple(arrays[f"{number}.questions"].tolist()),
                    answers=arrays[f"{number}.answers"],
                    attributes=tuple(arrays[f"{number}.attributes"].tolist()),
                    values=arrays[f"{number}.values"],
                    weights=arrays[f"{number}.weights"] if f"{number}.weights" in arrays.files else None,
                    own=_own(str(arrays[f"{number}.own"])) if f"{number}.own" in arrays.files else {},
                )
                for number in numbers
            )
            return Respondents(waves, str(arrays["survey_sha256"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise SurveyError(f"{display_name(path)} cannot be read; import the survey again with --replace") from error


def _own(text: str) -> dict[str, tuple[str, ...]]:
    return {attribute: tuple(values) for attribute, values in json.loads(text).items()}
