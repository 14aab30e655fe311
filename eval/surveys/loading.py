"""Reading the text of a survey file: the survey, or one line that names the question, the fault and the fix.

Surveys: getting one by its name or by the path of its file.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from eval.errors import SurveyError
from eval.surveys.model import SCHEMA, Option, Population, Question, Responses, Survey
from eval.surveys.respondents import PEOPLE, Combinations
from personas.inputs.files import FileKind, display_name, is_file, path_exists, read_whole
from personas.inputs.suggestions import quoted, suggestion

_WANTED = {
    "string_type": "must be text in double quotes",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "float_type": "must be a number",
    "finite_number": "must be a finite number",
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be {ge:g} or more",
    "less_than_equal": "must be {le:g} or less",
    "too_short": "must hold at least {min_length}",
    "tuple_type": "must be a list in square brackets",
    "dict_type": "must be an object in braces",
    "model_type": "must be an object in braces",
    "string_pattern_mismatch": "must be letters, digits and dashes, not beginning with a dash",
    "json_invalid": "this is not JSON ({error}); write characters themselves, not halves of \\u escapes",
    "literal_error": f'must be "{SCHEMA}", the format that this version reads',
}


def read_survey(text: str) -> Survey:
    """Return the survey that a JSON text describes.

    Raises:
        SurveyError: it is no JSON, a key is there twice, or it is no survey; the first fault, and how many follow.
    """
    document = _parse(text)
    try:
        return Survey.model_validate_json(text)
    except ValidationError as error:
        first, *others = _faults(error)
        more = f" ({len(others)} more fault{'s' if len(others) > 1 else ''} in the file)" if others else ""
        raise SurveyError(explain(first, document) + more) from error


def _faults(error: ValidationError) -> list[ErrorDetails]:
    """Return the errors without those that a list is too short only because pydantic left its faulty items out."""
    errors = error.errors(include_url=False)
    inside = {e["loc"][:depth] for e in errors for depth in range(len(e["loc"]))}
    return [e for e in errors if e["type"] != "too_short" or e["loc"] not in inside]


def explain(error: ErrorDetails, document: Any) -> str:
    """Return one line for a validation error of `document`: where it is, what is wrong and what to do."""
    *parents, key = error["loc"] or ("",)
    if error["type"] == "missing":
        return f'{_place(parents, document)}lacks "{key}"; add it'
    if error["type"] == "extra_forbidden":
        known = [field.alias or name for name, field in _model_at(parents).model_fields.items()]
        return f"{_place(parents, document)}there is no key {quoted(key)}; {suggestion(str(key), known)}"
    wanted = _WANTED.get(error["type"])
    said = wanted.format_map(error.get("ctx", {})) if wanted else error["msg"]
    return f"{_place(error['loc'], document)}{said}"


def _place(loc: tuple[int | str, ...] | list[int | str], document: Any) -> str:
    """Return `question "ID", options 2, ordinal: `, counting from 1; nothing for the document itself."""
    head, rest = "", list(loc)
    if len(rest) > 1 and rest[0] == "questions":
        head, rest = _question_name(int(rest[1]), document), rest[2:]
    words = [f" {part + 1}" if isinstance(part, int) else f", {quoted(part)[1:-1]}" for part in rest]
    place = (head + "".join(words)).removeprefix(", ")
    return f"{place}: " if place else ""


def _question_name(index: int, document: Any) -> str:
    question = document["questions"][index]
    name = question.get("id") if isinstance(question, Mapping) else None
    return f"question {quoted(name)}" if isinstance(name, str) else f"question number {index + 1}"


def _model_at(loc: list[int | str]) -> type[BaseModel]:
    """Return the model of the object at this place."""
    match loc:
        case ["questions", int()]:
            return Question
        case ["questions", int(), "options", int()]:
            return Option
        case ["questions", int(), *_]:
            return Responses
        case ["overall"]:
            return Population
    return Survey


def _parse(text: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        fix = "compare it with docs/surveys.md"
        raise SurveyError(
            f"line {error.lineno}, column {error.colno}: this is not JSON ({error.msg}); {fix}"
        ) from error
    except RecursionError as error:
        raise SurveyError("lists or objects are nested too deeply; a survey needs seven levels") from error
    except ValueError as error:
        raise SurveyError("a number has too many digits; write it shorter") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _ in pairs]
        repeated = next(key for key in keys if keys.count(key) > 1)
        owner = f"question {quoted(found['id'])}: " if "stem" in found and isinstance(found.get("id"), str) else ""
        raise SurveyError(f"{owner}the key {quoted(repeated)} is there twice in one object; keep one of them")
    return found


def _no_constant(name: str) -> Any:
    raise SurveyError(f"{name} is no number that JSON knows; write a finite one")


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

_BUILT_IN = Path(__file__).parent
_SURVEY_FILE = FileKind("a survey file", 100_000_000, "100 MB", "name a survey file", SurveyError)


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


def _find(name_or_path: str | Path, directories: Sequence[Path]) -> Path:
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
    return next(file for file in found if is_file(file))
