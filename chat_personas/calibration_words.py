"""What `eval --calibrate` changes, in words."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from chat_personas.paired_words import signed
from chat_personas.report_words import with_interval

if TYPE_CHECKING:
    from eval.report import Calibration, Report


def calibration_lines(report: "Report") -> Iterator[str]:
    """Yield what calibration changes; nothing where there is none."""
    if report.calibration is None:
        return
    scores, change = report.calibration.scores, report.calibration.minus_uncalibrated
    yield f"{temperatures(report.calibration)}:"
    yield f"  alignment {with_interval(scores.alignment)}, changed by {signed(change.alignment)}"
    distance, changed = with_interval(scores.total_variation), signed(change.total_variation)
    yield f"  total variation {distance}, changed by {changed}"


def temperatures(made: "Calibration") -> str:
    """Say with which temperatures the questions were scored."""
    found = [fold.temperature for fold in made.folds]
    return f"calibrated with T from {min(found):.2f} to {max(found):.2f}, each fitted on other questions"
