"""The measure that reports are read by first, wherever they are shown."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from eval.report import Report

Measure = Literal["alignment", "total_variation"]


def measure_of(reports: "Iterable[Report]") -> Measure:
    """Return what to show first: alignment, or total variation where no question's options have an order."""
    reports = tuple(reports)
    without = all(report.scores.alignment is None for report in reports)
    scored = any(report.scores.total_variation is not None for report in reports)
    return "total_variation" if without and scored else "alignment"
