"""The documents that `eval` writes: to a file, whole or not at all, or to standard output.

The documents that a report is written as: JSON, answers, a page and a figure.

What came of an evaluation: its documents, its tables, and whether it is as good as was asked.
"""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chat_personas.cli.errors import CheckFailedError, UsageError
from chat_personas.cli.tables.expressions import print_expressions
from chat_personas.cli.tables.report import print_reports
from chat_personas.reporting.wording import judge_unreliable, not_judged
from chat_personas.storage.files import (
    OutputError,
    atomic_write,
    check_replaceable,
    output_errors,
    standard_output,
)
from chat_personas.surveys import find_survey
from chat_personas.text import pluralize, printable
from eval.answer_files import left_out
from eval.report import Report
from personas.inputs.files import non_file_kind
from personas.inputs.suggestions import quoted

if TYPE_CHECKING:
    from eval.compare.models import PairedReport
    from eval.matrix.models import MatrixReport
    from eval.surveys.loading import LoadedSurvey

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
        try:
            check_replaceable(path)
        except OSError as error:
            raise UsageError(f"{file} cannot be written: {error.strerror}; choose another place") from error


def write_documents(documents: Sequence[tuple[str, Callable[[], str]]]) -> None:
    """Write each text to its file, standard output last; one that cannot be written keeps no other from being written.

    Raises:
        OutputError: files could not be written; the message names each of them.
    """
    failed: list[str] = []
    for file, text in sorted(documents, key=lambda document: document[0] == STANDARD_OUTPUT):
        try:
            write_document(text(), file)
        except OutputError as error:
            failed.append(str(error))
    if failed:
        raise OutputError("; ".join(failed))


