"""A matrix of personas and groups as tables and sentences for a terminal."""

from collections.abc import Iterator, Sequence

from rich.console import Console

from chat_personas.cli.tables.layout import Column, begin, print_line, print_marked, split_table
from chat_personas.reporting.numbers import Score, signed, with_interval
from chat_personas.reporting.verdicts import (
    failures_listed,
    judge_lines,
    marked,
    not_shown,
    not_valid,
    unread_replies,
    verdict_lines,
)
from chat_personas.reporting.why_missing import missing_in_matrix
from chat_personas.reporting.wording.matrix import (
    BEST_PROMPT_EXPLAINED,
    CHANCE_EXPLAINED,
    ORACLE_EXPLAINED,
    OWN_PEOPLE_EXPLAINED,
    by_chance,
    nothing_shown,
    own_people_figures,
    own_rank,
    steerability_withheld,
    steered_label,
    target_label,
    withheld,
)
from chat_personas.reporting.wording.measurements import group_label, groups_label, nearest_of, run_described
from chat_personas.text import pluralize, printable
from eval.answers import by_reason, reason
from eval.matrix.given import NOT_IN_FILE
from eval.matrix.measures import BEST_PROMPT, ORACLE
from eval.matrix.models import HumanReferences, MatrixReport, RowInfo, SteerabilityInfo

NAMED = 3
EXPLAINED = {BEST_PROMPT: BEST_PROMPT_EXPLAINED, ORACLE: ORACLE_EXPLAINED}


def print_matrix(report: MatrixReport, *, to_error: bool, show_invalid: bool = False) -> None:
    """Print the alignment table, the nearest groups of each row, steerability and consistency.

    A demonstration model is called one before any figure. In place of the figures of a row that is not sound stands
    why; with `show_invalid` they are printed, too, and every line of them is marked.
    """
    heading = f"{run_described(report)} · alignment over {pluralize(len(report.questions), 'question')}"
    console = begin(heading, demonstration=report.demonstration, to_error=to_error)
    if nothing_shown(report) and not show_invalid:
        withheld_by_judge = (
            "the figures are not shown, because the judge errs too often; the document has them (--json)"
        )
        print_line(console, withheld_by_judge)
    else:
        _print_figures(console, report, show_invalid)
    for line in (*judge_lines(report), *unread_replies(report), *_notes(report, show_invalid)):
        print_line(console, line)


def _print_figures(console: Console, report: MatrixReport, show_invalid: bool) -> None:
    """Print everything that is made of scores, and why it is not shown where it is not."""
    rows = [row for row in report.rows if show_invalid or not not_shown(row)]
    if rows:
        _print_alignment(console, report, rows)
    console.print()
    if sentences := [f"{name}: {why}" for name, why in withheld(report)]:
        for line in sentences:
            print_line(console, line)
        if rows:
            console.print()
    if rows:
        _print_nearest(console, report, rows)
    _print_own_people(console, report, rows, show_invalid)
    _print_steerability(console, report, show_invalid)
    _print_consistency(console, rows)


def _print_alignment(console: Console, report: MatrixReport, shown: Sequence[RowInfo]) -> None:
    humans = [target.humans for target in report.targets]
    rows = [
        Column(
            marked(printable(row.name), sound=row.verdict.sound),
            [marked(with_interval(cell.alignment), sound=row.verdict.sound) for cell in row.cells],
        )
        for row in shown
    ]
    people = [
        _column("people, best", [each.best.alignment if each else None for each in humans]),
        _column("people, mean", [each.mean if each else None for each in humans]),
        _column("people, worst", [each.worst.alignment if each else None for each in humans]),
    ]
    for table in split_table([*map(target_label, report.targets)], (rows, people), console.width):
        console.print()
        console.print(table)


def _column(title: str, scores: Sequence[Score | None]) -> Column:
    return Column(title, [with_interval(score) for score in scores])


def _print_nearest(console: Console, report: MatrixReport, shown: Sequence[RowInfo]) -> None:
    print_line(console, "nearest groups, and the share of questions on which a group is the nearest")
    for row in shown:
        for line in _nearest(row, report):
            print_marked(console, f"  {line}", sound=row.verdict.sound)


