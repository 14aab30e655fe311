"""`chat-personas surveys`: list, show and import surveys."""

import re
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace as with_changes
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Annotated, get_args

import typer

from chat_personas.cli.errors import BAD_INPUT, DONE, UsageError
from chat_personas.cli.evaluation.sources import check_not_read, given_files
from chat_personas.cli.options import command_group
from chat_personas.cli.progress import while_busy
from chat_personas.cli.tables.layout import padded
from chat_personas.paths import UnwritableError, as_started, display_path, surveys_directory
from chat_personas.reporting.wording.measurements import weighting, worded
from chat_personas.surveys import all_survey_names, check_name, find_survey, glance_at_survey, keep_survey, survey_files
from chat_personas.text import pluralize, printable
from eval.errors import SurveyError
from eval.importers import KINDS, ImportOptions, ImportResult, RefusalsKept
from eval.importers.respondent_guess import first_guess
from eval.importers.respondent_table import read_people
from eval.importers.survey_mapping import first_mapping
from eval.scoring.intervals import MIN_QUESTIONS
from eval.surveys.human_figures import groups_with_figures, human_figures
from eval.surveys.model import Question, Survey
from personas import Group, clash
from personas.catalogue import is_own
from personas.inputs.files import display_name, is_directory
from personas.inputs.suggestions import nearest, quoted, suggestion

PEOPLE_KIND = "respondents"
MOST_NAMED = 5
"""Columns that are named with why they are left out; the file that is written names all."""
LABELLED_KINDS = ("spss", "stata")
"""The kinds whose files have labels; a mapping says what their variables are."""

app = command_group("chat-personas surveys show civic")


@app.command("list", epilog="Example: chat-personas surveys list")
def list_surveys() -> int:
    """List the available surveys.

    A faulty file is named on standard error beside the list of the others; the exit code is then 2.
    """
    code = DONE
    for name in all_survey_names():
        try:
            survey = glance_at_survey(name)
        except SurveyError as error:
            print(f"chat-personas: {printable(' '.join(str(error).split()))}", file=sys.stderr)
            code = BAD_INPUT
        else:
            print(printable(f"{padded(name, 16)} {pluralize(survey.questions, 'question'):>15}  {survey.title}"))
    return code


@app.command("show", epilog="Example: chat-personas surveys show civic --questions")
def show(
    survey: Annotated[str, typer.Argument(metavar="SURVEY", help="A name or a file.")],
    questions: Annotated[bool, typer.Option("--questions", help="Print every question with its options.")] = False,
    groups: Annotated[
        list[str] | None,
        typer.Option("--group", metavar="A=V", help="Count the people in this group; repeat it to combine groups."),
    ] = None,
) -> int:
    """Print a survey's source, topics and groups with figures."""
    combined = combined_groups(groups or ())
    loaded = find_survey(survey)
    found = loaded.survey
    topics = sorted({topic for question in found.questions for topic in question.topics})
    lines = [
        f"{found.name}: {found.title}",
        f"source: {found.source}",
        f"licence: {found.licence}",
        f"years: {', '.join(map(str, found.years)) or 'not stated'}; {weighting(found)}; {worded(found)}; "
        f"sha256 {loaded.sha256}",
        f"{pluralize(len(found.questions), 'question')} on {pluralize(len(topics), 'topic')}: {', '.join(topics)}",
        f"figures for: {', '.join(str(group) for group in groups_with_figures(found))}",
    ]
    if combined:
        check_own_groups(found, combined)
        lines.append(respondents_line(found, combined))
    if questions:
        for question in found.questions:
            lines += ["", f"{question.id} ({', '.join(question.topics)})", question.stem]
            lines += [f"  - {text}" for text in (*question.option_texts, *question.refusals)]
    print(printable("\n".join(lines)))
    return DONE


def combined_groups(written: Sequence[str], option: str = "--group") -> tuple[Group, ...]:
    """Return the groups that are written as `ATTRIBUTE=value` on the command line after an option, to be combined.

    Raises:
        PersonaError: there is no such group.
        UsageError: nobody can belong to all of them.
    """
    groups = tuple(Group.parse(group) for group in written)
    found = clash(groups)
    if found is not None:
        raise UsageError(
            f"{option}: {found.problem}; keep one of them: combined groups are the people who belong to all of them"
        )
    return groups


def check_own_groups(survey: Survey, combined: Sequence[Group]) -> None:
    """Make sure that the survey has the groups of one's own, of which no catalogue knows whether they are mistyped.

    Raises:
        UsageError: it lacks one; the message names the nearest that it has.
    """
    has = groups_with_figures(survey)
    for group in combined:
        if group not in has and is_own(group.attribute):
            advice = suggestion(str(group), map(str, has), f"see: chat-personas surveys show {survey.name}")
            raise UsageError(f"the survey {survey.name} has no group {group}; {advice}")


