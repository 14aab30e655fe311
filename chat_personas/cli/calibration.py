"""`eval --calibrate`: what must hold for it, and what it found, in lines for the terminal."""

import sys
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from chat_personas.cli.estimate_line import with_interval
from chat_personas.cli.exit_codes import UsageError

if TYPE_CHECKING:
    from eval.report import Report


def check_enough(name: str, questions: int) -> None:
    """Make sure that there are questions enough for calibration.

    Raises:
        UsageError: there are not, and the line says why that matters.
    """
    from eval.calibration import MIN_QUESTIONS

    if questions < MIN_QUESTIONS:
        raise UsageError(
            f"{name}: --calibrate scores each fifth of the questions with a temperature fitted on the others, for "
            f"which {questions} questions are too few; give it {MIN_QUESTIONS} or more, or leave it out"
        )


def calibrate(report: "Report") -> "Report":
    """Return the report with its calibration; where too few questions were answered for it, say so on standard error.

    What was asked is then kept all the same.
    """
    from eval.calibrated import calibrated, comparable

    made = calibrated(report)
    if made.calibration is None:
        answered = len(comparable(report))
        print(f"{report.persona.name}: not calibrated, only {answered} questions were answered", file=sys.stderr)
    return made


def calibrate_answers(reports: Sequence["Report"]) -> "list[Report]":
    """Return the reports on a file of answers with their calibration.

    Raises:
        UsageError: the file holds too few answers for some group.
    """
    from eval.calibrated import comparable

    for report in reports:
        check_enough(report.persona.name, len(comparable(report)))
    return [calibrate(report) for report in reports]


def calibration_lines(report: "Report") -> Iterator[str]:
    """Yield what calibration changes; nothing where there is none."""
    if report.calibration is None:
        return
    temperatures = [fold.temperature for fold in report.calibration.folds]
    scores, change = report.calibration.scores, report.calibration.minus_uncalibrated
    yield f"calibrated with T from {min(temperatures):.2f} to {max(temperatures):.2f}, each fitted on other questions:"
    yield f"  alignment {with_interval(scores.alignment)}, changed by {with_interval(change.alignment)}"
    distance, changed = with_interval(scores.total_variation), with_interval(change.total_variation)
    yield f"  total variation {distance}, changed by {changed}"
