"""The people behind a survey, read when a combination of groups is first asked for that the survey file lacks."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from eval.errors import SurveyError
from eval.question import Question, Responses
from personas import Group
from personas.inputs.files import display_name

PEOPLE = ".respondents.npz"
"""The ending, in place of `.json`, of the file with the respondents' answers."""

if TYPE_CHECKING:
    from eval.respondents import Respondents


class Combinations:
    """Figures of any combination of groups, from the respondents' answers in the file at `path`.

    `survey_sha256` is the hash of the survey file that stands beside it.
    """

    def __init__(self, path: Path, survey_sha256: str) -> None:
        self._path = path
        self._survey_sha256 = survey_sha256

    @cached_property
    def _respondents(self) -> "Respondents":
        from eval.respondents import read_respondents

        found = read_respondents(self._path)
        if found.survey_sha256 != self._survey_sha256:
            again = "import the survey again with --replace"
            raise SurveyError(f"{display_name(self._path)} belongs to another version of the survey; {again}")
        return found

    def responses(self, question: Question, groups: Sequence[Group]) -> Responses | None:
        """Return what the people who belong to all of `groups` answered; None if nobody did. Raises SurveyError."""
        return self._respondents.responses(question.id, len(question.options), groups)

    def asked(self, question: Question, groups: Sequence[Group]) -> int:
        """Return how many people of all of `groups` were asked the question. Raises SurveyError."""
        return self._respondents.asked(question.id, groups)
