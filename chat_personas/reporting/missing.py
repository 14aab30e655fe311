"""Why a number is missing."""

from collections.abc import Iterator

from chat_personas.reporting.wording import no_intervals
from eval.compare.models import PairedReport
from eval.matrix.models import MatrixReport
from eval.report import Report
from eval.scoring.intervals import MIN_QUESTIONS


def missing(report: Report) -> Iterator[str]:
    """Yield why there is no alignment, and why there are no intervals."""
    compared = [question for question in report.questions if question.human is not None]
    if compared and all(question.alignment is None for question in compared):
        yield "no alignment: no question has ordered options"
    if len(report.questions) < MIN_QUESTIONS:
        yield no_intervals()


def missing_in_matrix(report: MatrixReport) -> Iterator[str]:
    """Yield why there are no intervals."""
    if len(report.questions) < MIN_QUESTIONS:
        yield no_intervals()


def missing_in_comparison(comparison: PairedReport) -> Iterator[str]:
    """Yield why there are no intervals."""
    if len(comparison.paired) < MIN_QUESTIONS:
        yield f"{no_intervals()}; see p"
