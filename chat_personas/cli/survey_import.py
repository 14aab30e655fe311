"""One import of a survey from the command line: check, read, keep, and say what was found and what was not."""

import re
from dataclasses import replace as with_changes
from pathlib import Path

from chat_personas.cli.exit_codes import DONE, UsageError
from chat_personas.cli.progress import busy
from chat_personas.paths import shown as shown_path
from chat_personas.surveys import check_name, keep_survey
from chat_personas.text import counted, printable
from eval.errors import SurveyError
from eval.importers import KINDS, Imported, Wishes
from eval.surveys.figures import groups_with_figures
from personas.inputs.files import is_directory
from personas.inputs.suggestions import nearest, shown

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")


def run_import(kind: str, path: Path, wishes: Wishes, *, replace: bool) -> int:
    """Import the survey at `path`; return the exit code.

    Raises:
        UsageError: there is no such kind, or the name is none.
        SurveyError: the files cannot be taken over, or there is a survey of that name.
        UnwritableError: it cannot be kept.
    """
    if kind not in KINDS:
        near = nearest(kind, KINDS)
        likely = "kinds" if near is None else f"did you mean {near}? Kinds"
        raise UsageError(f"there is no kind {shown(kind)}; {likely}: {', '.join(KINDS)}")
    named = with_changes(wishes, name=wishes.name or _name_of(path))
    if not _NAME.fullmatch(named.name):
        raise UsageError(f"{shown(named.name)} is no name; letters, digits and dashes, at most 64, with --name")
    check_name(named.name, replace=replace)
    with busy(f"reading {path.name}…"):
        imported = KINDS[kind].read(path, named)
    _check_groups(imported)
    file = keep_survey(imported)
    print(printable("\n".join(_summary(imported, file))))
    return DONE


def _name_of(path: Path) -> str:
    """Return a name made of the file's or the folder's own: what a name cannot hold becomes a dash."""
    stem = path.resolve().name if is_directory(path) else path.stem
    return re.sub(r"[^A-Za-z0-9]+", "-", stem).strip("-")[:64] or "survey"


def _check_groups(imported: Imported) -> None:
    survey = imported.survey
    if not groups_with_figures(survey) and all(question.overall is None for question in survey.questions):
        raise SurveyError("no group of the catalogue has figures in these files; check that KIND is their format")


def _summary(imported: Imported, file: Path) -> list[str]:
    survey = imported.survey
    groups = groups_with_figures(survey)
    overall = sum(question.overall is not None for question in survey.questions)
    size = f"{counted(len(survey.questions), 'question')}, {counted(len(groups), 'group')}"
    return [
        f"{survey.name}: {size}, everyone's figures for {overall}; {'weighted' if survey.weighted else 'unweighted'}",
        *(f"found: {line}" for line in imported.found),
        *(f"note: {line}" for line in imported.notes),
        f"kept in {shown_path(file)}; use it with --survey {survey.name}",
    ]
