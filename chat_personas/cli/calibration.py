"""`eval --calibrate`: what must hold for it, and the reports with it."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from chat_personas.cli.exit_codes import UsageError
from chat_personas.text import counted

if TYPE_CHECKING:
    from eval.report import Report


def check_enough(name: str, questions: int) -> None:
    """Make sure that there are questions enough for calibration.

    Raises:
        UsageError: there are not, and the line says why that matters.
    """
    from eval.scoring.calibration import MIN_QUESTIONS

    if questions < MIN_QUESTIONS:
        raise UsageError(
            f"{name}: --calibrate scores each fifth of the questions with a temperature fitted on the others, for "
            f"which it needs {MIN_QUESTIONS} questions, not {questions}; give it more, or leave it out"
        )


def calibrate(report: "Report") -> "Report":
    """Return the report with its calibration; where too few questions were answered for it, say so on standard error.

    What was asked is then kept all the same.
    """
    from eval.report.calibrate import calibrated, comparable

    made = calibrated(report)
    if made.calibration is None:
        answered = len(comparable(report))
        print(f"{report.persona.name}: not calibrated, only {counted(answered, 'question')} answered", file=sys.stderr)
    return made


def calibrate_answers(reports: Sequence["Report"]) -> "list[Report]":
    """Return the reports on a file of answers with their calibration.

    Raises:
        UsageError: the file holds too few answers for some group.
    """
    from eval.report.calibrate import comparable

    for report in reports:
        check_enough(report.persona.name, len(comparable(report)))
    return [calibrate(report) for report in reports]