def write_document(text: str, file: str) -> None:
    """Write `text` and a newline in UTF-8 to a file, replacing one that is there, or to standard output.

    Raises:
        OutputError: the file could not be written; one that was there before is as it was.
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
        with atomic_write(path, mode=None) as stream:
            stream.write(f"{text}\n".encode())


def write_reports(reports: "Sequence[Report]", destinations: Destinations, survey: str) -> None:
    """Write every document that was asked for; a page has the wording of the questions from `survey`.

    Raises:
        OutputError: a file could not be written; the others are.
    """
    from eval.answer_files import as_answers
    from eval.compare.gap import gaps
    from eval.report import as_document

    texts = {
        "--json": lambda: as_document(reports, gaps(reports)),
        "--save-answers": lambda: as_answers(reports),
        "--svg": lambda: _figure(reports),
        "--html": lambda: _page(reports, _still_there(survey, reports)),
    }
    write_documents([(file, texts[option]) for option, file in destinations.by_option.items()])


def _still_there(name: str, reports: "Sequence[Report]") -> "LoadedSurvey | None":
    """Return the survey that was evaluated on, or None, and say so, if it went or changed while the model was asked."""
    from eval.errors import SurveyError

    try:
        survey = find_survey(name)
    except SurveyError as error:
        print(f"the page has no wording of questions: {error}", file=sys.stderr)
        return None
    if any(report.survey.sha256 != survey.sha256 for report in reports):
        print("the page has no wording of questions: the survey has changed since they were put", file=sys.stderr)
        return None
    return survey


def write_pictures(reports: "Sequence[Report]", destinations: Destinations, survey: "LoadedSurvey | None") -> None:
    """Write the page and the figure that were asked for; without `survey` the page names questions by their ids.

    Raises:
        OutputError: a file could not be written; the other is.
    """
    texts = {"--svg": lambda: _figure(reports), "--html": lambda: _page(reports, survey)}
    write_documents([(file, texts[option]) for option, file in destinations.by_option.items()])


def write_matrix(report: "MatrixReport", destinations: Destinations) -> None:
    """Write every document of a matrix that was asked for.

    Raises:
        OutputError: a file could not be written; the others are.
    """
    texts = {"--json": report.to_json, "--svg": lambda: _matrix_figure(report), "--html": lambda: _matrix_page(report)}
    write_documents([(file, texts[option]) for option, file in destinations.by_option.items()])


def write_comparisons(
    comparisons: "Sequence[PairedReport]", destinations: Destinations, *, demonstration: bool
) -> None:
    """Write every document of comparisons that was asked for.

    Raises:
        OutputError: a file could not be written; the other is.
    """
    from eval.compare.models import as_document

    texts = {"--json": lambda: as_document(comparisons), "--html": lambda: _paired_page(comparisons, demonstration)}
    write_documents([(file, texts[option]) for option, file in destinations.by_option.items()])


def _paired_page(comparisons: "Sequence[PairedReport]", demonstration: bool) -> str:
    from chat_personas.reporting.html.comparison_page import paired_page_document

    return paired_page_document(comparisons, demonstration=demonstration)


def _matrix_figure(report: "MatrixReport") -> str:
    from chat_personas.reporting.svg.figures import matrix_figure_document

    return matrix_figure_document(report)


def _matrix_page(report: "MatrixReport") -> str:
    from chat_personas.reporting.html.matrix_page import matrix_page_document

    return matrix_page_document(report)


def _figure(reports: "Sequence[Report]") -> str:
    from chat_personas.reporting.svg.figures import figure_document

    return figure_document(reports)


def _page(reports: "Sequence[Report]", survey: "LoadedSurvey | None") -> str:
    from chat_personas.reporting.html.report_page import page_document

    stems = {} if survey is None else {question.id: question.stem for question in survey.survey.questions}
    return page_document(reports, stems)


def print_and_write(
    reports: Sequence[Report], expected: int, destinations: Destinations, survey: str, *, demonstration: bool
) -> None:
    """Write the documents that were asked for, then print the tables; with `-` standard output holds nothing else.

    In this order, whoever stops reading the tables early (`| head`) has the documents all the same.

    `expected` is how many reports there were to be; if some are missing, that is said, as is that the model is a
    `demonstration`. `survey` is the one that they were evaluated on, for the wording of its questions.

    Raises:
        OutputError: a file could not be written.
    """
    if not reports:
        return
    if "--save-answers" in destinations.by_option:
        _tell_left_out(reports)
    try:
        write_reports(reports, destinations, survey)
    finally:
        print_tables(reports, to_error=destinations.take_standard_output, demonstration=demonstration)
        if len(reports) < expected:
            print(f"only {len(reports)} of {expected} evaluations were made; these are kept", file=sys.stderr)


def _tell_left_out(reports: Sequence[Report]) -> None:
    """Say how many answers are not saved, because a file of answers cannot say that they are not valid."""
    for report in reports:
        if count := left_out(report):
            what = f"{pluralize(count, 'answer')} not saved, because not valid"
            print(f"{printable(report.persona.name)}: {what}", file=sys.stderr)


def print_tables(reports: Sequence[Report], *, to_error: bool, demonstration: bool) -> None:
    """Print the reports; a persona that was asked in several expressions has them side by side."""
    show = print_expressions if _in_several_expressions(reports) else print_reports
    show(reports, to_error=to_error, demonstration=demonstration)


def check_alignment(reports: Sequence[Report], fail_under: float | None) -> None:
    """Make sure that no persona's alignment is below `fail_under`.

    Raises:
        CheckFailedError: one is, or has none, or is not valid because the judge errs too often.
    """
    if fail_under is None:
        return
    several = _in_several_expressions(reports)
    names = [f"{each.persona.name} ({each.expression})" if several else each.persona.name for each in reports]
    judged = [(name, report) for name, report in zip(names, reports, strict=True) if not judge_unreliable(report)]
    aligned = [(name, report.scores.alignment) for name, report in judged]
    below = [
        f"{name} {_below(fail_under, score.mean)}"
        for name, score in aligned
        if score is not None and score.mean < fail_under
    ]
    complaints = [f"alignment is under {fail_under}: {', '.join(below)}"] if below else []
    complaints += [
        f"no alignment to check: for {name} no question with ordered options was scored"
        for name, score in aligned
        if score is None
    ]
    complaints += [
        f"no alignment to check: {name} is {not_judged(report)}"
        for name, report in zip(names, reports, strict=True)
        if judge_unreliable(report)
    ]
    if complaints:
        raise CheckFailedError("; ".join(complaints))


def _below(limit: float, mean: float) -> str:
    """Write a mean below `limit` with three decimals, or as many as it takes to read as below it."""
    written = (f"{mean:.{decimals}f}" for decimals in range(3, 17))
    return next((text for text in written if float(text) < limit), repr(mean))


def _in_several_expressions(reports: Sequence[Report]) -> bool:
    return len({report.expression for report in reports}) > 1