def _nearest(row: RowInfo, report: MatrixReport) -> Iterator[str]:
    yield f"{printable(row.name)}: {nearest_of(row.nearest)}"
    shares = [
        (cell.confusion, group_label(target.group))
        for cell, target in zip(row.cells, report.targets, strict=True)
        if cell.confusion is not None and target.group is not None
    ]
    first = sorted(shares, key=lambda share: -share[0].mean)[:NAMED]
    of_all = f" ({NAMED} of {len(shares)} groups)" if len(shares) > NAMED else ""
    yield f"  most often the nearest{of_all}: " + "; ".join(f"{name} {with_interval(share)}" for share, name in first)
    if row.own_rank is not None:
        yield f"  {own_rank(row)}"


def _print_own_people(console: Console, report: MatrixReport, shown: Sequence[RowInfo], show_invalid: bool) -> None:
    rows = [row for row in shown if row.own_questions]
    if not rows:
        return
    console.print()
    print_line(console, f"beside the own group: {OWN_PEOPLE_EXPLAINED}")
    for row in rows:
        over = f"{groups_label(row.groups)}, {pluralize(row.own_questions, 'question')}"
        print_line(console, f"  {printable(row.name)}: {over}")
        worth, spread, slope = own_people_figures(row, report.rows[0], show_invalid=show_invalid)
        print_line(console, f"    worth in people {worth}")
        print_line(console, f"    spread ratio    {spread}")
        if row.answers is None:
            print_line(console, f"    steering slope  {slope}")


def _print_steerability(console: Console, report: MatrixReport, show_invalid: bool) -> None:
    if not report.steerability:
        return
    console.print()
    print_line(console, "steerability: alignment with the persona's own group, and the difference from unsteered")
    for found in report.steerability:
        print_line(
            console, f"  {found.persona}: {groups_label(found.groups)}, {pluralize(found.questions, 'question')}"
        )
        for line in steerability_withheld(found):
            print_line(console, f"    {line}")
        for line in _steerability(found) if found.sound or show_invalid else ():
            print_marked(console, f"    {line}", sound=found.sound)
        if found.humans is not None and (found.sound or show_invalid):
            print_line(console, f"    {_people(found.humans)}")


def _steerability(found: SteerabilityInfo) -> Iterator[str]:
    names = ["unsteered", *map(steered_label, found.steerings)]
    width = max(map(len, names))
    yield f"{names[0]:{width}} {with_interval(found.unsteered)} (representativeness)"
    for name, steered in zip(names[1:], found.steerings, strict=True):
        said = f" ({EXPLAINED[steered.steering]})" if steered.steering in EXPLAINED else ""
        yield f"{name:{width}} {with_interval(steered.alignment)}  {signed(steered.minus_unsteered)}{said}"


def _people(humans: HumanReferences) -> str:
    best, worst = humans.best, humans.worst
    return (
        f"people: best {with_interval(best.alignment)} ({group_label(best.group)}), mean "
        f"{with_interval(humans.mean)}, worst {with_interval(worst.alignment)} ({group_label(worst.group)})"
    )


def _print_consistency(console: Console, rows: Sequence[RowInfo]) -> None:
    topics = max((found.topics for row in rows for found in row.consistency), default=0)
    if not topics:
        return
    console.print()
    print_line(
        console,
        f"consistency: the share of {pluralize(topics, 'topic')} whose nearest group is the nearest over all topics; "
        f"beside it that group, and {CHANCE_EXPLAINED}",
    )
    for row in rows:
        print_line(console, f"  {printable(row.name)}")
        for found in row.consistency:
            line = (
                f"    {found.attribute:11} {with_interval(found.score)} {group_label(found.best)} ({by_chance(found)})"
            )
            print_marked(console, line, sound=row.verdict.sound)


def _notes(report: MatrixReport, show_invalid: bool) -> Iterator[str]:
    if show_invalid or not nothing_shown(report):
        yield from missing_in_matrix(report, show_invalid=show_invalid)
        for row in report.rows:
            if row.not_valid:
                yield f"{printable(row.name)}: {not_valid(row.not_valid, len(report.questions))}"
            yield from (f"{printable(row.name)}: {line}" for line in verdict_lines(row))
    asked = pluralize(report.survey.questions, "question")
    failed = dict.fromkeys((reason(failure.why), failure.id) for failure in report.failures)
    for why, count in by_reason(why for why, _ in failed):
        if why == NOT_IN_FILE:
            yield f"{count} of {asked} have no answer in a file, and are in no row"
        else:
            yield f"{count} of {asked} failed under some prompt: {printable(why)}"
    yield from failures_listed(report.failures)
    left = report.survey.questions - len(report.questions)
    if left:
        yield f"{left} of {asked} left out of the table: failed, unordered options, or no human figures"
