"""Several expression methods side by side, for a terminal."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from chat_personas.calibration_words import calibration_lines
from chat_personas.gap_words import MEANING, gap_figures, gap_name
from chat_personas.report_words import (
    DEMONSTRATION,
    FEW,
    errs_too_often,
    reference_words,
    steered_name,
    what_was_asked,
    with_interval,
)
from chat_personas.trouble_words import judged_and_counted

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from eval.report import GapInfo, Report

COLUMNS = ("alignment", "total_variation", "order_bias", "refusal")


def print_expressions(reports: Sequence["Report"], *, to_error: bool, demonstration: bool = False) -> None:
    """Print for each persona its scores by expression with the references, the gaps, and what failed."""
    from rich.console import Console

    from eval.gap import gaps

    console = Console(stderr=to_error, highlight=False, markup=False)
    console.print(f"{what_was_asked(reports[0], 'several expressions')} · 95% intervals over questions")
    if demonstration:
        console.print(DEMONSTRATION)
    for _, group in groupby(reports, key=lambda report: (report.persona, report.steering)):
        own = list(group)
        console.print(f"\n{steered_name(own[0])}")
        console.print(_table(own))
        _print_gaps(console, gaps(own))
        for report in own:
            calibrated = () if errs_too_often(report) else calibration_lines(report)
            for line in (*calibrated, *judged_and_counted(report)):
                console.print(f"  {report.expression}: {line.strip()}")
        if any(len(report.questions) < 20 for report in own):
            console.print(f"  {FEW}")


def _table(reports: Sequence["Report"]) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("")
    for title in ("answered", *(name.replace("_", " ") for name in COLUMNS)):
        table.add_column(title, justify="right", overflow="fold")
    for report in reports:
        scores = [with_interval(getattr(report.scores, name)) for name in COLUMNS]
        if errs_too_often(report):
            scores = ["not valid"] * len(COLUMNS)
        table.add_row(report.expression, f"{len(report.questions)} of {report.survey.questions}", *scores)
    table.add_section()
    for row in _references(max(reports, key=lambda report: len(report.questions))):
        table.add_row(*row)
    return table


def _references(report: "Report") -> Iterator[tuple[str, ...]]:
    """Yield what others' answers would score in the persona's place, over the questions of one report."""
    for name, shown in reference_words(report):
        reference = getattr(report.references, name)
        if reference is not None:
            scores = [with_interval(getattr(reference, column)) for column in COLUMNS[:2]]
            yield (shown, str(len(report.questions)), *scores)


def _print_gaps(console: "Console", found: Sequence["GapInfo"]) -> None:
    if not found:
        return
    console.print(f"  {MEANING}")
    for gap in found:
        console.print(f"    {gap_name(gap)}: {gap_figures(gap)}")
