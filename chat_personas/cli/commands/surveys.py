"""`chat-personas surveys`: which surveys there are, what is in them, and taking over others.

How many people of some groups combined a survey counts, question by question: from few people little is learnt.

One import of a survey from the command line: check, read, keep, and say what was found and what was not.
"""

import re
import sys
from collections.abc import Sequence
from dataclasses import replace as with_changes
from pathlib import Path
from statistics import median
from typing import Annotated

import typer

from chat_personas.cli.errors import BAD_INPUT, DONE, UsageError
from chat_personas.cli.progress import busy
from chat_personas.paths import display_path as shown_path
from chat_personas.surveys import check_name, keep_survey
from chat_personas.text import pluralize, printable
from eval.errors import SurveyError
from eval.importers import KINDS, ImportOptions, ImportResult
from eval.surveys.figures import groups_with_figures, human_figures
from eval.surveys.model import Question, Survey
from personas import Group, clash
from personas.inputs.files import is_directory
from personas.inputs.suggestions import nearest, quoted


def groups_meant(written: Sequence[str]) -> tuple[Group, ...]:
    """Return groups that are written `ATTRIBUTE=value` on the command line, to be combined.

    Raises:
        PersonaError: there is no such group.
        UsageError: nobody can belong to all of them.
    """
    groups = tuple(Group.parse(group) for group in written)
    found = clash(groups)
    if found is not None:
        raise UsageError(
            f"--group: {found.problem}; keep one of them: several are combined, for the people who belong to all"
        )
    return groups


def people_counted(survey: Survey, combined: Sequence[Group]) -> list[str]:
    """Return lines about the people who belong to all of the groups `combined`."""
    who = " with ".join(map(str, combined))
    asked = [_people(question, combined) for question in survey.questions]
    people = sorted(number for number in asked if number is not None)
    if not people:
        return [f"{who}: no figures"]
    known = [number for number in people if number == number]  # NaN where a source has proportions only
    if not known:
        return [f"{who}: figures for {pluralize(len(people), 'question')}, without the number of people"]
    spread = f"{known[0]:.0f} to {known[-1]:.0f} people, median {median(known):.0f}"
    return [f"{who}: figures for {pluralize(len(people), 'question')}, each of {spread}"]


def _people(question: Question, groups: Sequence[Group]) -> float | None:
    """Return how many people chose an option or refused, the effective number where only that is known."""
    figures = human_figures(question, groups)
    if figures is None:
        return None
    if question.combinations is not None:
        return question.combinations.asked(question, groups)
    return figures.n / (1 - figures.refusal)


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")


def run_import(kind: str, path: Path, wishes: ImportOptions, *, replace: bool) -> int:
    """Import the survey at `path`; return the exit code.

    Raises:
        UsageError: there is no such kind, or the name is none.
        SurveyError: the files cannot be taken over, or there is a survey of that name.
        UnwritableError: it cannot be kept.
    """
    if kind not in KINDS:
        near = nearest(kind, KINDS)
        likely = "kinds" if near is None else f"did you mean {quoted(near)}? Kinds"
        raise UsageError(f"there is no kind {quoted(kind)}; {likely}: {', '.join(KINDS)}")
    named = with_changes(wishes, name=wishes.name or _name_of(path))
    if not _NAME.fullmatch(named.name):
        raise UsageError(f"{quoted(named.name)} is no name; letters, digits and dashes, at most 64, with --name")
    check_name(named.name, replace=replace)
    with busy(f"reading {path.name}…"):
        imported = KINDS[kind].read(path, named)
    _check_groups(imported)
    file = keep_survey(imported)
    print(printable("\n".join(_summary(imported, file))))
    return DONE


def _name_of(path: Path) -> str:
    """Return a name made of the file's or the folder's own: what a name cannot hold becomes a dash."""
    stem = path.resolve().name if is_directory(path) else path.stem
    return re.sub(r"[^A-Za-z0-9]+", "-", stem).strip("-")[:64] or "survey"


def _check_groups(imported: ImportResult) -> None:
    survey = imported.survey
    if not groups_with_figures(survey) and all(question.overall is None for question in survey.questions):
        raise SurveyError("no group of the catalogue has figures in these files; check that KIND is their format")


def _summary(imported: ImportResult, file: Path) -> list[str]:
    survey = imported.survey
    groups = groups_with_figures(survey)
    overall = sum(question.overall is not None for question in survey.questions)
    size = f"{pluralize(len(survey.questions), 'question')}, {pluralize(len(groups), 'group')}"
    return [
        f"{survey.name}: {size}, everyone's figures for {overall}; {'weighted' if survey.weighted else 'unweighted'}",
        *(f"found: {line}" for line in imported.found),
        *(f"note: {line}" for line in imported.notes),
        f"kept in {shown_path(file)}; use it with --survey {survey.name}",
    ]


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
    from chat_personas.text import pluralize, printable
    from eval.errors import SurveyError

    code = DONE
    for name in all_survey_names():
        try:
            survey = glance_at_survey(name)
        except SurveyError as error:
            print(f"chat-personas: {printable(' '.join(str(error).split()))}", file=sys.stderr)
            code = BAD_INPUT
        else:
            print(printable(f"{name:16} {pluralize(survey.questions, 'question'):>15}  {survey.title}"))
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
    from chat_personas.surveys import find_survey
    from chat_personas.text import pluralize, printable
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
        f"{pluralize(len(found.questions), 'question')} on {pluralize(len(topics), 'topic')}: {', '.join(topics)}",
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
    from eval.importers.building import ImportOptions

    wishes = ImportOptions(name or "", title, source, licence, tuple(year or ()), weighted)
    return run_import(kind, path, wishes, replace=replace)
