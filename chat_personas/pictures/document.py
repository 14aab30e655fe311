"""What a page is made of: reports, and what else is known of their survey."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from eval.report import Report


@dataclass(frozen=True, slots=True)
class Pictured:
    """One report with its place on the page, and the wording of the questions where the survey is at hand."""

    report: Report
    part: str
    stems: Mapping[str, str] = field(default_factory=dict)


def parts(reports: Sequence[Report], stems: Mapping[str, str]) -> tuple[Pictured, ...]:
    """Return the reports with a short name for each place on the page: p1, p2, ..."""
    return tuple(Pictured(report, f"p{place}", stems) for place, report in enumerate(reports, start=1))
