"""`chat-personas surveys`: which surveys there are, what is in them, and taking over others."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from chat_personas.cli.exit_codes import BAD_INPUT, DONE

app = typer.Typer(
    help="List, show and import surveys.",
    epilog="Example: chat-personas surveys show civic",
    rich_markup_mode=None,
    no_args_is_help=True,
)


@app.command("list", epilog="Example: chat-personas surveys list")
def list_surveys() -> int:
    """List the surveys that can be measured with.

    A file with a fault is named on standard error beside the list of the others; the exit code is then 2.
    """
    from chat_personas.surveys import all_survey_names, glance_at_survey
    from chat_personas.text import counted, printable
    from eval.errors import SurveyError

    code = DONE
    for name in all_survey_names():
        try:
            survey = glance_at_survey(name)
        except SurveyError as error:
            print(f"chat-personas: {printable(' '.join(str(error).split()))}", file=sys.stderr)
            code = BAD_INPUT
        else:
            print(printable(f"{name:16} {counted(survey.questions, 'question'):>15}  {survey.title}"))
    return code


@app.command("show", epilog="Example: chat-personas surveys show civic --questions")
def show(
    survey: Annotated[str, typer.Argument(metavar="SURVEY", help="A name or a file.")],
    questions: Annotated[bool, typer.Option("--questions", help="Print every question with its options.")] = False,
    groups: Annotated[
        list[str] | None,
        typer.Option("--group", metavar="A=V", help="Count the people in this group; several are combined."),
    ] = None,
) -> int:
    """Print where a survey's figures come from, its topics and the groups it has figures for."""
    from chat_personas.cli.people_counted import groups_meant, people_counted
    from chat_personas.surveys import find_survey
    from chat_personas.text import counted, printable
    from eval.surveys.figures import groups_with_figures

    combined = groups_meant(groups or ())
    loaded = find_survey(survey)
    found = loaded.survey
    topics = sorted({topic for question in found.questions for topic in question.topics})
    lines = [
        f"{found.name}: {found.title}",
        f"source: {found.source}",
        f"licence: {found.licence}",
        f"years: {', '.join(map(str, found.years)) or 'not stated'}; {'weighted' if found.weighted else 'unweighted'}; "
        f"{'paraphrased' if found.paraphrased else 'original wording'}; sha256 {loaded.sha256}",
        f"{counted(len(found.questions), 'question')} on {counted(len(topics), 'topic')}: {', '.join(topics)}",
        f"figures for: {', '.join(str(group) for group in groups_with_figures(found))}",
    ]
    if combined:
        lines += people_counted(found, combined)
    if questions:
        for question in found.questions:
            lines += ["", f"{question.id} ({', '.join(question.topics)})", question.stem]
            lines += [f"  - {text}" for text in (*question.option_texts, *question.refusals)]
    print(printable("\n".join(lines)))
    return DONE


@app.command("import", epilog="Example: chat-personas surveys import csv town.csv --year 2024")
def import_survey(
    kind: Annotated[
        str, typer.Argument(metavar="KIND", help="csv, distributional-alignment, opinionqa, globalopinionqa or subpop.")
    ],
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The file, or the folder of files.")],
    name: Annotated[str | None, typer.Option("--name", help="What to call the survey. [default: as PATH]")] = None,
    title: Annotated[str | None, typer.Option("--title", help="Its name on the screen.")] = None,
    source: Annotated[str | None, typer.Option("--source", help="Who asked whom, and where it was published.")] = None,
    licence: Annotated[str | None, typer.Option("--licence", help="What may be done with figures and wording.")] = None,
    year: Annotated[list[int] | None, typer.Option("--year", help="When people were asked; may be repeated.")] = None,
    weighted: Annotated[bool, typer.Option("--weighted", help="The figures are, or are to be, weighted.")] = False,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a survey of that name.")] = False,
) -> int:
    """Take a survey over from another format; then it is listed, shown and measured with like any other."""
    from chat_personas.cli.survey_import import run_import
    from eval.importers.building import Wishes

    wishes = Wishes(name or "", title, source, licence, tuple(year or ()), weighted)
    return run_import(kind, path, wishes, replace=replace)
