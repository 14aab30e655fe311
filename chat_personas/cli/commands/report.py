"""`chat-personas report`: show a report of `eval` as tables, a page or a figure. No model is needed."""

from collections.abc import Sequence
from typing import Annotated

import typer

from chat_personas.cli import options
from chat_personas.cli.errors import DONE, UsageError
from chat_personas.cli.evaluation.output import Destinations, pictures, print_tables
from chat_personas.surveys import all_survey_names, find_survey
from eval.report import Report
from eval.report.read import load_reports
from eval.surveys.loading import LoadedSurvey

EXAMPLE = options.examples(
    "chat-personas report report.json",
    "chat-personas report report.json --html page.html --svg figure.svg",
    note="A report has the ids of the questions but not their wording. The page takes the wording from the survey, if "
    "that is among your surveys or given with --survey.",
)


def report(
    file: Annotated[str, typer.Argument(metavar="FILE.json", help="A report that eval --json wrote.")],
    html_file: options.Html = None,
    svg_file: options.Svg = None,
    survey: options.Survey = None,
    show_invalid: options.ShowInvalid = False,
) -> int:
    """Show a report that eval wrote: as tables, as a page, or as a figure for a paper."""
    destinations = Destinations(None, html=html_file, svg=svg_file)
    destinations.check()
    reports = load_reports(file)
    wording = _survey(reports, survey)
    try:
        destinations.write(pictures(reports, lambda: wording))
    finally:
        print_tables(reports, to_error=destinations.take_standard_output, show_invalid=show_invalid)
    return DONE


def _survey(reports: Sequence[Report], given: str | None) -> LoadedSurvey | None:
    """Return the survey that the reports are on: the given one, or the installed one of that name and hash, or None.

    Raises:
        SurveyError: the given one cannot be read.
        UsageError: the given one is not the survey of the reports.
    """
    hashes = {one.survey.sha256 for one in reports}
    if given is not None:
        found = find_survey(given)
        if hashes != {found.sha256}:
            raise UsageError(f"--survey {given} is not the survey of this report; leave it out, or give the right one")
        return found
    name = reports[0].survey.name
    if name not in all_survey_names():
        return None
    found = find_survey(name)
    return found if hashes == {found.sha256} else None
