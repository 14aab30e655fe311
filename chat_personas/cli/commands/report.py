"""`chat-personas report`: show a report of `eval`, verify its figures, or make a checklist of it for a paper."""

from collections.abc import Sequence
from pathlib import PurePath
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from chat_personas.cli import options
from chat_personas.cli.errors import DONE, CheckFailedError, UsageError
from chat_personas.cli.evaluation.output import Destinations, pictures, print_tables
from chat_personas.cli.evaluation.sources import files_of_survey, given_files
from chat_personas.surveys import all_survey_names, find_survey
from eval.report import Report
from eval.report.read import load_document, load_reports
from eval.surveys.loading import LoadedSurvey

SHOW = "show"


class ShowUnlessNamed(TyperGroup):
    """A group of commands in which one is meant where none is named: `report FILE` is `report show FILE`."""

    meant_if_none_is_named = SHOW

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put that command before arguments that name none."""
        if args and args[0] not in (*self.commands, "--help", "-h"):
            args = [self.meant_if_none_is_named, *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=ShowUnlessNamed,
    epilog=options.examples(
        "chat-personas report report.json",
        "chat-personas report report.json --html page.html --svg figure.svg",
        "chat-personas report verify report.json",
        "chat-personas report checklist report.json",
        note="A file alone is shown: report FILE is report show FILE. A file called verify is ./verify.",
    ),
    rich_markup_mode=None,
    no_args_is_help=True,
)

File = Annotated[str, typer.Argument(metavar="FILE.json", help="A report that eval --json wrote.")]

PersonaFile = Annotated[
    str | None, typer.Option("--persona", metavar="P", help="The persona's file, if it is not in the library.")
]


@app.command(
    SHOW,
    epilog=options.examples(
        "chat-personas report report.json",
        "chat-personas report show report.json --html page.html --svg figure.svg",
        note="A report has the ids of the questions but not their wording. The page takes the wording from the survey, "
        "if that is among your surveys or given with --survey.",
    ),
)
def show(
    file: File,
    html_file: options.Html = None,
    svg_file: options.Svg = None,
    survey: options.Survey = None,
    show_invalid: options.ShowInvalid = False,
) -> int:
    """Show a report as tables, as a page, or as a figure."""
    destinations = Destinations(None, html=html_file, svg=svg_file)
    destinations.check({"FILE.json": given_files(file), "--survey": files_of_survey(survey)})
    reports = load_reports(file)
    wording = _survey(reports, survey)
    try:
        destinations.write(pictures(reports, lambda: wording))
    finally:
        print_tables(reports, to_error=destinations.take_standard_output, show_invalid=show_invalid)
    return DONE


@app.command(
    "verify",
    epilog=options.examples(
        "chat-personas report verify report.json",
        "chat-personas report verify report.json --replay 10",
        note="What is about other groups needs the survey; without it, it is named and not recomputed. --replay is for "
        "reports of log_probability. Where the build is that of the run, a quantised model is asked all probes again, "
        "because its answers depend on what is decoded together.",
    ),
)
def verify(
    file: File,
    survey: options.Survey = None,
    persona: PersonaFile = None,
    replay: Annotated[
        int | None, typer.Option("--replay", min=1, metavar="N", help="Ask the model N of the report's probes again.")
    ] = None,
    model: options.Model = None,
    template: options.Template = None,
    yes: options.Yes = False,
) -> int:
    """Recompute every figure from the questions in the report.

    Each place that does not agree is named, and the exit code is then 1.
    """
    from chat_personas.cli.evaluation.verifying import Again, verified
    from chat_personas.cli.tables.verification import print_verification
    from chat_personas.settings import load_settings

    for name, given in {"--model": model, "--template": template}.items():
        if given is not None and replay is None:
            raise UsageError(f"{name} is for --replay; add --replay N, or leave it out")
    document, reports = load_document(file)
    again = None if replay is None else Again(replay, model, template, load_settings(), yes)
    found = verified(document, reports, _survey(reports, survey), persona, again)
    for one in found:
        print_verification(one)
    if wrong := sum(len(one.found.mismatches) for one in found):
        raise CheckFailedError(f"{PurePath(file).name}: {wrong} {'places do' if wrong > 1 else 'place does'} not agree")
    return DONE


@app.command(
    "checklist",
    epilog=options.examples(
        "chat-personas report checklist report.json > checklist.md",
        note="The items are those of GUIDE-LLM, in our own words. Prompts are shown if persona and survey are at hand.",
    ),
)
def checklist(
    file: File,
    survey: options.Survey = None,
    persona: PersonaFile = None,
) -> int:
    """Print a reporting checklist for a paper, in Markdown.

    It is filled in where the run knows the answer.
    """
    from chat_personas.cli.evaluation.verifying import prompts_at_hand
    from chat_personas.reporting.checklist import checklist as written

    reports = load_reports(file)
    used = _survey(reports, survey)
    print(written(reports, [prompts_at_hand(report, persona, used) for report in reports]))
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
