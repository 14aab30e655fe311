"""Which report of one file belongs to which of another."""

from collections import Counter
from collections.abc import Sequence

from eval.errors import ReportError
from eval.report import Report
from personas.inputs.suggestions import shown


def pair_reports(a: Sequence[Report], b: Sequence[Report]) -> tuple[tuple[Report, Report], ...]:
    """Return pairs of reports, in A's order: one with one as they are, several by the name of the persona.

    Where a persona was asked in several expressions, by its name and the expression.

    Raises:
        ReportError: a name is in one file only, or several times in one.
    """
    if len(a) == len(b) == 1:
        return ((a[0], b[0]),)
    if _in_several_expressions(a) and _in_several_expressions(b):
        return tuple(pair for expression in _expressions(a, b) for pair in pair_reports(*_of(expression, a, b)))
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


def _in_several_expressions(reports: Sequence[Report]) -> bool:
    names = Counter(report.persona.name for report in reports)
    asked = {(report.persona.name, report.expression) for report in reports}
    return max(names.values()) > 1 and len(asked) == len(reports)


def _expressions(a: Sequence[Report], b: Sequence[Report]) -> tuple[str, ...]:
    """Return the expressions in the order in which they are in A.

    Raises:
        ReportError: one file lacks an expression that the other has.
    """
    of_a, of_b = (tuple(dict.fromkeys(report.expression for report in reports)) for reports in (a, b))
    for expression, name in (*((each, "B") for each in of_a), *((each, "A") for each in of_b)):
        if expression not in (of_b if name == "B" else of_a):
            raise ReportError(f"{name} has no report on the expression {expression}; ask both in the same expressions")
    return of_a


def _of(expression: str, *files: Sequence[Report]) -> tuple[Sequence[Report], Sequence[Report]]:
    """Return the reports on one expression in each of two files."""
    a, b = ([report for report in reports if report.expression == expression] for reports in files)
    return a, b
