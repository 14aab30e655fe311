"""`chat-personas personas`: list and show the library, and check persona files."""

from pathlib import Path
from typing import Annotated

import typer
from rich.cells import cell_len

from chat_personas.cli.errors import BAD_INPUT, DONE
from chat_personas.cli.options import command_group, examples
from chat_personas.cli.tables.layout import padded
from chat_personas.own_personas import all_persona_names, find_persona, is_composed, own_persona_names
from chat_personas.reporting.wording.measurements import not_followed, own_text
from chat_personas.surveys import find_survey
from chat_personas.text import printable
from eval.evaluation import given_first, questions_with_figures
from eval.surveys.human_figures import has_figures
from eval.surveys.loading import load_survey
from personas import Persona, PersonaError, evaluation_prompt, is_steered_inside
from personas.checking import examine, read_file
from personas.composing import as_toml

BUILT_IN = "civic"


def without_figures(survey: str) -> str:
    """Say that a survey cannot tell how close a persona is to its people."""
    return f"the survey {survey} has no figures for its groups: you can talk with it, but not compare it with people"


app = command_group("chat-personas personas show democrat")


@app.command("list", epilog="Example: chat-personas personas list")
def list_personas() -> int:
    """List the personas of the library and your own with their groups.

    "talk only": civic has no figures for its groups, so that its opinions cannot be compared with people's. Your own
    stand in the personas directory, and are marked.
    """
    survey, own = load_survey(BUILT_IN).survey, own_persona_names()
    rows = list[tuple[str, ...]]()
    for name in all_persona_names():
        try:
            persona = find_persona(name).persona
        except PersonaError as error:
            rows.append((printable(name), printable(str(error))))
            continue
        groups = " and ".join(str(group) for group in persona.groups) or "no group"
        talk_only = "" if has_figures(survey, persona.groups) else "talk only"
        mine = "  (your own)" if name in own else ""
        rows.append((printable(name), printable(persona.title), talk_only, f"{groups}{mine}"))
    names = max(cell_len(name) for name, *_ in rows)
    titles = max((cell_len(title) for _, title, *rest in rows if rest), default=0)
    for name, title, *rest in rows:
        line = f"{padded(title, titles)} {rest[0]:9} {rest[1]}" if rest else title
        print(f"{padded(name, names)} {line}")
    return DONE


@app.command(
    "show",
    epilog=examples("chat-personas personas show democrat", "chat-personas personas show POLPARTY=Democrat,SEX=Female"),
)
def show(persona: Annotated[str, typer.Argument(metavar="PERSONA", help="A name, a file, or groups.")]) -> int:
    """Print a persona's file and, as a comment, its exact prompt.

    The output is a valid persona file. For few_shot the prompt is that of one question.
    """
    loaded = find_persona(persona)
    prompt = evaluation_prompt(loaded.persona)
    written = as_toml(loaded.persona) if is_composed(persona) else loaded.path.read_text(encoding="utf-8")
    print(printable(written.rstrip()))
    comment = f"sha256 {loaded.sha256}\n"
    if tables := own_text(loaded.persona):
        comment += f"{_built_in(tables)}\n"
    comment += "The prompt:\n\n"
    if loaded.persona.steering == "few_shot":
        comment += f"{prompt or '(no system prompt)'}\n{_before_a_question(loaded.persona)}"
    else:
        inside = is_steered_inside(loaded.persona)
        comment += prompt or f"(none: the model is {'steered from inside' if inside else 'not steered'})"
    print(f"\n{_commented(printable(comment))}")
    return DONE


def _built_in(tables: str) -> str:
    return f"the built-in model {not_followed(tables)}; a real model does (chat-personas models list)"


def _commented(text: str) -> str:
    return "\n".join(f"# {line}".rstrip() for line in text.splitlines())


def _before_a_question(persona: Persona) -> str:
    """Return what comes before a question of few_shot, for the first question of the built-in survey."""
    survey = load_survey(BUILT_IN).survey
    if not questions_with_figures(survey, persona.groups):
        return f"\nBefore each question: the group's answers to others ({without_figures(BUILT_IN)})"
    prompt = given_first(persona, survey)[-1].content
    return f"\nSimilar questions come before each question; for the first one of {BUILT_IN}:\n\n{prompt}"


@app.command("check", epilog="Example: chat-personas personas check my-persona.toml")
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A persona file.")],
    survey: Annotated[
        str, typer.Option("--survey", help="Whether this survey, a name or a file, has figures for its groups.")
    ] = BUILT_IN,
) -> int:
    """List every error in a persona file, with its line and fix.

    Of a file without errors it says whether a survey has figures for its groups.
    """
    loaded = find_survey(survey).survey
    found = examine(read_file(file).text)
    if isinstance(found, list):
        print(*found, sep="\n")
        return BAD_INPUT
    print(f"{file.name}: valid")
    if not has_figures(loaded, found.groups):
        print(f"{printable(file.name)}: {without_figures(loaded.name)}")
    if tables := own_text(found):
        print(f"{printable(file.name)}: {_built_in(tables)}")
    return DONE