def respondents_line(survey: Survey, combined: Sequence[Group]) -> str:
    """Return the number of respondents per question for a combination of groups, in one line."""
    who = " with ".join(map(str, combined))
    asked = [_respondents(question, combined) for question in survey.questions]
    people = sorted(number for number in asked if number is not None)
    if not people:
        return f"{who}: no figures"
    figures = f"{who}: figures for {pluralize(len(people), 'question')}"
    known = [number for number in people if number == number]  # NaN where a source has proportions only
    if not known:
        return f"{figures}, without the number of people"
    return f"{figures}, each from {known[0]:.0f} to {known[-1]:.0f} people, median {median(known):.0f}"


def _respondents(question: Question, groups: Sequence[Group]) -> float | None:
    """Return how many people chose an option or refused, the effective number where only that is known."""
    figures = human_figures(question, groups)
    if figures is None:
        return None
    if question.combinations is not None:
        return question.combinations.asked(question, groups)
    return figures.n / (1 - figures.refusal)


@app.command("import", epilog="Example: chat-personas surveys import csv town.csv --year 2024")
def import_survey(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="KIND", help="; ".join(f"{name} ({kind.description})" for name, kind in KINDS.items()) + "."
        ),
    ],
    path: Annotated[Path, typer.Argument(metavar="PATH", help="The file, or the folder of files.")],
    name: Annotated[str | None, typer.Option("--name", help="The survey's name. [default: from PATH]")] = None,
    title: Annotated[str | None, typer.Option("--title", help="The survey's title on the screen.")] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="Who asked which people, and where it was published.")
    ] = None,
    licence: Annotated[str | None, typer.Option("--licence", help="The licence of figures and wording.")] = None,
    year: Annotated[
        list[int] | None, typer.Option("--year", help="A year in which people were asked; may be repeated.")
    ] = None,
    weighted: Annotated[
        bool, typer.Option("--weighted", help="The figures are weighted, or are to be weighted.")
    ] = False,
    spec: Annotated[
        Path | None,
        typer.Option(
            "--spec",
            metavar="FILE",
            help="For respondents: the TOML file that says what the columns are. Without it a first guess is written.",
        ),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(
            "--mapping",
            metavar="FILE",
            help="For spss and stata: the TOML file that says which variables are questions, groups and the weight. "
            "Without it a first guess is written.",
        ),
    ] = None,
    guess: Annotated[
        Path | None,
        typer.Option(
            "--guess", metavar="FILE", help="For spss and stata: where to write the first guess. [default: PATH.toml]"
        ),
    ] = None,
    refusals: Annotated[
        str,
        typer.Option(
            "--refusals",
            metavar="HOW",
            help="pooled: refusal options are one figure, apart from the scale; options: each is an option of its own, "
            "as in the source's own scores; these questions have total variation and no alignment.",
        ),
    ] = "pooled",
    replace: Annotated[bool, typer.Option("--replace", help="Replace a survey of that name.")] = False,
) -> int:
    """Import a survey from another format."""
    if refusals not in get_args(RefusalsKept):
        raise UsageError(f"--refusals must be pooled or options, not {quoted(refusals)}")
    kept: RefusalsKept = "options" if refusals == "options" else "pooled"
    check_described(kind, spec=spec, mapping=mapping, guess=guess)
    if kind == PEOPLE_KIND and spec is None:
        return write_guess(path)
    if kind in LABELLED_KINDS and mapping is None:
        return write_first_mapping(path, kind, guess or Path(f"{path.stem}.toml"), name)
    options = ImportOptions(name or "", title, source, licence, tuple(year or ()), weighted, spec or mapping, kept)
    return run_import(kind, path, options, replace=replace)


def check_described(kind: str, *, spec: Path | None, mapping: Path | None, guess: Path | None) -> None:
    """Make sure that the options that describe a file are those of its kind.

    Raises:
        UsageError: one is for another kind, or a mapping and a guess of one are asked for together.
    """
    if spec is not None and kind != PEOPLE_KIND:
        raise UsageError(f"--spec is for the kind {PEOPLE_KIND}, and this is {quoted(kind)}; leave it out")
    for option, given in {"--mapping": mapping, "--guess": guess}.items():
        if given is not None and kind not in LABELLED_KINDS:
            raise UsageError(
                f"{option} is for the kinds {' and '.join(LABELLED_KINDS)}, and this is {quoted(kind)}; leave it out"
            )
    if mapping is not None and guess is not None:
        raise UsageError("--guess writes a first mapping, and --mapping has one already; keep one of them")


def write_guess(path: Path) -> int:
    """Write a first guess of what the columns of the table at `path` are, beside where the command runs.

    Raises:
        UsageError: there is a file of that name.
        SurveyError: the table cannot be read.
        UnwritableError: the guess cannot be written.
    """
    file = Path(f"{path.stem}.toml")
    command = import_command(PEOPLE_KIND, path, "--spec", file)
    check_there(path)
    check_free(file, "--spec")
    guess = while_busy(f"reading {path.name}…", lambda: first_guess(read_people(path)))
    write_new(file, guess.text(command), "--spec")
    columns = {"question": len(guess.questions), "attribute": len(guess.attributes), "weight": len(guess.weights)}
    found = ", ".join(pluralize(count, noun) for noun, count in columns.items())
    lines = [
        f"{path.name}: {pluralize(guess.table.people, 'row')}; it seems to have {found}; "
        f"{pluralize(len(guess.left_out), 'column')} left out",
        *(f"left out: {quoted(name)}: {why}" for name, why in islice(guess.left_out.items(), MOST_NAMED)),
        f"written: {file}, a first guess of what the columns are. Nothing is imported yet.",
        'next: write the words where "" stands, check what is marked with CHECK, and run',
        f"  {command}",
    ]
    print(printable("\n".join(lines)))
    return DONE


