"""The reports of an evaluation as tables and bars for a terminal."""

from collections.abc import Iterator, Sequence

from rich.console import Console
from rich.table import Table

from chat_personas.cli.tables.layout import Column, begin, fits, fitted, print_line, split_table
from chat_personas.reporting.numbers import with_interval
from chat_personas.reporting.why_missing import missing
from chat_personas.reporting.wording import (
    LETTERS_EXPLAINED,
    REFERENCE_POINTS,
    REFERENCES_EXPLAINED,
    SCORES,
    calibration_lines,
    failures_listed,
    letters_removed_lines,
    measure_of,
    not_shown,
    not_shown_briefly,
    persona_and_references,
    run_described,
    score_name,
    steered_name,
    summary_lines,
    trouble_lines,
    why_not_shown,
)
from eval.report import Report

BAR = 28
REFERENCE_WIDTH = 26


def print_reports(reports: Sequence[Report], *, to_error: bool) -> None:
    """Print scores of all personas side by side, then for each its reference points and nearest groups.

    A demonstration model is called one before any figure.
    """
    demonstration = any(report.model.demonstration for report in reports)
    console = begin(run_described(reports[0]), demonstration=demonstration, to_error=to_error)
    for line in dict.fromkeys(why_not_shown(report) for report in reports if not_shown(report)):
        print_line(console, line)
    for table in _scores(reports, console.width):
        console.print()
        console.print(table)
    for report in reports:
        _print_one(console, report)


def _scores(reports: Sequence[Report], width: int) -> Iterator[Table]:
    """Yield tables of as many personas as fit beside each other, explained where there is room for it."""
    names = ["questions", *(score_name(name) for name, _ in SCORES)]
    columns = [Column(steered_name(report), [_answered(report), *_figures(report)]) for report in reports]
    explained = [*columns, Column("", ["answered", *(meaning for _, meaning in SCORES)], words=True)]
    yield from split_table(names, [explained if fits(names, explained, width) else columns], width)


def _figures(report: Report) -> Iterator[str]:
    for name, _ in SCORES:
        yield "not valid" if not_shown(report) else with_interval(getattr(report.scores, name))


def _answered(report: Report) -> str:
    """Say how many questions the scores cover: combined groups have figures for fewer questions than single ones."""
    answered, asked = len(report.questions), report.survey.questions
    return str(answered) if answered == asked else f"{answered} of {asked}"


def _print_one(console: Console, report: Report) -> None:
    console.print()
    if not_shown(report):
        print_line(console, f"{report.persona.name}: no scores: {not_shown_briefly(report)}; the report has them")
    else:
        _print_scores(console, report)
    for line in (*trouble_lines(report), *failures_listed(report.failures)):
        print_line(console, f"  {line}")
    if not not_shown(report):
        for line in missing(report):
            print_line(console, f"  {line}")


def _print_scores(console: Console, report: Report) -> None:
    """Print the score of one persona beside its reference points, and what that shows."""
    people = "its group" if report.persona.groups else "everyone"
    how = {"alignment": "alignment with", "total_variation": "total variation from"}[measure_of([report])]
    print_line(console, f"{report.persona.name}: {how} {people}, {REFERENCE_POINTS}")
    for name, score in persona_and_references(report):
        if score is not None:
            console.print(f"  {fitted(name, REFERENCE_WIDTH)} {bar(score.mean)} {with_interval(score)}")
    print_line(console, f"  ({REFERENCES_EXPLAINED})")
    if report.references.letters is not None:
        print_line(console, f"  ({LETTERS_EXPLAINED})")
    for line in (*summary_lines(report), *letters_removed_lines(report), *calibration_lines(report)):
        print_line(console, f"  {line}")


def bar(share: float) -> str:
    """Draw 0 to 1 as a bar of fixed length, so that bars of different rows compare."""
    eighths = round(max(0.0, min(1.0, share)) * BAR * 8)
    full, rest = divmod(eighths, 8)
    return ("█" * full + (" ▏▎▍▌▋▊▉"[rest] if rest else "")).ljust(BAR, "·")
