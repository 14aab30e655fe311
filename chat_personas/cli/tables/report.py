"""The reports of an evaluation as tables and bars for a terminal."""

from collections.abc import Iterator, Sequence
from itertools import chain

from rich.console import Console
from rich.table import Table

from chat_personas.cli.tables.layout import Column, begin, fits, fitted, print_line, print_marked, split_table
from chat_personas.reporting.numbers import COMPACT, with_interval
from chat_personas.reporting.svg.primitives import all_not_shown
from chat_personas.reporting.verdicts import (
    MARK,
    SHOWN_ANYWAY,
    failures_listed,
    marked,
    not_shown,
    not_shown_briefly,
    trouble_lines,
    verdict_lines,
)
from chat_personas.reporting.why_missing import missing
from chat_personas.reporting.wording.measurements import (
    EVEN,
    EVERYONE,
    LETTERS_EXPLAINED,
    REFERENCE_POINTS,
    REFERENCES_EXPLAINED,
    SCORES,
    THIRDS,
    THIS_PERSONA,
    calibration_lines,
    letters_removed_lines,
    measure_of,
    persona_and_references,
    run_described,
    score_figure,
    score_name,
    steered_name,
    summary_lines,
    worth_lines,
)
from chat_personas.reporting.wording.steering import effect_lines
from chat_personas.settings_preview import is_accessible
from eval.report import Report

BAR = 28
REFERENCE_WIDTH = 26


def print_reports(reports: Sequence[Report], *, to_error: bool, show_invalid: bool = False) -> None:
    """Print scores of all personas side by side, then for each its reference points and nearest groups.

    A demonstration model is called one before any figure. `show_invalid` prints scores that are not sound, too, with a
    mark in every line.
    """
    demonstration = any(report.model.demonstration for report in reports)
    console = begin(run_described(reports[0]), demonstration=demonstration, to_error=to_error)
    for line in all_not_shown(reports):
        print_line(console, line)
    for table in _scores(reports, console.width, show_invalid):
        console.print()
        console.print(table)
    for report in reports:
        _print_one(console, report, show_invalid)


def _scores(reports: Sequence[Report], width: int, show_invalid: bool) -> Iterator[Table]:
    """Yield tables of as many personas as fit beside each other, explained where there is room for it."""
    names = ["questions", *(score_name(name) for name, _ in SCORES)]
    columns = [_column(report, show_invalid) for report in reports]
    if not all(fits(names, [column], width) for column in columns):
        columns = [
            Column(each.title, [cell.replace(f" ({MARK})", f"\n({MARK})") for cell in each.cells]) for each in columns
        ]
    explained = [*columns, Column("", ["answered", *(meaning for _, meaning in SCORES)], words=True)]
    yield from split_table(names, [explained if fits(names, explained, width) else columns], width)


def _column(report: Report, show_invalid: bool) -> Column:
    cells = [score_cell(report, name, show_invalid) for name, _ in SCORES]
    return Column(steered_name(report), [_answered(report), *cells])


def score_cell(report: Report, name: str, show_invalid: bool) -> str:
    """Write a score for a table, or that it is not sound; `show_invalid` writes both."""
    figure = score_figure(name, getattr(report.scores, name))
    if not not_shown(report) or name in SHOWN_ANYWAY:
        return figure
    return marked(figure, sound=False) if show_invalid else MARK


def _answered(report: Report) -> str:
    """Say how many questions the scores cover: combined groups have figures for fewer questions than single ones."""
    answered, asked = len(report.questions), report.survey.questions
    return str(answered) if answered == asked else f"{answered} of {asked}"


def _print_one(console: Console, report: Report, show_invalid: bool) -> None:
    console.print()
    if not_shown(report):
        where = "they are marked here" if show_invalid else "the report has them, --show-invalid prints them"
        print_line(console, f"{report.persona.name}: no scores: {not_shown_briefly(report)}; {where}")
    if not not_shown(report) or show_invalid:
        _print_scores(console, report, sound=not not_shown(report))
    for line in (*trouble_lines(report), *failures_listed(report.failures)):
        print_line(console, f"  {line}")
    if not not_shown(report):
        for line in missing(report):
            print_line(console, f"  {line}")


def _print_scores(console: Console, report: Report, *, sound: bool) -> None:
    """Print the score of one persona beside its reference points, and what that shows; not sound, without pictures."""
    people = "its group" if report.persona.groups else "everyone"
    how = {"alignment": "alignment with", "total_variation": "total variation from"}[measure_of([report])]
    print_marked(console, f"{report.persona.name}: {how} {people}, {REFERENCE_POINTS}", sound=sound)
    for line in verdict_lines(report):
        print_line(console, f"  {line}")
    for name, score in persona_and_references(report):
        if score is not None:
            picture = f" {bar(score.mean)}" if sound and not is_accessible() else ""
            print_marked(console, f"  {fitted(name, REFERENCE_WIDTH)}{picture} {with_interval(score)}", sound=sound)
    print_line(console, f"  ({REFERENCES_EXPLAINED})")
    if report.references.letters is not None:
        print_line(console, f"  ({LETTERS_EXPLAINED})")
    more = (worth_lines(report), effect_lines(report.effect), letters_removed_lines(report), calibration_lines(report))
    for line in chain(summary_lines(report), *more):
        print_marked(console, f"  {line}", sound=sound)
    _print_thirds(console, report, sound)


def _print_thirds(console: Console, report: Report, sound: bool) -> None:
    """Print the alignment by thirds of the questions, by human entropy; nothing in older reports.

    Two decimals, so that the three columns fit beside each other into 80 cells.
    """
    thirds = report.entropy_thirds
    if not thirds:
        return
    console.print()
    print_line(console, "  alignment on the third of the questions on which people agree most, and so on:")
    names = [marked(f"  {THIRDS[third.third]} ({third.questions})", sound=sound) for third in thirds]
    columns = [
        Column(name, [with_interval(score, decimals=COMPACT) for score in scores])
        for name, scores in (
            (THIS_PERSONA, [third.persona for third in thirds]),
            (EVERYONE, [third.population for third in thirds]),
            (EVEN, [third.uniform for third in thirds]),
        )
    ]
    for table in split_table(names, [columns], console.width):
        console.print(table)


def bar(share: float) -> str:
    """Draw 0 to 1 as a bar of fixed length, so that bars of different rows compare."""
    eighths = round(max(0.0, min(1.0, share)) * BAR * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (" ▏▎▍▌▋▊▉"[rest] if rest else "")).ljust(BAR, "·")
