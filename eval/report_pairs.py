"""Which report of one file belongs to which of another."""

from collections import Counter
from collections.abc import Sequence

from eval.errors import ReportError
from eval.report import Report
from personas.nearest import shown


def pair_reports(a: Sequence[Report], b: Sequence[Report]) -> tuple[tuple[Report, Report], ...]:
    """Return pairs of reports, in A's order: one with one as they are, several by the name of the persona.

    Raises:
        ReportError: a name is in one file only, or several times in one.
    """
    if len(a) == len(b) == 1:
        return ((a[0], b[0]),)
    of_a, of_b = by_name(a, "A"), by_name(b, "B")
    for name, reports, other in (*((name, of_b, "B") for name in of_a), *((name, of_a, "A") for name in of_b)):
        if name not in reports:
            raise ReportError(
                f"{other} has no report on the persona {shown(name)}; several reports are paired by the name of "
                "the persona: evaluate the same personas for both"
            )
    return tuple((report, of_b[name]) for name, report in of_a.items())


def by_name(reports: Sequence[Report], file: str) -> dict[str, Report]:
    """Return the reports by the name of their persona; `file` is what to call where they are from.

    Raises:
        ReportError: two are on personas of the same name.
    """
    repeated, times = Counter(report.persona.name for report in reports).most_common(1)[0]
    if times > 1:
        raise ReportError(f"{file} has {times} reports on the persona {shown(repeated)}; keep one to be paired by name")
    return {report.persona.name: report for report in reports}
