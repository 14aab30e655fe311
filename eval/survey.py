"""Surveys: getting one by its name or by the path of its file."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from eval.combinations import PEOPLE, Combinations
from eval.errors import SurveyError
from eval.question import Option, Question, Responses
from eval.survey_model import Population, Survey
from eval.survey_text import read_survey
from personas.inputs.files import Kind, display_name, is_file, leads_somewhere, read_whole
from personas.inputs.suggestions import shown, suggestion

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
]

_BUILT_IN = Path(__file__).parent / "surveys"
_SURVEY_FILE = Kind("a survey file", 100_000_000, "100 MB", "name a survey file", SurveyError)


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


def load_survey(name_or_path: str, directories: Sequence[Path] = ()) -> LoadedSurvey:
    """Return the built-in survey with this name, one of `directories`, or else the one in the file at this path.

    A built-in name wins over others, and a name over a file called the same; write `./civic` for the file.

    Raises:
        SurveyError: there is none, or the file has a fault; the message names the question and the fix.
    """
    path = _find(name_or_path, directories)
    content = read_whole(path, _SURVEY_FILE)
    try:
        survey = read_survey(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise SurveyError(f"{display_name(path)}: this is not UTF-8; save the file as UTF-8") from error
    except SurveyError as error:
        raise SurveyError(f"{display_name(path)}: {error}") from error
    sha256 = hashlib.sha256(content).hexdigest()
    _attach_people(survey, path.with_suffix(PEOPLE), sha256)
    return LoadedSurvey(survey, path, sha256)


@dataclass(frozen=True, slots=True)
class Glance:
    """What a list says about a survey."""

    title: str
    questions: int


def glance_at(name: str, directories: Sequence[Path] = ()) -> Glance:
    """Return title and number of questions of a survey without checking all its figures, which takes seconds.

    Raises:
        SurveyError: it is none; as `load_survey`.
    """
    try:
        document = json.loads(read_whole(_find(name, directories), _SURVEY_FILE))
        return Glance(str(document["title"]), len(document["questions"]))
    except (ValueError, LookupError, TypeError, RecursionError):
        survey = load_survey(name, directories).survey  # says what is wrong with it
        return Glance(survey.title, len(survey.questions))


def _attach_people(survey: Survey, file: Path, sha256: str) -> None:
    if is_file(file):
        people = Combinations(file, sha256)
        for question in survey.questions:
            question.attach(people)


def _find(name_or_path: str, directories: Sequence[Path]) -> Path:
    names, path = survey_names(directories), Path(name_or_path)
    looks_like_path = "/" in name_or_path or os.sep in name_or_path or path.suffix == ".json"
    if looks_like_path or (name_or_path not in names and leads_somewhere(name_or_path)):
        return path
    if name_or_path not in names:
        likely = suggestion(name_or_path, names, "see: chat-personas surveys list.")
        raise SurveyError(f"there is no survey {shown(name_or_path)}; {likely} Or name its file")
    found = (directory / f"{name_or_path}.json" for directory in (_BUILT_IN, *directories))
    return next(file for file in found if is_file(file))
