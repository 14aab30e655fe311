"""The files that a command reads, which none of its outputs may overwrite.

What a person gives may be a name or a path. Each function returns the files behind it. Where there is no such file it
returns none, and the command itself reports that.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from chat_personas.cli.errors import UsageError
from chat_personas.engines.open import ModelFile, find_model
from chat_personas.own_personas import persona_file
from chat_personas.paths import answers_path, corpus_path, settings_path
from chat_personas.surveys import survey_files
from eval.errors import SurveyError
from personas.errors import PersonaError, ReportedError
from personas.inputs.files import is_file

Sources = Mapping[str, Sequence[Path]]
"""The files that are read, by the option or argument that names them."""


def own_files() -> dict[str, list[Path]]:
    """Return the files of the program itself that every command may read: settings, conversations and the cache."""
    return {"your settings": [settings_path()], "your corpus": [corpus_path()], "your cache": [answers_path()]}


def given_files(*files: str | Path | None) -> list[Path]:
    """Return the paths that were given."""
    return [Path(file) for file in files if file is not None]


def persona_files(*personas: str | None) -> list[Path]:
    """Return the files of personas, of the library or of one's own."""
    return [path for persona in personas if persona is not None for path in _persona(persona)]


def _persona(persona: str) -> list[Path]:
    try:
        return [persona_file(persona)]
    except PersonaError:
        return []


def model_files(model: str | None) -> list[Path]:
    """Return the GGUF file of a model; none of a server."""
    if model is None:
        return []
    try:
        found = find_model(model)
    except ReportedError:
        return []
    return [found.path] if isinstance(found, ModelFile) else []


def gguf_files(*files: Path) -> list[Path]:
    """Return those of the files that are GGUF files, by their first bytes."""
    found = []
    for file in files:
        if is_file(file) and os.access(file, os.R_OK):
            with file.open("rb") as stream:
                if stream.read(4) == b"GGUF":
                    found.append(file)
    return found


def files_of_survey(survey: str | None) -> list[Path]:
    """Return the file of a survey and the one of its respondents."""
    if survey is None:
        return []
    try:
        return survey_files(survey)
    except SurveyError:
        return []


def check_not_read(option: str, file: Path, sources: Iterable[Sources]) -> None:
    """Make sure that the output `file` of `option` is none of the files that are read, under whatever name.

    Raises:
        UsageError: it is one of them.
    """
    for read in sources:
        for source, paths in read.items():
            if any(is_same_file(file, path) for path in paths):
                raise UsageError(f"{option} would overwrite the file of {source}; choose another")


def is_same_file(one: Path, other: Path) -> bool:
    """Whether two paths lead to one file: by a link, a hard link, or another spelling of the path."""
    try:
        return _real(one) == _real(other) or one.samefile(other)
    except (OSError, ValueError):  # one of them does not exist, or cannot be looked up
        return False


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))
