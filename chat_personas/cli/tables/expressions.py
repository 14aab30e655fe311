"""The reports of one persona in several expressions, side by side, for a terminal."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Console
from rich.table import Table

from chat_personas.cli.tables.layout import Column, begin, print_line, split_table
from chat_personas.cli.tables.report import score_cell
from chat_personas.reporting.numbers import with_interval
from chat_personas.reporting.verdicts import not_shown, trouble_lines, why_not_shown
from chat_personas.reporting.why_missing import missing
from chat_personas.reporting.wording.measurements import (
    DISAGREEMENT_EXPLAINED,
    GAP_EXPLAINED,
    calibration_lines,
    gap_figures,
    gap_name,
    questions_with_order,
    reference_names,
    run_described,
    score_name,
    steered_name,
)
from chat_personas.reporting.wording.steering import effect_lines
from chat_personas.text import pluralize
from eval.compare.disagreement import disagreements
from eval.compare.knowledge_gap import gaps
from eval.report import DisagreementInfo, GapInfo, Report

COMPARED = ("alignment", "total_variation")
OWN = ("order_bias", "refusal")
"""Scores that reference points do not have: they come in a second table where not all columns fit."""


def print_expressions(reports: Sequence[Report], *, to_error: bool, show_invalid: bool = False) -> None:
    """Print for each persona its scores by expression with the reference points, the gaps, and what failed.

    A demonstration model is called one before any figure. `show_invalid` prints scores that are not sound, too, with a
    mark at every one.
    """
    demonstration = any(report.model.demonstration for report in reports)
    heading = run_described(reports[0], "several expressions")
    console = begin(heading, demonstration=demonstration, to_error=to_error)
    for _, group in groupby(reports, key=lambda report: (report.persona, report.steering)):
        _print_persona(console, list(group), show_invalid)


def _print_persona(console: Console, reports: Sequence[Report], show_invalid: bool) -> None:
    console.print()
    print_line(console, f"{steered_name(reports[0])}")
    for table in _tables(reports, console.width, show_invalid):
        console.print(table)
        console.print()
    for line in questions_with_order(max(reports, key=lambda report: len(report.questions))):
        print_line(console, f"  {line}")
    _print_gaps(console, gaps(reports), show_invalid)
    _print_disagreements(console, [each for each in disagreements(reports) if each.sound])
    for report in reports:
        for line in _about(report):
            print_line(console, f"  {report.expression}: {line.strip()}")


def _about(report: Report) -> Iterator[str]:
    """Yield what calibration changes, what failed, and why numbers are missing."""
    if not_shown(report):
        yield from dict.fromkeys((why_not_shown(report), *trouble_lines(report)))  # a judge that errs is in both
    else:
        yield from (*effect_lines(report.effect), *calibration_lines(report), *trouble_lines(report), *missing(report))


def _tables(reports: Sequence[Report], width: int, show_invalid: bool) -> Iterator[Table]:
    """Yield the scores by expression, with the scores of the reference points below them."""
    fullest = max(reports, key=lambda report: len(report.questions))
    beside = [(words, getattr(fullest.references, name)) for name, words in reference_names(fullest)]
    shown = show_invalid or not all(map(not_shown, reports))
    beside = [(words, reference) for words, reference in beside if reference is not None and shown]
    names = [*(report.expression for report in reports), *(words for words, _ in beside)]
    answered = [f"{len(report.questions)} of {report.survey.questions}" for report in reports]
    columns = {"answered": Column("answered", [*answered, *([str(len(fullest.questions))] * len(beside))])}
    for name in (*COMPARED, *OWN):
        scores = [score_cell(report, name, show_invalid) for report in reports]
        others = [with_interval(getattr(each, name)) if name in COMPARED else "" for _, each in beside]
        columns[name] = Column(score_name(name), [*scores, *others])
    groups = [[columns[name] for name in ("answered", *COMPARED)], [columns[name] for name in OWN]]
    return split_table(names, groups, width, sections=(len(reports),))


def _print_gaps(console: Console, found: Sequence[GapInfo], show_invalid: bool) -> None:
    if not found:
        return
    print_line(console, f"  {GAP_EXPLAINED}")
    for gap in found:
        print_line(console, f"    {gap_name(gap)}: {gap_figures(gap, show_invalid=show_invalid)}")


def _print_disagreements(console: Console, found: Sequence[DisagreementInfo]) -> None:
    if not found:
        return
    print_line(console, f"  {DISAGREEMENT_EXPLAINED}")
    for each in found:
        asked = pluralize(each.questions, "question")
        print_line(console, f"    {' and '.join(each.expressions)}: {with_interval(each.total_variation)}, {asked}")
