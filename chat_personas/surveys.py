"""The surveys that this user has, by name: the built-in ones and those that were imported."""

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from chat_personas.paths import UnwritableError, cannot_write, make_private, surveys_directory
from chat_personas.storage.files import atomic_write

if TYPE_CHECKING:
    from eval.importers import ImportResult
    from eval.surveys.loading import Glance, LoadedSurvey


def find_survey(name_or_path: str | Path) -> "LoadedSurvey":
    """Return a built-in survey, an imported one, or the one in a file. Raises SurveyError."""
    from eval.surveys.loading import load_survey

    return load_survey(name_or_path, (surveys_directory(),))


def survey_files(name_or_path: str | Path) -> list[Path]:
    """Return the files that `find_survey` reads: the survey's, and its respondents' whether there is one or not.

    Raises:
        SurveyError: no survey has that name.
    """
    from eval.surveys.loading import survey_path
    from eval.surveys.respondents import PEOPLE

    path = survey_path(name_or_path, (surveys_directory(),))
    return [path, path.parent / f"{path.stem}{PEOPLE}"]


def glance_at_survey(name: str) -> "Glance":
    """Return what a list shows about the survey with this name. Raises SurveyError."""
    from eval.surveys.loading import glance_at

    return glance_at(name, (surveys_directory(),))


def all_survey_names() -> tuple[str, ...]:
    """Return the names of the built-in surveys, then of the imported ones."""
    from eval.surveys.loading import survey_names

    return survey_names((surveys_directory(),))


def check_name(name: str, *, replace: bool) -> None:
    """Make sure, before the work of an import, that a survey can be stored under `name`.

    Raises:
        SurveyError: it is the name of a built-in survey, or of an imported one and `replace` is false.
    """
    from eval.errors import SurveyError
    from eval.surveys.loading import survey_names

    if name in survey_names():
        raise SurveyError(f"{name} is the name of a built-in survey; choose another with --name")
    if name in all_survey_names() and not replace:
        raise SurveyError(f"there is already a survey {name}; add --replace, or choose another name with --name")


def keep_survey(imported: "ImportResult") -> Path:
    """Write an imported survey into the user's data directory, for its owner only (0600); return its file.

    The respondents' answers, if there are any, are in a file beside it. A survey of that name is replaced as a whole,
    or not at all if writing fails.

    Raises:
        UnwritableError: the disk is full or cannot be written.
    """
    from eval.surveys.respondents import PEOPLE

    directory = make_private(surveys_directory())
    path = directory / f"{imported.survey.name}.json"
    people = path.with_suffix(PEOPLE)
    content = f"{imported.survey.model_dump_json(by_alias=True, exclude_none=True)}\n".encode()
    try:
        with atomic_write(path) as survey_file:
            survey_file.write(content)
            if imported.respondents is not None:
                with atomic_write(people) as file:
                    imported.respondents.write(file, hashlib.sha256(content).hexdigest())
        if imported.respondents is None:
            people.unlink(missing_ok=True)
    except OSError as error:
        raise UnwritableError(cannot_write(directory, error.strerror)) from error
    return path
