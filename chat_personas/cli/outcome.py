"""What came of an evaluation: its documents, its tables, and whether it is as good as was asked."""

import sys
from collections.abc import Sequence

from chat_personas.cli.exit_codes import CheckFailedError
from chat_personas.cli.expression_table import print_expressions
from chat_personas.cli.report_documents import write_reports
from chat_personas.cli.report_file import Destinations
from chat_personas.cli.report_table import print_reports
from chat_personas.reporting.wording import errs_too_often, not_judged
from chat_personas.text import counted, printable
from eval.answer_files import left_out
from eval.report import Report


def print_and_write(
    reports: Sequence[Report], expected: int, destinations: Destinations, survey: str, *, demonstration: bool
) -> None:
    """Write the documents that were asked for, then print the tables; with `-` standard output holds nothing else.

    In this order, whoever stops reading the tables early (`| head`) has the documents all the same.

    `expected` is how many reports there were to be; if some are missing, that is said, as is that the model is a
    `demonstration`. `survey` is the one that they were evaluated on, for the wording of its questions.

    Raises:
        CorpusError: a file could not be written.
    """
    if not reports:
        return
    if "--save-answers" in destinations.by_option:
        _tell_left_out(reports)
    try:
        write_reports(reports, destinations, survey)
    finally:
        print_tables(reports, to_error=destinations.take_standard_output, demonstration=demonstration)
        if len(reports) < expected:
            print(f"only {len(reports)} of {expected} evaluations were made; these are kept", file=sys.stderr)


def _tell_left_out(reports: Sequence[Report]) -> None:
    """Say how many answers are not saved, because a file of answers cannot say that they are not valid."""
    for report in reports:
        if count := left_out(report):
            what = f"{counted(count, 'answer')} not saved, because not valid"
            print(f"{printable(report.persona.name)}: {what}", file=sys.stderr)


def print_tables(reports: Sequence[Report], *, to_error: bool, demonstration: bool) -> None:
    """Print the reports; a persona that was asked in several expressions has them side by side."""
    show = print_expressions if _in_several_expressions(reports) else print_reports
    show(reports, to_error=to_error, demonstration=demonstration)


def check_alignment(reports: Sequence[Report], fail_under: float | None) -> None:
    """Make sure that no persona's alignment is below `fail_under`.

    Raises:
        CheckFailedError: one is, or has none, or is not valid because the judge errs too often.
    """
    if fail_under is None:
        return
    several = _in_several_expressions(reports)
    names = [f"{each.persona.name} ({each.expression})" if several else each.persona.name for each in reports]
    judged = [(name, report) for name, report in zip(names, reports, strict=True) if not errs_too_often(report)]
    aligned = [(name, report.scores.alignment) for name, report in judged]
    below = [
        f"{name} {_below(fail_under, score.mean)}"
        for name, score in aligned
        if score is not None and score.mean < fail_under
    ]
    complaints = [f"alignment is under {fail_under}: {', '.join(below)}"] if below else []
    complaints += [
        f"no alignment to check: for {name} no question with ordered options was scored"
        for name, score in aligned
        if score is None
    ]
    complaints += [
        f"no alignment to check: {name} is {not_judged(report)}"
        for name, report in zip(names, reports, strict=True)
        if errs_too_often(report)
    ]
    if complaints:
        raise CheckFailedError("; ".join(complaints))


def _below(limit: float, mean: float) -> str:
    """Write a mean below `limit` with three decimals, or as many as it takes to read as below it."""
    written = (f"{mean:.{decimals}f}" for decimals in range(3, 17))
    return next((text for text in written if float(text) < limit), repr(mean))


def _in_several_expressions(reports: Sequence[Report]) -> bool:
    return len({report.expression for report in reports}) > 1
