"""Several expression methods side by side, for a terminal."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from chat_personas.cli.tables.layout import Column, print_line, split_table
from chat_personas.reporting.numbers import with_interval
from chat_personas.reporting.wording import (
    DEMONSTRATION,
    FEW,
    MEANING,
    calibration_lines,
    gap_figures,
    gap_name,
    judge_unreliable,
    judged_and_counted,
    over_ordered,
    reference_words,
    steered_name,
    what_was_asked,
)

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from eval.report import GapInfo, Report

COMPARED = ("alignment", "total_variation")
OWN = ("order_bias", "refusal")
"""What others have no figure for: these come under one another where not all columns fit."""


def print_expressions(reports: Sequence["Report"], *, to_error: bool) -> None:
    """Print for each persona its scores by expression with the references, the gaps, and what failed."""
    from rich.console import Console

    from eval.compare.gap import gaps

    console = Console(stderr=to_error, highlight=False, markup=False)
    print_line(console, f"{what_was_asked(reports[0], 'several expressions')} · 95% intervals over questions")
    if any(report.model.demonstration for report in reports):
        print_line(console, DEMONSTRATION)
    for _, group in groupby(reports, key=lambda report: (report.persona, report.steering)):
        own = list(group)
        console.print()
        print_line(console, f"{steered_name(own[0])}")
        for table in _tables(own, console.width):
            console.print(table)
            console.print()
        for line in over_ordered(max(own, key=lambda report: len(report.questions))):
            print_line(console, f"  {line}")
        _print_gaps(console, gaps(own))
        for report in own:
            calibrated = () if judge_unreliable(report) else calibration_lines(report)
            for line in (*calibrated, *judged_and_counted(report)):
                print_line(console, f"  {report.expression}: {line.strip()}")
        if any(len(report.questions) < 20 for report in own):
            print_line(console, f"  {FEW}")


def _tables(reports: Sequence["Report"], width: int) -> Iterator["Table"]:
    """Yield the scores by expression, with what others' answers would score in the persona's place below them."""
    fullest = max(reports, key=lambda report: len(report.questions))
    beside = [(words, getattr(fullest.references, name)) for name, words in reference_words(fullest)]
    beside = [(words, reference) for words, reference in beside if reference is not None]
    names = [*(report.expression for report in reports), *(words for words, _ in beside)]
    answered = [f"{len(report.questions)} of {report.survey.questions}" for report in reports]
    columns = {"answered": Column("answered", [*answered, *([str(len(fullest.questions))] * len(beside))])}
    for name in (*COMPARED, *OWN):
        scores = [_score(report, name) for report in reports]
        others = [with_interval(getattr(each, name)) if name in COMPARED else "" for _, each in beside]
        columns[name] = Column(name.replace("_", " "), [*scores, *others])
    groups = [[columns[name] for name in ("answered", *COMPARED)], [columns[name] for name in OWN]]
    return split_table(names, groups, width, sections=(len(reports),))


def _score(report: "Report", name: str) -> str:
    return "not valid" if judge_unreliable(report) else with_interval(getattr(report.scores, name))


def _print_gaps(console: "Console", found: Sequence["GapInfo"]) -> None:
    if not found:
        return
    print_line(console, f"  {MEANING}")
    for gap in found:
        print_line(console, f"    {gap_name(gap)}: {gap_figures(gap)}")
