"""A matrix of personas and groups as tables and sentences for a terminal."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from chat_personas.counted import counted
from chat_personas.in_words import sounds_like
from chat_personas.paired_words import signed
from chat_personas.plain_text import printable
from chat_personas.report_words import DEMONSTRATION, what_figures_are, with_interval
from personas import Group

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from eval.matrix_report import MatrixReport, RowInfo, SteerabilityInfo
    from eval.report import GroupName, Score

NAME_WIDTH, SCORE_WIDTH = 23, 22
NAMED = 3
FEW = 20
Column = tuple[str, Sequence["Score | None"]]


def print_matrix(report: "MatrixReport", *, to_error: bool, demonstration: bool = False) -> None:
    """Print the alignment table, whom each row sounds like, steerability and consistency.

    A `demonstration` model is called one before any figure.
    """
    from rich.console import Console

    console = Console(stderr=to_error, highlight=False, markup=False)
    console.print(_heading(report))
    if demonstration:
        console.print(DEMONSTRATION)
    _print_alignment(console, report)
    console.print("\nwhom each sounds like, and on which share of the questions a group is the closest one")
    for row in report.rows:
        for line in _confusion(row, report):
            console.print(f"  {line}")
    if report.steerability:
        console.print("\nsteerability: alignment with its own group; + is what steering adds to the unsteered model")
    for found in report.steerability:
        for line in _steerability(found):
            console.print(f"  {line}")
    _print_consistency(console, report)
    for line in _notes(report):
        console.print(line)


def _heading(report: "MatrixReport") -> str:
    survey = report.survey
    return (
        f"survey {printable(survey.name)} ({what_figures_are(survey)}) · "
        f"model {printable(report.model.name)} · {report.expression} · "
        f"alignment over {counted(len(report.questions), 'question')} · 95% intervals over questions"
    )


def _print_alignment(console: "Console", report: "MatrixReport") -> None:
    columns: list[Column] = [(row.name, [cell.alignment for cell in row.cells]) for row in report.rows]
    humans = [target.humans for target in report.targets]
    columns += [
        ("people, best", [each.best.alignment if each else None for each in humans]),
        ("people, mean", [each.mean if each else None for each in humans]),
        ("people, worst", [each.worst.alignment if each else None for each in humans]),
    ]
    names = [label(target.group) if target.group else "everyone" for target in report.targets]
    for table in _tables(names, columns, console.width):
        console.print(table)


def _tables(names: Sequence[str], columns: Sequence[Column], width: int) -> Iterator["Table"]:
    """Yield tables of as many columns as fit beside each other into `width` columns of the terminal."""
    from rich import box
    from rich.table import Table

    fitting = max(1, (width - NAME_WIDTH) // SCORE_WIDTH)
    for first in range(0, len(columns), fitting):
        table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        table.add_column("", overflow="fold")
        shown = columns[first : first + fitting]
        for title, _ in shown:
            table.add_column(title, justify="right", overflow="fold")
        for place, name in enumerate(names):
            table.add_row(name, *(with_interval(scores[place]) for _, scores in shown))
        yield table


def _confusion(row: "RowInfo", report: "MatrixReport") -> Iterator[str]:
    tied = [label(near) for near in row.nearest if near.tied]
    best = row.nearest[0].alignment
    yield f"{row.name}: {sounds_like(tied, len(row.nearest), with_interval(best), bounded=best.low is not None)}"
    shares = [
        (cell.confusion, label(target.group))
        for cell, target in zip(row.cells, report.targets, strict=True)
        if cell.confusion is not None and target.group is not None
    ]
    first = sorted(shares, key=lambda share: -share[0].mean)[:NAMED]
    yield "  closest on: " + "; ".join(f"{name} {with_interval(share)}" for share, name in first)
    if row.own_rank is not None:
        yield f"  its own group is number {row.own_rank} of {len(row.nearest)}"


def _steerability(found: "SteerabilityInfo") -> Iterator[str]:
    who = " and ".join(label(group) for group in found.groups)
    yield f"{found.persona}: {who}, {counted(found.questions, 'question')}"
    yield f"  {'unsteered':9} {with_interval(found.unsteered)} (its representativeness)"
    for steered in found.steerings:
        peeks = " (peeks: the best of these per question)" if steered.steering == "oracle" else ""
        yield f"  {steered.steering:9} {with_interval(steered.alignment)}  {signed(steered.minus_unsteered)}{peeks}"
    if found.humans is not None:
        best, worst = found.humans.best, found.humans.worst
        yield (
            f"  people: best {with_interval(best.alignment)} ({label(best.group)}), mean "
            f"{with_interval(found.humans.mean)}, worst {with_interval(worst.alignment)} ({label(worst.group)})"
        )


def _print_consistency(console: "Console", report: "MatrixReport") -> None:
    topics = max((found.topics for row in report.rows for found in row.consistency), default=0)
    console.print(
        f"\nconsistency: the share of {topics} topics whose closest group is the closest over all topics; beside it "
        "that group, and what siding at random would give, about"
    )
    for row in report.rows:
        console.print(f"  {row.name}")
        for found in row.consistency:
            chance = 1 / found.groups
            console.print(
                f"    {found.attribute:11} {with_interval(found.score)} {label(found.best)} (chance {chance:.2f})"
            )


def _notes(report: "MatrixReport") -> Iterator[str]:
    if len(report.questions) < FEW:
        yield "under 20 questions: no intervals, they would promise too much"
    for row in report.rows:
        if row.not_valid:
            yield f"{row.name}: {row.not_valid} of {len(report.questions)} questions are not valid (label mass)"
    for failure in report.failures:
        yield f"failed: {printable(failure.id)}: {printable(failure.why)}"
    left = report.survey.questions - len(report.questions)
    if left:
        yield f"{left} of {report.survey.questions} questions left out of the table: failed, no order, or no figures"


def label(group: "GroupName") -> str:
    """Name a group so that it is clear without its attribute: there is an "Other" party and an "Other" race."""
    return Group(attribute=group.attribute, value=group.value).label
