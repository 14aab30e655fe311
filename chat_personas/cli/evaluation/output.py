"""Where results go: documents to files or to standard output, tables to the terminal.

A document is written whole or not at all. Destinations are checked before the work is done.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chat_personas.cli.errors import UsageError
from chat_personas.cli.evaluation.sources import Sources, check_not_read, own_files
from chat_personas.cli.tables.expressions import print_expressions
from chat_personas.cli.tables.report import print_reports
from chat_personas.reporting.html.report_page import page_document
from chat_personas.reporting.svg.figures import figure_document
from chat_personas.reporting.verdicts import not_shown_briefly
from chat_personas.storage.files import (
    OutputError,
    atomic_write,
    check_replaceable,
    output_errors,
    standard_output,
)
from chat_personas.surveys import find_survey
from chat_personas.text import pluralize, printable
from eval.answer_files import as_answers, left_out
from eval.compare.disagreement import disagreements
from eval.compare.knowledge_gap import gaps
from eval.errors import SurveyError
from eval.report import Report, as_document
from eval.surveys.loading import LoadedSurvey
from personas.inputs.files import non_file_kind
from personas.inputs.suggestions import quoted

STANDARD_OUTPUT = "-"


@dataclass(frozen=True, slots=True)
class Destinations:
    """Where the report, the answers, the page and the figure go; None for those that were not asked for.

    `private`: what is about single people, or holds what was said, is readable by the owner only.
    """

    json: str | None
    answers: str | None = None
    html: str | None = None
    svg: str | None = None
    private: bool = False

    @property
    def by_option(self) -> dict[str, str]:
        """The files that were asked for, by option."""
        given = {"--json": self.json, "--save-answers": self.answers, "--html": self.html, "--svg": self.svg}
        return {option: file for option, file in given.items() if file is not None}

    @property
    def take_standard_output(self) -> bool:
        """Whether a document goes to standard output, which then holds nothing else."""
        return STANDARD_OUTPUT in self.by_option.values()

    def check(self, read: Sources | None = None) -> None:
        """Make sure that every file can be written. `read` are the files that the command reads, by option.

        The files of the program itself are never overwritten.

        Raises:
            UsageError: a file cannot be written, would overwrite one that is read, or is asked for twice.
        """
        sources = (read or {}, own_files())
        taken: dict[str, str] = {}
        for option, file in self.by_option.items():
            place = file if file == STANDARD_OUTPUT else os.path.realpath(file)
            if file != STANDARD_OUTPUT:
                check_not_read(option, Path(file), sources)
            if place in taken:
                raise UsageError(f"{taken[place]} and {option} cannot go to the same place; choose two")
            taken[place] = option
            check_destination(file)

    def write(self, texts: Mapping[str, Callable[[], str]]) -> None:
        """Write every document that was asked for; `texts` makes each by its option.

        Pages and figures, which are for people, are named on standard error.

        Raises:
            OutputError: a file could not be written; the others are.
        """
        write_documents([(file, texts[option]) for option, file in self.by_option.items()], private=self.private)
        for file in (self.html, self.svg):
            if file is not None and file != STANDARD_OUTPUT and Path(file).is_file():  # no pipe or device
                print(f"written: {printable(file)}", file=sys.stderr)


def check_destination(file: str) -> None:
    """Make sure that a file can be written. A file that exists is left as it is.

    Permissions are not enough (a file system may refuse all the same), so the temporary file that would replace
    `file` is created and removed.

    Raises:
        UsageError: `file` is a directory or a pipe, its directory does not exist, its name is not valid, or it may not
            be written.
    """
    path = Path(file)
    if file == STANDARD_OUTPUT:
        return
    try:
        path.lstat()
    except FileNotFoundError:
        pass
    except OSError as error:
        raise UsageError(f"{quoted(file)} cannot be written: {error.strerror}; choose another place") from error
    if path.is_dir():
        raise UsageError(f"{file} is a directory; give the name of a file in it")
    if non_file_kind(path) is not None:
        raise UsageError(f"{file} is a pipe; name a file, or - for standard output")
    if not path.parent.is_dir():
        raise UsageError(f"there is no directory {path.parent}; create it first")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise UsageError(f"{file} cannot be written; choose another place")
    if path.is_file() or not path.exists():
        try:
            check_replaceable(path)
        except OSError as error:
            raise UsageError(f"{file} cannot be written: {error.strerror}; choose another place") from error


def write_documents(documents: Sequence[tuple[str, Callable[[], str]]], *, private: bool = False) -> None:
    """Write each text to its file, standard output last; if one cannot be written, the others still are.

    With `private` a new file is readable by its owner only.

    Raises:
        OutputError: files could not be written; the message names each of them.
    """
    failed: list[str] = []
    for file, text in sorted(documents, key=lambda document: document[0] == STANDARD_OUTPUT):
        try:
            write_document(text(), file, private=private)
        except OutputError as error:
            failed.append(str(error))
    if failed:
        raise OutputError("; ".join(failed))


def write_document(text: str, file: str, *, private: bool = False) -> None:
    """Write `text` and a newline in UTF-8 to a file, replacing an existing one, or to standard output.

    With `private` a new file is readable by its owner only.

    Raises:
        OutputError: the file could not be written; an existing one is unchanged.
    """
    if file == STANDARD_OUTPUT:
        out = standard_output()
        out.write(f"{text}\n".encode())
        out.flush()
        return
    path = Path(file)
    with output_errors(file):
        if path.exists() and not path.is_file():  # a pipe or a device, which must not be replaced by a file
            path.write_text(f"{text}\n", encoding="utf-8")
            return
        with atomic_write(path, mode=0o600 if private else None) as stream:
            stream.write(f"{text}\n".encode())


def print_and_write(
    reports: Sequence[Report], expected: int, destinations: Destinations, survey: str, *, show_invalid: bool = False
) -> None:
    """Write the documents that were asked for, then print the tables; with `-` standard output holds nothing else.

    In this order, documents are written even if the reader of the tables stops early (`| head`).

    `expected` is the number of reports if nothing failed. `survey` names the survey that they are on, for the wording
    of its questions. `show_invalid` prints scores that are not sound, too, marked.

    Raises:
        OutputError: a file could not be written; the others are.
    """
    if not reports:
        return
    if "--save-answers" in destinations.by_option:
        _tell_what_is_saved(reports)
    try:
        destinations.write(
            {
                "--json": lambda: as_document(reports, gaps(reports), disagreements(reports)),
                "--save-answers": lambda: as_answers(reports),
                **pictures(reports, lambda: _still_there(survey, reports)),
            }
        )
    finally:
        print_tables(reports, to_error=destinations.take_standard_output, show_invalid=show_invalid)
        if len(reports) < expected:
            print(f"only {len(reports)} of {expected} evaluations were made; their reports are kept", file=sys.stderr)


def pictures(reports: Sequence[Report], survey: Callable[[], LoadedSurvey | None]) -> dict[str, Callable[[], str]]:
    """Return what makes the page and the figure, by option; without a survey the page shows ids of questions."""
    return {"--svg": lambda: figure_document(reports), "--html": lambda: page_document(reports, _stems(survey()))}


def _stems(survey: LoadedSurvey | None) -> dict[str, str]:
    return {} if survey is None else {question.id: question.stem for question in survey.survey.questions}


def _still_there(name: str, reports: Sequence[Report]) -> LoadedSurvey | None:
    """Return the survey, or None with a message if it was removed or changed while the model was asked."""
    try:
        survey = find_survey(name)
    except SurveyError as error:
        print(f"the page has no wording of questions: {error}", file=sys.stderr)
        return None
    if any(report.survey.sha256 != survey.sha256 for report in reports):
        print("the page has no wording of questions: the survey has changed since they were asked", file=sys.stderr)
        return None
    return survey


def _tell_what_is_saved(reports: Sequence[Report]) -> None:
    """Say whose answers are saved as not sound, and how many are not saved: a file has no place for invalid ones."""
    for report in reports:
        if why := not_shown_briefly(report):
            print(f"{printable(report.persona.name)}: what is saved is marked as {why}", file=sys.stderr)
        if count := left_out(report):
            what = f"{pluralize(count, 'answer')} not saved: not valid"
            print(f"{printable(report.persona.name)}: {what}", file=sys.stderr)


def print_tables(reports: Sequence[Report], *, to_error: bool, show_invalid: bool = False) -> None:
    """Print the reports, with several expressions of the same persona side by side."""
    show = print_expressions if in_several_expressions(reports) else print_reports
    show(reports, to_error=to_error, show_invalid=show_invalid)


def in_several_expressions(reports: Sequence[Report]) -> bool:
    """Whether the reports differ in their expression."""
    return len({report.expression for report in reports}) > 1
