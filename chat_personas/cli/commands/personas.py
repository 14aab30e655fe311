"""`chat-personas personas`: list and show the library, and check persona files."""

from pathlib import Path
from typing import Annotated

import typer

from chat_personas.cli.errors import BAD_INPUT, DONE
from chat_personas.cli.options import command_group
from chat_personas.cli.tables.layout import padded
from chat_personas.reporting.wording import not_followed, own_text
from chat_personas.text import printable
from eval.evaluation import questions_with_figures
from eval.expression.few_shot import as_asked
from eval.expression.rendering import render
from eval.surveys.human_figures import has_figures
from eval.surveys.loading import load_survey
from personas import Persona, evaluation_prompt, library_names, load_persona
from personas.checking import examine, read_file

BUILT_IN = "civic"
WITHOUT_FIGURES = (
    f"the survey {BUILT_IN} has no figures for its groups: you can talk with it, but not compare it with people"
)

app = command_group("chat-personas personas show democrat")


@app.command("list", epilog="Example: chat-personas personas list")
def list_personas() -> int:
    """List the personas of the library with their groups.

    "talk only": civic has no figures for its groups, so that its opinions cannot be compared with people's.
    """
    survey = load_survey(BUILT_IN).survey
    for name in library_names():
        persona = load_persona(name).persona
        groups = " and ".join(str(group) for group in persona.groups) or "no group"
        talk_only = "" if has_figures(survey, persona.groups) else "talk only"
        print(f"{name:28} {padded(persona.title, 42)} {talk_only:9} {groups}")
    return DONE


@app.command("show", epilog="Example: chat-personas personas show democrat")
def show(persona: Annotated[str, typer.Argument(metavar="PERSONA", help="A name or a file.")]) -> int:
    """Print a persona's file and, as a comment, its exact prompt.

    The output is a valid persona file. For few_shot the prompt is that of one question.
    """
    loaded = load_persona(persona)
    prompt = evaluation_prompt(loaded.persona)
    print(printable(loaded.path.read_text(encoding="utf-8").rstrip()))
    comment = f"sha256 {loaded.sha256}\n"
    if tables := own_text(loaded.persona):
        comment += f"{_built_in(tables)}\n"
    comment += "The prompt:\n\n"
    if loaded.persona.steering == "few_shot":
        comment += f"{prompt or '(no system prompt)'}\n{_before_a_question(loaded.persona)}"
    else:
        comment += prompt or "(none: the model is not steered)"
    print(f"\n{_commented(printable(comment))}")
    return DONE


def _built_in(tables: str) -> str:
    return f"the built-in model {not_followed(tables)}; a real model does (chat-personas models list)"


def _commented(text: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in text.splitlines())


def _before_a_question(persona: Persona) -> str:
    """Return what comes before a question of few_shot, for the first question of the built-in survey."""
    survey = load_survey(BUILT_IN).survey
    questions = questions_with_figures(survey, persona.groups)
    if not questions:
        return f"\nBefore each question: the group's answers to others ({WITHOUT_FIGURES})"
    (put,) = as_asked(persona, survey, questions[:1])
    probe = render(put, "survey").probe
    return f"\nSimilar questions come before each question; for the first one of {BUILT_IN}:\n\n{probe.prompt}"


@app.command("check", epilog="Example: chat-personas personas check my-persona.toml")
def check(file: Annotated[Path, typer.Argument(metavar="FILE", help="A persona file.")]) -> int:
    """List every error in a persona file, with its line and fix."""
    found = examine(read_file(file).text)
    if isinstance(found, list):
        print(*found, sep="\n")
        return BAD_INPUT
    print(f"{file.name}: valid")
    if not has_figures(load_survey(BUILT_IN).survey, found.groups):
        print(f"{file.name}: {WITHOUT_FIGURES}")
    if tables := own_text(found):
        print(f"{file.name}: {_built_in(tables)}")
    return DONE