def write_first_mapping(path: Path, kind: str, file: Path, name: str | None) -> int:
    """Write a first guess of what the variables of the SPSS or Stata file at `path` are, to `file`.

    The command that is said to come next imports it under this `name`, if there is one.

    Raises:
        UsageError: `file` exists.
        SurveyError: the data cannot be read.
        UnwritableError: the guess cannot be written.
    """
    command = import_command(kind, path, "--mapping", file, *(() if name is None else ("--name", name)))
    check_there(path)
    check_free(file, "--mapping")
    guess = while_busy(f"reading {path.name}…", lambda: first_mapping(path, kind))
    write_new(file, guess.text(command), "--mapping")
    questions, weights = pluralize(len(guess.questions), "question"), pluralize(len(guess.weights), "weight")
    groups = pluralize(len(guess.groups), "variable for groups", "variables for groups")
    lines = [
        f"{path.name}: {pluralize(guess.file.people, 'person', 'people')}; it seems to have {questions}, {groups}, "
        f"{weights}; "
        f"{pluralize(len(guess.left_out), 'variable')} left out",
        f"written: {file}, a first guess of what the variables are. Nothing is imported yet.",
        "next: write the questions in full, check what is marked with CHECK, and run",
        f"  {command}",
    ]
    print(printable("\n".join(lines)))
    return DONE


def import_command(kind: str, path: Path, option: str, file: Path, *more: str) -> str:
    """Return the command that imports `path` with the description in `file`, and `more` options."""
    return as_started(shlex.join(["chat-personas", "surveys", "import", kind, str(path), option, str(file), *more]))


def check_there(path: Path) -> None:
    """Make sure that what is to be imported is there, before anything else is said about it. Raises SurveyError."""
    if not path.exists():
        raise SurveyError(f"there is no file {display_name(path)}; check the path")


def check_free(file: Path, option: str) -> None:
    """Make sure that a guess would overwrite nothing; `option` takes the file that is there.

    Raises:
        UsageError: there is a file of that name.
    """
    if file.exists():
        another = "choose another name with --guess" if option == "--mapping" else "rename it"
        raise UsageError(
            f"{display_path(file)} exists and is not overwritten; add {option} {file} to use it if it is one for this "
            f"file, or {another}"
        )


def write_new(file: Path, text: str, option: str) -> None:
    """Write a guess to a file that is not there. Raises UsageError if it came meanwhile, and UnwritableError."""
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError:
        check_free(file, option)
    except OSError as error:
        raise UnwritableError(f"cannot write {display_path(file)}: {error.strerror}") from error


_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")


def run_import(kind: str, path: Path, options: ImportOptions, *, replace: bool) -> int:
    """Import the survey at `path`, print what was found, and return the exit code.

    Raises:
        UsageError: there is no such kind, or the name is not valid.
        SurveyError: the files cannot be imported, or there is a survey of that name.
        UnwritableError: the survey cannot be saved.
    """
    if kind not in KINDS:
        near = nearest(kind, KINDS)
        likely = "kinds" if near is None else f"did you mean {quoted(near)}? Kinds"
        raise UsageError(f"there is no kind {quoted(kind)}; {likely}: {', '.join(KINDS)}")
    named = with_changes(options, name=options.name or _name_of(path))
    if not _NAME.fullmatch(named.name):
        allowed = "at most 64 letters, digits and dashes"
        raise UsageError(f"{quoted(named.name)} is not a valid name; give one of {allowed} with --name")
    check_name(named.name, replace=replace)
    option = "--mapping" if kind in LABELLED_KINDS else "--spec"
    for file in survey_files(surveys_directory() / f"{named.name}.json"):
        check_not_read("--name", file, [{"PATH": [path], option: given_files(options.spec)}])
    imported = while_busy(f"reading {path.name}…", lambda: KINDS[kind].read(path, named))
    _check_groups(imported)
    file = keep_survey(imported)
    print(printable("\n".join(_summary(imported, file))))
    return DONE


def _name_of(path: Path) -> str:
    """Return a name made from that of the file or folder; characters that a name cannot have become a dash."""
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
        f"{survey.name}: {size}, everyone's figures for {pluralize(overall, 'question')}; {weighting(survey)}",
        *(f"found: {line}" for line in imported.found),
        *(f"note: {line}" for line in imported.notes),
        *_too_short(len(survey.questions)),
        f"saved in {display_path(file)}; use it with --survey {survey.name}",
    ]


def _too_short(questions: int) -> Iterator[str]:
    """Say that a model cannot be measured with so few questions; answers from a file can be scored all the same."""
    if questions < MIN_QUESTIONS:
        yield f"note: a model is measured with {MIN_QUESTIONS} questions or more; with fewer no score of it is shown"
