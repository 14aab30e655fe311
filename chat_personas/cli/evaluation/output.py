"""The documents that `eval` writes: to a file, whole or not at all, or to standard output.

The documents that a report is written as: JSON, answers, a page and a figure.

What came of an evaluation: its documents, its tables, and whether it is as good as was asked.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from chat_personas.cli.errors import UsageError
from chat_personas.cli.tables.expressions import print_expressions
from chat_personas.cli.tables.report import print_reports
from chat_personas.corpus.errors import CorpusError
from chat_personas.reporting.html.report_page import page_document
from chat_personas.reporting.svg.figures import figure_document
from chat_personas.storage.files import standard_output
from chat_personas.surveys import find_survey
from chat_personas.text import pluralize, printable
from eval.answer_files import as_answers, left_out
from eval.compare.gap import gaps
from eval.errors import SurveyError
from eval.report import Report, as_document
from eval.surveys.loading import LoadedSurvey
from personas.inputs.files import non_file_kind
from personas.inputs.suggestions import quoted

STANDARD_OUTPUT = "-"


@dataclass(frozen=True, slots=True)
class Destinations:
    """Where the report, the answers and the pictures go, each None when it was not asked for."""

    json: str | None
    answers: str | None = None
    html: str | None = None
    svg: str | None = None

    @property
    def by_option(self) -> dict[str, str]:
        """Each place that was asked for, by the option that asks for it."""
        given = {"--json": self.json, "--save-answers": self.answers, "--html": self.html, "--svg": self.svg}
        return {option: file for option, file in given.items() if file is not None}

    @property
    def take_standard_output(self) -> bool:
        """Whether a document goes to standard output, which then holds nothing else."""
        return STANDARD_OUTPUT in self.by_option.values()

    def check(self, read: Mapping[str, str | None] | None = None) -> None:
        """Make sure before the work is done that its results can be written.

        `read` are files that the command reads, by option: they are not written over.

        Raises:
            UsageError: one cannot be written, or two go to the same place.
        """
        sources = {str(Path(file).resolve()): option for option, file in (read or {}).items() if file is not None}
        taken: dict[str, str] = {}
        for option, file in self.by_option.items():
            place = file if file == STANDARD_OUTPUT else str(Path(file).resolve())
            if place in sources:
                raise UsageError(f"{option} would write over the file of {sources[place]}; name another")
            if place in taken:
                raise UsageError(f"{taken[place]} and {option} cannot go to the same place; name two")
            taken[place] = option
            check_destination(file)

    def write(self, texts: Mapping[str, Callable[[], str]]) -> None:
        """Write every document that was asked for; `texts` makes each by its option.

        Raises:
            CorpusError: a file could not be written; the others are.
        """
        write_documents([(file, texts[option]) for option, file in self.by_option.items()])


def check_destination(file: str) -> None:
    """Make sure before the work is done that its result can be written. A file that is there is left as it is.

    Permissions alone do not tell (a file system may refuse all the same), so the file that would take the place of
    `file` is made and removed.

    Raises:
        UsageError: `file` is a directory or a pipe, lies in no directory, can be no name, or may not be written.
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
        part = _beside(path.resolve())
        try:
            part.touch(mode=0o600)
            part.unlink()
        except OSError as error:
            raise UsageError(f"{file} cannot be written: {error.strerror}; choose another place") from error


def write_documents(documents: Sequence[tuple[str, Callable[[], str]]]) -> None:
    """Write each text to its file, standard output last; one that cannot be written keeps no other from being written.

    Raises:
        CorpusError: files could not be written; the message names each of them.
    """
    failed: list[str] = []
    for file, text in sorted(documents, key=lambda document: document[0] == STANDARD_OUTPUT):
        try:
            write_document(text(), file)
        except CorpusError as error:
            failed.append(str(error))
    if failed:
        raise CorpusError("; ".join(failed))


def write_document(text: str, file: str) -> None:
    """Write `text` and a newline in UTF-8 to a file, replacing one that is there, or to standard output.

    Raises:
        CorpusError: the file could not be written; one that was there before is as it was.
    """
    if file == STANDARD_OUTPUT:
        out = standard_output()
        out.write(f"{text}\n".encode())
        out.flush()
        return
    path = Path(file)
    try:
        if path.exists() and not path.is_file():  # a pipe or a device, which must not be replaced by a file
            path.write_text(f"{text}\n", encoding="utf-8")
        else:
            _replace(path.resolve(), f"{text}\n")
    except OSError as error:
        raise CorpusError(f"{file} cannot be written: {error.strerror}; choose another place") from error


def _beside(path: Path) -> Path:
    """Return where a file is written before it takes the place of `path`."""
    return path.with_name(f".{path.name}.{os.getpid()}")


def _replace(path: Path, text: str) -> None:
    part = _beside(path)
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def print_and_write(reports: Sequence[Report], expected: int, destinations: Destinations, survey: str) -> None:
    """Write the documents that were asked for, then print the tables; with `-` standard output holds nothing else.

    In this order, whoever stops reading the tables early (`| head`) has the documents all the same.

    `expected` is how many reports there were to be; if some are missing, that is said. `survey` is the one that they
    were evaluated on, for the wording of its questions.

    Raises:
        CorpusError: a file could not be written; the others are.
    """
    if not reports:
        return
    if "--save-answers" in destinations.by_option:
        _tell_left_out(reports)
    try:
        destinations.write(
            {
                "--json": lambda: as_document(reports, gaps(reports)),
                "--save-answers": lambda: as_answers(reports),
                **pictures(reports, lambda: _still_there(survey, reports)),
            }
        )
    finally:
        print_tables(reports, to_error=destinations.take_standard_output)
        if len(reports) < expected:
            print(f"only {len(reports)} of {expected} evaluations were made; these are kept", file=sys.stderr)


def pictures(reports: Sequence[Report], survey: Callable[[], LoadedSurvey | None]) -> dict[str, Callable[[], str]]:
    """Return what makes the page and the figure, by option; without a survey the page names questions by their ids."""
    return {"--svg": lambda: figure_document(reports), "--html": lambda: page_document(reports, _stems(survey()))}


def _stems(survey: LoadedSurvey | None) -> dict[str, str]:
    return {} if survey is None else {question.id: question.stem for question in survey.survey.questions}


def _still_there(name: str, reports: Sequence[Report]) -> LoadedSurvey | None:
    """Return the survey that was evaluated on, or None, and say so, if it went or changed while the model was asked."""
    try:
        survey = find_survey(name)
    except SurveyError as error:
        print(f"the page has no wording of questions: {error}", file=sys.stderr)
        return None
    if any(report.survey.sha256 != survey.sha256 for report in reports):
        print("the page has no wording of questions: the survey has changed since they were put", file=sys.stderr)
        return None
    return survey


def _tell_left_out(reports: Sequence[Report]) -> None:
    """Say how many answers are not saved, because a file of answers cannot say that they are not valid."""
    for report in reports:
        if count := left_out(report):
            what = f"{pluralize(count, 'answer')} not saved, because not valid"
            print(f"{printable(report.persona.name)}: {what}", file=sys.stderr)


def print_tables(reports: Sequence[Report], *, to_error: bool) -> None:
    """Print the reports; a persona that was asked in several expressions has them side by side."""
    show = print_expressions if in_several_expressions(reports) else print_reports
    show(reports, to_error=to_error)


def in_several_expressions(reports: Sequence[Report]) -> bool:
    return len({report.expression for report in reports}) > 1
