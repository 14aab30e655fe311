"""What a page is made of: reports, and what else is known of their survey."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from chat_personas.pictures.standings import names
from eval.report import Report


@dataclass(frozen=True, slots=True)
class Pictured:
    """One report, its name and its place on the page, and the wording of the questions where the survey is at hand."""

    report: Report
    name: str
    part: str
    stems: Mapping[str, str] = field(default_factory=dict)


def parts(reports: Sequence[Report], stems: Mapping[str, str]) -> tuple[Pictured, ...]:
    """Return the reports with a short name for each place on the page: p1, p2, ..."""
    named = zip(reports, names(reports), strict=True)
    return tuple(Pictured(report, name, f"p{place}", stems) for place, (report, name) in enumerate(named, start=1))
