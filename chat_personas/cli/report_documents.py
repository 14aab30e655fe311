"""The documents that a report is written as: JSON, answers, a page and a figure."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from chat_personas.cli.report_file import Destinations, write_documents
from chat_personas.surveys import find_survey

if TYPE_CHECKING:
    from eval.compare.models import PairedReport
    from eval.matrix.models import MatrixReport
    from eval.report import Report
    from eval.surveys.loading import LoadedSurvey


def write_reports(reports: "Sequence[Report]", destinations: Destinations, survey: str) -> None:
    """Write every document that was asked for; a page has the wording of the questions from `survey`.

    Raises:
        CorpusError: a file could not be written; the others are.
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
        CorpusError: a file could not be written; the other is.
    """
    texts = {"--svg": lambda: _figure(reports), "--html": lambda: _page(reports, survey)}
    write_documents([(file, texts[option]) for option, file in destinations.by_option.items()])


def write_matrix(report: "MatrixReport", destinations: Destinations) -> None:
    """Write every document of a matrix that was asked for.

    Raises:
        CorpusError: a file could not be written; the others are.
    """
    texts = {"--json": report.to_json, "--svg": lambda: _matrix_figure(report), "--html": lambda: _matrix_page(report)}
    write_documents([(file, texts[option]) for option, file in destinations.by_option.items()])


def write_comparisons(
    comparisons: "Sequence[PairedReport]", destinations: Destinations, *, demonstration: bool
) -> None:
    """Write every document of comparisons that was asked for.

    Raises:
        CorpusError: a file could not be written; the other is.
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
