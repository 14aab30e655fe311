"""A matrix of personas and groups as tables and sentences for a terminal."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from chat_personas.cli.tables.layout import Column, print_line, split_table
from chat_personas.reporting.numbers import COMPACT, plain, signed, with_interval
from chat_personas.reporting.wording import (
    DEMONSTRATION,
    WHY_NOT_VALID,
    failures_listed,
    judge_unreliable,
    judged,
    not_read,
    sounds_like,
    what_figures_are,
)
from chat_personas.text import pluralize, printable
from personas import Group

if TYPE_CHECKING:
    from rich.console import Console

    from eval.matrix.models import MatrixReport, RowInfo, SteerabilityInfo
    from eval.report import GroupName, Score

NAMED = 3
MIN_TO_RANK = 20


def print_matrix(report: "MatrixReport", *, to_error: bool) -> None:
    """Print the alignment table, whom each row sounds like, steerability and consistency.

    A demonstration model is called one before any figure.
    """
    from rich.console import Console

    console = Console(stderr=to_error, highlight=False, markup=False)
    print_line(console, _heading(report))
    if report.model.demonstration:
        print_line(console, DEMONSTRATION)
    if judge_unreliable(report):
        print_line(console, "the figures are not shown, as the judge errs too often; the document has them (--json)")
    else:
        _print_figures(console, report)
    for line in (*judged(report), *not_read(report), *_notes(report)):
        print_line(console, line)


def _print_figures(console: "Console", report: "MatrixReport") -> None:
    """Print everything that is made of scores."""
    _print_alignment(console, report)
    console.print()
    print_line(console, "whom each sounds like, and on which share of the questions a group is the closest one")
    for row in report.rows:
        for line in _confusion(row, report):
            print_line(console, f"  {line}")
    if report.steerability:
        console.print()
        print_line(console, "steerability: alignment with its own group; + is what steering adds to the unsteered")
    for found in report.steerability:
        for line in _steerability(found):
            print_line(console, f"  {line}")
    _print_consistency(console, report)


def _heading(report: "MatrixReport") -> str:
    survey = report.survey
    return (
        f"survey {printable(survey.name)} ({what_figures_are(survey)}) · "
        f"model {printable(report.model.name)} · {report.expression} · "
        f"alignment over {pluralize(len(report.questions), 'question')} · 95% intervals over questions"
    )


def _print_alignment(console: "Console", report: "MatrixReport") -> None:
    humans = [target.humans for target in report.targets]
    rows = [_column(row.name, [cell.alignment for cell in row.cells]) for row in report.rows]
    people = [
        _column("people, best", [each.best.alignment if each else None for each in humans]),
        _column("people, mean", [each.mean if each else None for each in humans]),
        _column("people, worst", [each.worst.alignment if each else None for each in humans]),
    ]
    names = [label(target.group) if target.group else "everyone" for target in report.targets]
    for table in split_table(names, (rows, people), console.width):
        console.print()
        console.print(table)


def _column(title: str, scores: "Sequence[Score | None]") -> Column:
    return Column(title, [with_interval(score) for score in scores])


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
    of_all = f" ({NAMED} of {len(shares)} groups)" if len(shares) > NAMED else ""
    yield f"  closest on{of_all}: " + "; ".join(f"{name} {with_interval(share)}" for share, name in first)
    if row.own_rank is not None:
        yield f"  its own group is number {row.own_rank} of {len(row.nearest)}"


def _steerability(found: "SteerabilityInfo") -> Iterator[str]:
    who = " and ".join(label(group) for group in found.groups)
    yield f"{found.persona}: {who}, {pluralize(found.questions, 'question')}"
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
    console.print()
    print_line(
        console,
        f"consistency: the share of {topics} topics whose closest group is the closest over all topics; beside it "
        "that group, and what siding at random would give, about",
    )
    for row in report.rows:
        print_line(console, f"  {row.name}")
        for found in row.consistency:
            chance = plain(1 / found.groups, decimals=COMPACT)
            print_line(
                console,
                f"    {found.attribute:11} {with_interval(found.score)} {label(found.best)} (chance {chance})",
            )


def _notes(report: "MatrixReport") -> Iterator[str]:
    from eval.answers import by_reason, reason

    if len(report.questions) < MIN_TO_RANK:
        yield "under 20 questions: no intervals, they would promise too much"
    for row in report.rows:
        if row.not_valid and not judge_unreliable(report):
            yield f"{row.name}: {row.not_valid} of {len(report.questions)} questions are not valid ({WHY_NOT_VALID})"
    failed = dict.fromkeys((reason(failure.why), failure.id) for failure in report.failures)
    for why, count in by_reason(why for why, _ in failed):
        yield f"{count} of {report.survey.questions} questions failed under some prompt: {printable(why)}"
    yield from failures_listed(report.failures)
    left = report.survey.questions - len(report.questions)
    if left:
        yield f"{left} of {report.survey.questions} questions left out of the table: failed, no order, or no figures"


def label(group: "GroupName") -> str:
    """Name a group so that it is clear without its attribute: there is an "Other" party and an "Other" race."""
    return Group(attribute=group.attribute, value=group.value).label
