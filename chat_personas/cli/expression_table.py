"""Several expression methods side by side, for a terminal."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from chat_personas.cli.estimate_line import DEMONSTRATION, with_interval
from chat_personas.cli.report_table import REFERENCES, heading, label
from chat_personas.cli.what_failed import errs_too_often, judged_and_counted
from chat_personas.plain_text import printable

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
    console.print(heading(reports[0], "several expressions"))
    if demonstration:
        console.print(DEMONSTRATION)
    for _, group in groupby(reports, key=lambda report: (report.persona, report.steering)):
        own = list(group)
        console.print(f"\n{printable(own[0].persona.name)} ({own[0].steering})")
        console.print(_table(own))
        _print_gaps(console, gaps(own))
        for report in own:
            for line in judged_and_counted(report):
                console.print(f"  {report.expression}: {line}")
        if any(len(report.questions) < 20 for report in own):
            console.print("  under 20 questions: no intervals, they would promise too much")


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
    against = report.scores_against_opposite
    for name, prediction in REFERENCES:
        reference = getattr(report.references, name)
        if reference is not None:
            shown = prediction.format(opposite=label(against) if against else "the opposite")
            scores = [with_interval(getattr(reference, column)) for column in COLUMNS[:2]]
            yield (shown, str(len(report.questions)), *scores)


def _print_gaps(console: "Console", found: Sequence["GapInfo"]) -> None:
    if not found:
        return
    console.print("  knowledge-to-simulation gap: total variation, question by question; above 0, verbalized is closer")
    for gap in found:
        console.print(f"    {gap.simulation} − verbalized: {_shown(gap)}")


def _shown(gap: "GapInfo") -> str:
    score = gap.total_variation
    if score is None or gap.p is None:
        return "— (no question that both answered)"
    bounds = "" if score.low is None or score.high is None else f" [{score.low:+.3f}, {score.high:+.3f}]"
    return f"{score.mean:+.3f}{bounds}, p {gap.p:.4f}, {gap.questions} question{'' if gap.questions == 1 else 's'}"
