"""The report of an evaluation as tables and bars for a terminal."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from chat_personas.calibration_words import calibration_lines
from chat_personas.report_words import (
    DEMONSTRATION,
    FEW,
    SCORES,
    beside,
    errs_too_often,
    in_words,
    steered_name,
    what_was_asked,
    with_interval,
)
from chat_personas.trouble_words import failures_listed, judged_and_counted, not_judged

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from eval.report import Report

BAR = 28
REFERENCE_WIDTH = 26
NAME_WIDTH, SCORE_WIDTH, MEANING_WIDTH = 17, 24, 38


def print_reports(reports: Sequence["Report"], *, to_error: bool, demonstration: bool = False) -> None:
    """Print scores of all personas side by side, then for each its references and nearest groups.

    A `demonstration` model is called one before any figure.
    """
    from rich.console import Console

    console = Console(stderr=to_error, highlight=False, markup=False)
    console.print(f"{what_was_asked(reports[0])} · 95% intervals over questions")
    if demonstration:
        console.print(DEMONSTRATION)
    for line in dict.fromkeys(not_judged(report) for report in reports if errs_too_often(report)):
        console.print(line)
    for table in _scores(reports, console.width):
        console.print(table)
    for report in reports:
        _print_one(console, report)


def _scores(reports: Sequence["Report"], width: int) -> Iterator["Table"]:
    """Yield tables of as many personas as fit beside each other into `width` columns."""
    fitting = max(1, (width - NAME_WIDTH) // SCORE_WIDTH)
    for first in range(0, len(reports), fitting):
        shown = reports[first : first + fitting]
        yield _table(shown, explained=NAME_WIDTH + SCORE_WIDTH * len(shown) + MEANING_WIDTH <= width)


def _table(reports: Sequence["Report"], *, explained: bool) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("")
    for report in reports:
        table.add_column(steered_name(report), justify="right", overflow="fold")
    if explained:
        table.add_column("", style="dim")
    table.add_row("questions", *(_answered(report) for report in reports), *(("answered",) if explained else ()))
    for name, meaning in SCORES:
        scores = [
            "not valid" if errs_too_often(report) else with_interval(getattr(report.scores, name)) for report in reports
        ]
        table.add_row(name.replace("_", " "), *scores, *((meaning,) if explained else ()))
    return table


def _answered(report: "Report") -> str:
    """Say how many questions the scores are over: pairs of groups have figures for fewer than others."""
    answered, put = len(report.questions), report.survey.questions
    return str(answered) if answered == put else f"{answered} of {put}"


def _print_one(console: "Console", report: "Report") -> None:
    if errs_too_often(report):
        console.print(
            f"\n{report.persona.name}: scores are not shown, as the judge errs too often; the report has them"
        )
    else:
        _print_scores(console, report)
    for line in (*judged_and_counted(report), *failures_listed(report)):
        console.print(f"  {line}")
    if len(report.questions) < 20:
        console.print(f"  {FEW}")


def _print_scores(console: "Console", report: "Report") -> None:
    """Print what one persona scored beside the references, and what that shows."""
    console.print(f"\n{report.persona.name}: alignment with its group, and what others would score in its place")
    for name, score in beside(report):
        if score is not None:
            shown = name if len(name) <= REFERENCE_WIDTH else f"{name[: REFERENCE_WIDTH - 1]}…"
            console.print(f"  {shown:{REFERENCE_WIDTH}} {bar(score.mean)} {with_interval(score)}")
    for line in (*in_words(report), *calibration_lines(report)):
        console.print(f"  {line}")


def bar(share: float) -> str:
    """Draw 0 to 1 as a bar of fixed length, so that bars of different rows compare."""
    eighths = round(max(0.0, min(1.0, share)) * BAR * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (" ▏▎▍▌▋▊▉"[rest] if rest else "")).ljust(BAR, "·")
