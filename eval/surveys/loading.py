"""Surveys by name or by the path of a file; whatever is wrong is one line that names the question and the fix."""

import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from eval.errors import SurveyError
from eval.surveys.model import SCHEMA, Option, Population, Question, Responses, Survey
from eval.surveys.respondents import PEOPLE, Combinations
from personas.inputs.documents import known_document
from personas.inputs.files import FileKind, display_name, is_file, path_exists, read_text
from personas.inputs.json_text import parse_json
from personas.inputs.models import Place, explain, faults, place_in
from personas.inputs.suggestions import quoted, suggestion

__all__ = [
    "Glance",
    "LoadedSurvey",
    "Option",
    "Population",
    "Question",
    "Responses",
    "Survey",
    "glance_at",
    "load_survey",
    "survey_names",
    "survey_path",
]

_BUILT_IN = Path(__file__).parent
_SURVEY_FILE = FileKind("a survey file", 100_000_000, SurveyError)
_SURVEY = "a survey"
_FIXES = {"literal_error": f'write "{SCHEMA}", the format that this version reads'}


@dataclass(frozen=True, slots=True)
class LoadedSurvey:
    """A survey with the file it came from; `sha256` is of the file's bytes, in hexadecimal.

    `path` may lie in somebody's home: record only its `name`.
    """

    survey: Survey
    path: Path
    sha256: str


def survey_names(directories: Sequence[Path] = ()) -> tuple[str, ...]:
    """Return the names of the built-in surveys in alphabetical order, then those of the surveys in `directories`."""
    built_in = tuple(sorted(path.stem for path in _BUILT_IN.glob("*.json")))
    others = sorted({path.stem for directory in directories for path in directory.glob("[!.]*.json")})
    return built_in + tuple(name for name in others if name not in built_in)


def load_survey(name_or_path: str | Path, directories: Sequence[Path] = ()) -> LoadedSurvey:
    """Return the built-in survey with this name, one of `directories`, or else the one in the file at this path.

    A built-in name wins over others, and a name over a file called the same; write `./civic` for the file. A `Path` is
    always a file.

    Raises:
        SurveyError: there is none, or the file has a fault; the message names the question and the fix.
    """
    path = survey_path(name_or_path, directories)
    file = read_text(path, _SURVEY_FILE)
    try:
        survey = read_survey(file.text)
    except SurveyError as error:
        raise SurveyError(f"{display_name(path)}: {error}") from error
    _attach_people(survey, path.with_suffix(PEOPLE), file.sha256)
    return LoadedSurvey(survey, path, file.sha256)


@dataclass(frozen=True, slots=True)
class Glance:
    """What a list of surveys shows about one."""

    title: str
    questions: int


def glance_at(name: str, directories: Sequence[Path] = ()) -> Glance:
    """Return title and number of questions of a survey without checking all its figures, which takes seconds.

    Raises:
        SurveyError: as `load_survey`.
    """
    try:
        document = json.loads(read_text(survey_path(name, directories), _SURVEY_FILE).text)
        return Glance(str(document["title"]), len(document["questions"]))
    except (ValueError, LookupError, TypeError, RecursionError):
        survey = load_survey(name, directories).survey  # says what is wrong
        return Glance(survey.title, len(survey.questions))


def _attach_people(survey: Survey, file: Path, sha256: str) -> None:
    """Let figures of combined groups be computed from the respondents' answers, where there is a file of them."""
    if is_file(file):
        people = Combinations(file, sha256)
        for question in survey.questions:
            question.attach(people)


def survey_path(name_or_path: str | Path, directories: Sequence[Path] = ()) -> Path:
    """Return the file that `load_survey` reads; that of a path need not exist.

    Raises:
        SurveyError: it is not a path, and no survey has that name, or a pipe or a device has it.
    """
    if isinstance(name_or_path, Path):
        return name_or_path
    names, path = survey_names(directories), Path(name_or_path)
    looks_like_path = "/" in name_or_path or os.sep in name_or_path or path.suffix == ".json"
    if looks_like_path or (name_or_path not in names and path_exists(name_or_path)):
        return path
    if name_or_path not in names:
        likely = suggestion(name_or_path, names, "see: chat-personas surveys list.")
        raise SurveyError(f"there is no survey {quoted(name_or_path)}; {likely} Or name its file")
    found = (directory / f"{name_or_path}.json" for directory in (_BUILT_IN, *directories))
    if (file := next(filter(is_file, found), None)) is None:  # opening a pipe would wait for somebody to write to it
        raise SurveyError(f"{quoted(f'{name_or_path}.json')} among the surveys is not a regular file; remove it")
    return file


def read_survey(text: str) -> Survey:
    """Return the survey that a JSON text describes.

    Raises:
        SurveyError: it is not JSON, or not a valid survey; the message has the first fault, and how many follow.
    """
    document = parse_json(text, SurveyError, fix="compare it with docs/surveys.md", owner=_owner)
    kind = known_document(document)
    if kind not in (None, _SURVEY):
        raise SurveyError(f"this is {kind}, not {_SURVEY}; name a survey, or the file of one (see docs/surveys.md)")
    try:
        return Survey.model_validate_json(text)
    except ValidationError as error:
        first, *others = faults(error)
        more = f" ({len(others)} more fault{'s' if len(others) > 1 else ''} in the file)" if others else ""
        raise SurveyError(_explain(first, document) + more) from error


def _explain(error: ErrorDetails, document: Any) -> str:
    return explain(error, Survey, place=lambda place: _place(place, document), fixes=_FIXES)


def _place(place: Place, document: Any) -> str:
    """Return a place with the id of its question: `question "ID", options 2, ordinal`."""
    if len(place) > 1 and place[0] == "questions":
        return place_in(place[2:], Question, _question_name(int(place[1]), document))
    return place_in(place, Survey)


def _question_name(index: int, document: Any) -> str:
    question = document["questions"][index]
    name = question.get("id") if isinstance(question, Mapping) else None
    return f"question {quoted(name)}" if isinstance(name, str) else f"question number {index + 1}"


def _owner(found: Mapping[str, Any]) -> str:
    """Name the question that an object is, if it is one."""
    return f"question {quoted(found['id'])}: " if "stem" in found and isinstance(found.get("id"), str) else ""
