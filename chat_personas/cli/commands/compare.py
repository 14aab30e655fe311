"""`chat-personas compare`: compare two reports of `eval` question by question. No model is needed."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from chat_personas.cli import options
from chat_personas.cli.errors import DONE
from chat_personas.cli.evaluation.output import Destinations
from chat_personas.cli.evaluation.sources import given_files
from chat_personas.cli.tables.comparison import print_comparisons
from chat_personas.reporting.html.comparison_page import paired_page_document
from chat_personas.reporting.verdicts import not_shown, why_not_shown
from chat_personas.text import printable
from eval.compare.models import PairedReport, as_document
from eval.compare.paired import NamedReport, pair_reports, paired
from eval.errors import ReportError
from eval.report import Report
from eval.report.read import load_reports
from eval.scoring.intervals import MIN_QUESTIONS

EXAMPLE = options.examples(
    "chat-personas compare before.json after.json",
    "chat-personas compare before.json after.json --html page.html",
    "chat-personas compare pocket.json qwen.json --json - | python -m json.tool",
    note="Differences are taken within each question that is answered and valid in both reports, so that differences "
    "between questions do not hide them. There is always a p-value, and an interval from "
    f"{MIN_QUESTIONS} questions on. Reports on different surveys cannot be compared.",
)


def compare(
    a: Annotated[str, typer.Argument(metavar="A.json", help="The earlier report, or the baseline.")],
    b: Annotated[str, typer.Argument(metavar="B.json", help="The report to compare with it; differences are B - A.")],
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the intervals and of the sign flips.")] = 0,
    json_file: Annotated[
        str | None, typer.Option("--json", metavar="FILE", help="Write the comparison as JSON; - is standard output.")
    ] = None,
    html_file: options.Html = None,
    show_invalid: options.ShowInvalid = False,
) -> int:
    """Say by how much one report of eval differs from another, and whether that can be chance."""
    destinations = Destinations(json_file, html=html_file)
    destinations.check({"A.json": given_files(a), "B.json": given_files(b)})
    files = Path(a).name, Path(b).name
    found = pair_reports(load_reports(a), load_reports(b))
    pairs = found if show_invalid else _judged(found)
    comparisons = [paired(NamedReport(files[0], one), NamedReport(files[1], other), seed) for one, other in pairs]
    demonstration = any(one.model.demonstration for pair in pairs for one in pair)
    try:
        destinations.write(
            {
                "--json": lambda: as_document(comparisons),
                "--html": lambda: paired_page_document(_on_a_page(comparisons), demonstration=demonstration),
            }
        )
    finally:
        print_comparisons(comparisons, to_error=destinations.take_standard_output)
    return DONE


def _on_a_page(comparisons: Sequence[PairedReport]) -> list[PairedReport]:
    """Return the comparisons that a page may show.

    Raises:
        ReportError: there is none; a page has no place for figures that are not sound.
    """
    sound = [comparison for comparison in comparisons if comparison.sound]
    if not sound:
        raise ReportError("no page was written: no comparison is sound, and --show-invalid is for the terminal only")
    return sound


def _judged(pairs: Sequence[tuple[Report, Report]]) -> list[tuple[Report, Report]]:
    """Return the pairs whose verdicts are both sound; the others are named on standard error with the reason.

    Raises:
        ReportError: no pair is left.
    """
    judged, unreliable = [], []
    for pair in pairs:
        troubled = [(name, report) for name, report in zip("AB", pair, strict=True) if not_shown(report)]
        unreliable += [f"{printable(each.persona.name)} in {name} is {why_not_shown(each)}" for name, each in troubled]
        if not troubled:
            judged.append(pair)
    if not judged:
        raise ReportError(f"nothing can be compared: {unreliable[0]}; --show-invalid shows the figures all the same")
    for line in unreliable:
        print(f"not compared: {line}", file=sys.stderr)
    return judged
